"""The database is reached with bounded waits, read-only, without pooling, and let go at once."""

from __future__ import annotations

import builtins
import importlib.util
import platform
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks.pohoda import Database, PohodaUnit
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks
from tasks.errors import Refused, SettingError, Unavailable
from tasks.pohoda import sqlite, sqlserver
from tasks.pohoda.connection import connected, read_portions, read_rows
from tasks.pohoda.sqlserver import connection_string

MARK = "UPDATE dbo.FA SET VPrUhrazeno = '121.0000', VPrPocetPlateb = 1, VPrUhrazVse = 1 WHERE ID = 1"


class Pyodbc:
    """Stands in for the module: keeps what it was asked, and answers with nothing."""

    Error = sqlite3.Error

    def __init__(self) -> None:
        self.pooling = True
        self.pooling_when_connecting: bool | None = None
        self.connection_strings: list[str] = []
        self.options: dict[str, Any] = {}
        self.executed: list[str] = []
        self.log: list[str] = []
        self.timeout = 0
        self.autocommit = True

    def connect(self, connection_string: str, **options: Any) -> Pyodbc:
        self.pooling_when_connecting = self.pooling
        self.connection_strings.append(connection_string)
        self.options = options
        return self

    def execute(self, sql: str, parameters: Any = ()) -> None:
        self.executed.append(sql)

    def cursor(self) -> Pyodbc:
        return self

    def fetchall(self) -> list[Any]:
        return []

    def commit(self) -> None:
        self.log.append("commit")

    def rollback(self) -> None:
        self.log.append("rollback")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture
def pyodbc(monkeypatch: pytest.MonkeyPatch) -> Pyodbc:
    module = Pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", module)
    return module


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_the_connection_string_for_microsofts_driver(server: Database) -> None:
    assert connection_string(server, read_only=True) == (
        "Driver={ODBC Driver 18 for SQL Server};Server={SERVER\\POHODA};Database={StwPh_12345678_2026};"
        "UID={reader};PWD={p;w}}d{1};Encrypt={yes};TrustServerCertificate={no};"
        "ApplicationIntent={ReadOnly};APP={pohoda-payments}"
    )


def test_without_a_login_windows_own_account_is_used() -> None:
    text = connection_string(Database(server="S", name="D", encrypt=False), read_only=True)
    assert "Trusted_Connection={yes}" in text
    assert "UID" not in text
    assert "Encrypt={no}" in text


def test_a_writing_connection_does_not_say_that_it_only_reads(server: Database) -> None:
    assert "ApplicationIntent" not in connection_string(server, read_only=False)


@pytest.mark.parametrize(("encrypt", "spelled"), [(True, "require"), (False, "off")])
def test_freetds_is_told_the_same_in_its_own_words(encrypt: bool, spelled: str) -> None:
    database = Database(
        server="S,1433", name="D", driver="FreeTDS", login="a", password=SecretStr("b"), encrypt=encrypt
    ).model_copy(update={"trust_certificate": True})
    text = connection_string(database, read_only=True)
    assert f"TDS_Version={{7.4}};ClientCharset={{UTF-8}};Encryption={{{spelled}}}" in text
    assert "TrustServerCertificate" not in text


def test_freetds_is_refused_where_the_servers_certificate_is_to_be_checked() -> None:
    database = Database(server="S", name="D", driver="FreeTDS", login="a", password=SecretStr("b"))
    with pytest.raises(SettingError, match="cannot check") as caught:
        connection_string(database, read_only=True)
    assert "database.trust_certificate" in caught.value.next_step


def test_a_reading_connection_waits_no_longer_than_it_may_and_opens_no_transaction(
    server: Database, pyodbc: Pyodbc
) -> None:
    with connected(server) as connection:
        read_rows(connection, "SELECT 1")
    assert pyodbc.pooling_when_connecting is False
    assert pyodbc.options == {"autocommit": True, "timeout": sqlserver.LOGIN_SECONDS}
    assert pyodbc.timeout == sqlserver.STATEMENT_SECONDS
    assert pyodbc.executed == ["SET LOCK_TIMEOUT 5000", "SELECT 1"]
    assert pyodbc.autocommit is True
    assert pyodbc.log == ["close"]


def test_a_writing_connection_commits_once_at_the_end(server: Database, pyodbc: Pyodbc) -> None:
    with connected(server, read_only=False) as connection:
        connection.cursor().execute("UPDATE")
        assert pyodbc.log == []
    assert pyodbc.autocommit is False
    assert pyodbc.log == ["commit", "close"]


def test_a_writing_connection_takes_everything_back_when_anything_fails(server: Database, pyodbc: Pyodbc) -> None:
    with pytest.raises(ValueError, match="ours"), connected(server, read_only=False):
        raise ValueError("a fault of ours")
    assert pyodbc.log == ["rollback", "close"]


def test_without_pyodbc_the_error_says_what_to_install(server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    without_pyodbc(monkeypatch)
    with pytest.raises(SettingError, match="pyodbc does not load") as caught, connected(server):
        pass
    assert "ODBC Driver 18" in caught.value.next_step


def test_without_pyodbc_the_sandbox_is_reached_all_the_same(
    unit: PohodaUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pyodbc(monkeypatch)
    assert sqlite.way() == "python"
    with connected(unit.database) as connection:
        assert [tuple(row) for row in read_rows(connection, "SELECT d.ID FROM dbo.OBJ AS d WHERE d.ID = ?", (1,))]


@pytest.mark.parametrize(("drivers", "found"), [(["SQLite3"], "odbc"), (["FreeTDS"], "python")])
def test_the_sandbox_goes_through_pyodbc_where_its_driver_is_there(
    monkeypatch: pytest.MonkeyPatch, pyodbc: Pyodbc, drivers: list[str], found: str
) -> None:
    monkeypatch.delenv(sqlite.WAY, raising=False)
    monkeypatch.setattr(pyodbc, "drivers", lambda: drivers, raising=False)
    assert sqlite.way() == found


@pytest.mark.parametrize("driver", ["FreeTDS", "Microsoft"])
def test_a_server_that_does_not_answer_is_passing(
    driver: str, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlserver, "LOGIN_SECONDS", 1)
    database = Database(
        server=f"127.0.0.1,{closed_port}",
        name="StwPh_12345678_2026",
        driver=installed(driver),
        login="reader",
        password=SecretStr("tajné heslo"),
        trust_certificate=True,
    )
    with pytest.raises(Unavailable, match="not available now") as caught, connected(database):
        pass
    assert "tajné" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_driver_that_is_not_installed_is_named(server: Database) -> None:
    installed("any")
    missing = server.model_copy(update={"driver": "ODBC Driver 99 for SQL Server"})
    with pytest.raises(SettingError, match="ODBC Driver 99"), connected(missing):
        pass


def test_what_is_written_in_one_transaction_stands_afterwards(
    unit: PohodaUnit, pohoda: SandboxPohoda, any_way: str
) -> None:
    with connected(unit.database, read_only=False) as connection:
        connection.cursor().execute(MARK)
    assert pohoda.marks()["issued_invoice", 1] == Marks(121_00, 1, True)


def test_what_failed_in_the_middle_leaves_nothing(unit: PohodaUnit, pohoda: SandboxPohoda, any_way: str) -> None:
    def mark_and_fail() -> None:
        with connected(unit.database, read_only=False) as connection:
            connection.cursor().execute(MARK)
            connection.cursor().execute("UPDATE dbo.NIC SET X = 1")

    with pytest.raises(Refused):
        mark_and_fail()
    assert pohoda.marks()["issued_invoice", 1] is None


def test_a_database_that_is_not_there_is_a_setting(unit: PohodaUnit, tmp_path: Path, any_way: str) -> None:
    missing = unit.database.model_copy(update={"name": str(tmp_path / "nic.db")})
    with pytest.raises(SettingError, match="cannot be opened"), connected(missing):
        pass
    assert not (tmp_path / "nic.db").exists()


def test_rows_come_in_portions_too_each_by_columns(
    unit: PohodaUnit, monkeypatch: pytest.MonkeyPatch, any_way: str
) -> None:
    with connected(unit.database) as connection:
        asked = "SELECT d.ID, d.Cislo FROM dbo.FA AS d WHERE d.ID < ? ORDER BY d.ID"
        assert list(read_portions(connection, asked, (3,))) == [[(1, 2), ("260100001", "260800001")]]
        assert list(read_portions(connection, asked, (0,))) == []
        monkeypatch.setattr("tasks.pohoda.connection.ROWS_AT_ONCE", 1)
        assert [portion[0] for portion in read_portions(connection, asked, (3,))] == [(1,), (2,)]


def without_pyodbc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Linux without a driver manager, where importing pyodbc fails."""
    importing = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pyodbc":
            raise ImportError("libodbc.so.2: cannot open shared object file")
        return importing(name, *args, **kwargs)

    monkeypatch.delenv(sqlite.WAY, raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)


def installed(driver: str) -> str:
    """The name or path of an installed driver; skips where there is none."""
    pyodbc = pytest.importorskip("pyodbc", reason="no ODBC driver manager", exc_type=ImportError)
    if driver != "Microsoft":
        if driver != "any" and driver not in pyodbc.drivers():
            pytest.skip(f"the ODBC driver {driver} is not installed")
        return driver
    package = importlib.util.find_spec("mssql_python_odbc")
    if package is None or package.origin is None or sys.platform != "linux":
        pytest.skip("the package with Microsoft's ODBC driver for Linux is not installed")
    libraries = Path(package.origin).parent / "libs" / "linux" / "debian_ubuntu" / platform.machine() / "lib"
    found = next(libraries.glob("libmsodbcsql-*"), None)
    return str(found) if found else pytest.skip("no driver of Microsoft's for this kind of machine")
