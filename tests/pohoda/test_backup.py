"""Backups against a SQL Server that behaves as its driver does: messages to be drained, failures among them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from pydantic import SecretStr

from blocks.backup import Backup
from blocks.pohoda import Database, MServer, PohodaUnit
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.pohoda import sqlserver
from tasks.pohoda.backup import (
    EDITION,
    NAME,
    Made,
    Planned,
    back_up,
    backup_statement,
    header_statement,
    planned,
    verify_statement,
)
from tasks.pohoda.kept import LIST, tidied
from tasks.reporting.backup import backup_key, backup_markdown, backup_summary

NOW = dt.datetime(2026, 3, 4, 21, 5, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PRESENT = "StwPh_12345678_2026"
PLAN = Planned(PRESENT, "file.bak", "D:\\Zálohy\\file.bak")
HEADER = {
    "BackupName": NAME,
    "DatabaseName": PRESENT,
    "HasBackupChecksums": True,
    "IsDamaged": False,
    "BackupSize": 9_000_000,
    "CompressedBackupSize": 3_145_728,
}


class DriverError(Exception):
    """What pyodbc raises, as far as the product looks at it."""


DriverError.__module__ = "pyodbc"


class Server:
    """One SQL Server. A statement that sends messages is done only when every one of them has been read."""

    def __init__(self) -> None:
        self.edition: tuple[int, str] = (2, "Standard Edition (64-bit)")
        self.header: dict[str, Any] | None = {}
        """What the header of a written backup says otherwise than it should; None when it says nothing."""
        self.messages = 3
        self.failing: dict[str, tuple[int, str]] = {}
        """By a statement's first word: at which message it fails (0 at once), and what the driver says."""
        self.log: list[str] = []
        self.done: list[str] = []
        self.logins: list[tuple[str, str]] = []
        self.timeouts: list[int] = []

    def opened(self, database: Database, **_: object) -> Any:
        self.logins.append((database.name, database.login))
        return Connection(self)


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.timeout = 120
        self.busy = False

    def cursor(self) -> Any:
        return Cursor(self)

    def close(self) -> None:
        self.server.timeouts.append(self.timeout)


class Cursor:
    def __init__(self, connection: Connection) -> None:
        self.connection, self.server = connection, connection.server
        self._rows: list[Any] = []
        self.description: Any = None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        if self.connection.busy:
            raise DriverError("HY000", "[HY000] Connection is busy with results for another command")
        self.server.log.append(sql)
        self._sql, self._left = sql, 0
        if sql == EDITION:
            self._rows = [self.server.edition]
        elif sql.startswith("RESTORE HEADERONLY"):
            right = {**HEADER, "DatabaseName": self.server.logins[-1][0]}
            header = None if self.server.header is None else {**right, **self.server.header}
            self.description = [(name,) for name in right]
            self._rows = [tuple(header.values())] if header else []
        elif sql.startswith(("BACKUP", "RESTORE VERIFYONLY")):
            self._left, self.connection.busy = self.server.messages, True
        self._fail_at(0)

    def nextset(self) -> bool:
        if not self._left:
            return False
        self._left -= 1
        self._fail_at(self.server.messages - self._left)
        if not self._left:
            self.connection.busy = False
            self.server.done.append(self._sql)
        return self._left > 0

    def _fail_at(self, place: int) -> None:
        for word, (at, text) in self.server.failing.items():
            if self._sql.startswith(word) and at == place:
                raise DriverError(
                    "42000", f"[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text}"
                )

    def fetchall(self) -> list[Any]:
        return self._rows


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(sqlserver, "opened", server.opened)
    return server


def unit(**backup: Any) -> PohodaUnit:
    return PohodaUnit(
        ico="12345678",
        database=Database(
            server="SERVER",
            name=PRESENT,
            older=["StwPh_12345678_2025"],
            login="cteni",
            password=SecretStr("heslo"),
        ),
        mserver=MServer(user="u", password=SecretStr("heslo")),
        backup=Backup.model_validate({"folder": "D:\\Zálohy\\", **backup}),
    )


def test_a_backup_is_made_read_to_its_end_verified_and_measured(server: Server) -> None:
    made = back_up(unit(), PLAN)
    assert [statement.split()[0] for statement in server.done] == ["BACKUP", "RESTORE"]
    assert (made.bytes, made.verified) == (3_145_728, True)
    assert server.timeouts == [0]
    assert "SET LOCK_TIMEOUT -1" in server.log


@pytest.mark.parametrize(
    ("edition", "compressed"),
    [
        ((3, "Enterprise Edition"), True),
        ((3, "Developer Edition (64-bit)"), True),
        ((2, "Standard Edition (64-bit)"), True),
        ((2, "Web Edition"), False),
        ((4, "Express Edition (64-bit)"), False),
    ],
)
def test_a_backup_is_compressed_only_where_the_edition_can(
    edition: tuple[int, str], compressed: bool, server: Server
) -> None:
    server.edition = edition
    back_up(unit(), PLAN)
    assert ("COMPRESSION" in server.done[0]) is compressed


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("word", "text", "kind"),
    [
        ("BACKUP", "BACKUP DATABASE permission denied in database. (262)", SettingError),
        (
            "BACKUP",
            "Cannot open backup device. Operating system error 5(Access is denied.). (3201)",
            SettingError,
        ),
        ("BACKUP", "Write on file failed: 112(There is not enough space on the disk.) (3202)", SettingError),
        ("BACKUP", "An existing connection was forcibly closed by the remote host. (10054)", Unavailable),
        ("BACKUP", "The database is in the middle of a restore. (927)", Unavailable),
        ("RESTORE VERIFYONLY", "CREATE DATABASE permission denied. (262)", SettingError),
        ("RESTORE VERIFYONLY", "The media family is incorrectly formed. (3241)", Refused),
    ],
)
def test_a_failure_anywhere_among_the_messages_is_a_failure(
    word: str, text: str, kind: type[PohodaPaymentsError], place: int, server: Server
) -> None:
    server.failing[word] = (place, text)
    with pytest.raises(kind) as raised:
        back_up(unit(), PLAN)
    assert raised.value.next_step or kind is Refused
    assert "heslo" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"DatabaseName": "StwPh_other"},
        {"IsDamaged": True},
        {"HasBackupChecksums": False},
        {"BackupName": "somebody else's"},
        None,
    ],
)
def test_a_file_that_holds_something_else_is_no_backup(wrong: dict[str, Any] | None, server: Server) -> None:
    server.header = wrong
    with pytest.raises(Refused, match="not the one that was meant"):
        back_up(unit(), PLAN)


def test_a_server_that_does_not_compress_tells_the_plain_size(server: Server) -> None:
    server.header = {"CompressedBackupSize": None}
    assert back_up(unit(), PLAN).bytes == 9_000_000


def test_verifying_can_be_left_to_the_administrator(server: Server) -> None:
    made = back_up(unit(verify=False), PLAN)
    assert (made.verified, made.bytes, len(server.done)) == (False, None, 1)


def test_backups_log_in_on_their_own_where_they_have_a_login(server: Server) -> None:
    back_up(unit(), PLAN)
    back_up(unit(login="zalohy", password=SecretStr("jine heslo")), PLAN)
    assert server.logins == [(PRESENT, "cteni"), (PRESENT, "zalohy")]


def test_every_database_of_the_unit_goes_to_a_file_of_its_own() -> None:
    plans = planned(unit(), NOW)
    assert [plan.database for plan in plans] == [PRESENT, "StwPh_12345678_2025", "StwPh_sys"]
    assert plans[0].path == f"D:\\Zálohy\\{PRESENT}_20260304_220500_pohoda-payments.bak"
    assert "StwPh_sys" not in [plan.database for plan in planned(unit(system=False), NOW)]
    assert planned(unit(folder="/var/opt/zalohy/"), NOW)[0].path.startswith("/var/opt/zalohy/StwPh_")


def test_what_cannot_be_backed_up_is_refused_at_once() -> None:
    with pytest.raises(SettingError, match=r"backup\.folder"):
        planned(unit(folder=""), NOW)
    sandbox = unit().model_copy(update={"database": Database(kind="sqlite", name="x.db")})
    with pytest.raises(SettingError, match="Only databases on SQL Server"):
        planned(sandbox, NOW)


def test_no_name_can_break_out_of_a_statement() -> None:
    nasty = Planned("a]; DROP DATABASE b --", "f", "D:\\it's\\f'; --.bak")
    for statement in (backup_statement(nasty, compress=True), verify_statement(nasty), header_statement(nasty)):
        tokens = sqlglot.tokenize(statement, read="tsql")
        kinds = {token.token_type for token in tokens}
        assert sqlglot.TokenType.SEMICOLON not in kinds
        assert nasty.path in [token.text for token in tokens]
    names = [token.text for token in sqlglot.tokenize(backup_statement(nasty, compress=True), read="tsql")]
    assert nasty.database in names


# Old backups


def made(folder: Path, on: dt.datetime, database: str = PRESENT, content: bytes = b"backup") -> Made:
    file = f"{database}_{on:%Y%m%d_%H%M%S}_{NAME}.bak"
    (folder / file).write_bytes(content)
    return Made(Planned(database, file, f"D:\\{file}"), 1.0, len(content), verified=True)


@pytest.fixture
def run(tmp_path: Path) -> Callable[[int], list[str]]:
    """One nightly backup with three days to be kept; the names that it deleted."""

    def nightly(day: int) -> list[str]:
        now = NOW + day * DAY
        return tidied(tmp_path, [made(tmp_path, now)], now, days=3)

    return nightly


def test_backups_older_than_they_are_kept_are_deleted_and_the_others_stay(
    run: Callable[[int], list[str]], tmp_path: Path
) -> None:
    assert [len(run(day)) for day in range(6)] == [0, 0, 0, 0, 1, 1]
    assert len(list(tmp_path.glob("*.bak"))) == 4
    assert len(json.loads((tmp_path / LIST).read_text(encoding="utf-8"))) == 4


def test_nothing_that_we_did_not_write_is_ever_deleted(run: Callable[[int], list[str]], tmp_path: Path) -> None:
    run(0)
    theirs = {
        f"{PRESENT}_20200101_000000_{NAME}.bak": b"named like ours, not in the list",
        "040326_2105_12345678_2026.bak": b"Pohoda's own",
        "accounts.xlsx": b"somebody's",
    }
    for name, content in theirs.items():
        (tmp_path / name).write_bytes(content)
    ours = next(tmp_path.glob(f"{PRESENT}_20260304*"))
    ours.write_bytes(b"changed since by somebody")
    assert run(10) == []
    assert {name: (tmp_path / name).read_bytes() for name in theirs} == theirs
    assert ours.exists()


def test_a_list_that_names_other_files_deletes_none_of_them(
    run: Callable[[int], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "accounts.xlsx").write_bytes(b"1234")
    entry = {"file": "accounts.xlsx", "database": PRESENT, "bytes": 4, "made_at": "2020-01-01T00:00:00+00:00"}
    (tmp_path / LIST).write_text(json.dumps([entry]), encoding="utf-8")
    assert run(0) == []
    assert (tmp_path / "accounts.xlsx").exists()


def test_the_last_backup_of_a_database_stays_however_old(tmp_path: Path) -> None:
    old = made(tmp_path, NOW, "StwPh_12345678_2025")
    tidied(tmp_path, [old], NOW, days=3)
    later = NOW + 100 * DAY
    assert tidied(tmp_path, [made(tmp_path, later)], later, days=3) == []
    assert (tmp_path / old.planned.file).exists()


def test_a_folder_without_the_new_backup_is_another_folder_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(SettingError, match="Old backups"):
        tidied(tmp_path / "elsewhere", [made(tmp_path, NOW)], NOW, days=3)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_list_that_cannot_be_read_stops_the_tidying(run: Callable[[int], list[str]], tmp_path: Path) -> None:
    (tmp_path / LIST).write_text("[{]", encoding="utf-8")
    with pytest.raises(SettingError):
        run(0)


def test_a_report_tells_size_duration_and_what_was_deleted(tmp_path: Path) -> None:
    one = Made(PLAN, 75.2, 3_145_728, verified=True)
    told = backup_markdown("pohoda", [one, Made(PLAN, 1, None, verified=False)], ["selhalo"], ["old.bak"])
    for text in ("3,0 MB", "75 s", "ano", "neznámá", "selhalo", "old.bak", "nezdařilo se: 1"):
        assert text in told
    assert "nemažou" in backup_markdown("pohoda", [one], [], None)
    assert backup_summary([one], []) == "Zálohováno databází: 1"
    assert backup_key("Firma 1") == "zaloha-firma-1"
