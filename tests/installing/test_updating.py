"""Prefect's own database over an update and the way back: real SQLite files, a Prefect that obeys or does not."""

import os
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flows import installing, on_server, updating
from tasks.errors import SettingError
from tasks.installing.definitions import Service
from tasks.installing.home import Installation, Version
from tasks.installing.prefect_database import bring_back, copy_before, database_of, tables_of
from tasks.installing.versions import copied, here

PROJECT = Path(__file__).resolve().parents[2]
OLD, NEW = "a3b9c7d2e5f1", "27d8f4e1a6c9"
DOWNGRADE = """
import os, sqlite3, sys
file = os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"].partition("///")[2]
with sqlite3.connect(file) as tables:
    tables.execute("UPDATE alembic_version SET version_num = ?", (sys.argv[sys.argv.index("-r") + 1],))
"""


def database(file: Path, version: str, *blocks: str) -> Path:
    """A file with the tables of this version and these blocks in it, as a server that was killed leaves it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as tables, tables:
        tables.execute("PRAGMA journal_mode = WAL")
        tables.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        tables.execute("CREATE TABLE IF NOT EXISTS blocks (name TEXT)")
        tables.execute("DELETE FROM alembic_version")
        tables.execute("INSERT INTO alembic_version VALUES (?)", (version,))
        tables.executemany("INSERT INTO blocks VALUES (?)", [(name,) for name in blocks])
    return file


def blocks_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as tables:
        return [str(row[0]) for row in tables.execute("SELECT name FROM blocks ORDER BY 1")]


def version(folder: Path, number: str, prefect: str) -> Version:
    """A version whose Prefect is this program."""
    module = folder / number / "prefect"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    (module / "__main__.py").write_text(prefect, encoding="utf-8")
    return here(PROJECT).model_copy(update={"number": number, "folder": module.parent})


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """A version whose Prefect knows the way back."""
    made = version(tmp_path, "2", DOWNGRADE)
    monkeypatch.setenv("PYTHONPATH", str(made.folder))
    return made


def test_what_was_changed_since_the_update_stays_where_the_newer_prefect_knows_the_way_back(
    tmp_path: Path, newer: Version
) -> None:
    file = database(tmp_path / "prefect.db", OLD, "fio")
    (before,) = copied([file], tmp_path / "copies", "2")
    database(file, NEW, "gopay")
    assert bring_back(file, before, newer) is True
    assert (tables_of(file), blocks_in(file)) == (OLD, ["fio", "gopay"])


@pytest.mark.parametrize("prefect", ["raise SystemExit(1)", "pass"], ids=["fails", "does nothing"])
def test_where_it_does_not_the_database_is_the_one_from_before_the_update(
    tmp_path: Path, prefect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = version(tmp_path, "2", prefect)
    monkeypatch.setenv("PYTHONPATH", str(made.folder))
    file = database(tmp_path / "prefect.db", OLD, "fio")
    (before,) = copied([file], tmp_path / "copies", "2")
    database(file, NEW, "gopay")
    assert bring_back(file, before, made) is False
    assert (tables_of(file), blocks_in(file)) == (OLD, ["fio"])


def test_between_versions_with_the_same_tables_nothing_is_touched(tmp_path: Path, newer: Version) -> None:
    file = database(tmp_path / "prefect.db", OLD, "fio")
    (before,) = copied([file], tmp_path / "copies", "2")
    database(file, OLD, "gopay")
    content = file.read_bytes()
    assert bring_back(file, before, newer) is True
    assert file.read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="rights of files are not POSIX's here")
def test_copies_are_for_their_owner_alone(tmp_path: Path) -> None:
    (copy,) = copied([database(tmp_path / "prefect.db", OLD)], tmp_path / "copies", "2")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


def test_the_newest_copy_from_before_a_version_is_taken(tmp_path: Path) -> None:
    file = database(tmp_path / "prefect.db", OLD)
    copies = [copied([file], tmp_path / "copies", number)[0] for number in ("2", "2", "3")]
    assert copy_before(tmp_path / "copies", "2") == copies[1]
    assert copy_before(tmp_path / "copies", "4") is None


@dataclass
class Servers:
    """Whoever keeps the server: notes what was asked, and lets the server change the database as it would."""

    tables: dict[str, str]
    file: Path
    log: list[str] = field(default_factory=list[str])

    def install(self, services: Sequence[Service]) -> None: ...

    def start(self, service: Service) -> None:
        version = service.folder.name
        self.log.append(f"start {version}")
        database(self.file, self.tables[version])

    def stop(self, service: Service) -> None:
        self.log.append(f"stop {service.folder.name}")

    def remove(self, services: Sequence[Service]) -> None: ...


@dataclass
class Machine:
    """An installation of version 1 with its database, and a version 2 that can be put in its place."""

    home: Path
    installation: Installation
    servers: Servers
    refreshed: list[str] = field(default_factory=list[str])

    @property
    def file(self) -> Path:
        return self.servers.file


@pytest.fixture
def machine(tmp_path: Path, newer: Version, monkeypatch: pytest.MonkeyPatch) -> Machine:
    home = tmp_path / "home"
    first = version(tmp_path, "1", "raise SystemExit(1)")
    file = database(home / "prefect" / "prefect.db", OLD, "fio")
    made = Machine(
        home,
        Installation(
            pool="local",
            environment=installing.prefect_environment(home, {"PREFECT_API_URL": "http://127.0.0.1:9/api"}),
            local_server=True,
            services="systemd",
            units=[],
            current=first,
        ),
        Servers({"1": OLD, "2": NEW}, file),
    )
    installing.keep(home, made.installation)
    monkeypatch.setattr(updating, "placed", lambda *_: newer)
    monkeypatch.setattr(updating, "serving", lambda *_: nullcontext(made.servers))
    monkeypatch.setattr(updating, "resting", lambda *_: nullcontext(None))
    monkeypatch.setattr(on_server, "wait_for_server", lambda _: None)

    def changed_to(to: Installation, home: Path) -> None:
        made.refreshed.append(to.current.number)
        installing.keep(home, to)

    monkeypatch.setattr(updating, "changed_to", changed_to)
    return made


def test_an_update_copies_the_stopped_servers_database_and_rollback_keeps_what_came_since(
    machine: Machine,
) -> None:
    updating.update(machine.home, Path())
    assert machine.servers.log == ["stop 1", "start 2"]
    assert tables_of(machine.file) == NEW
    database(machine.file, NEW, "gopay")
    updating.roll_back(machine.home)
    assert machine.servers.log == ["stop 1", "start 2", "stop 2", "start 1"]
    assert (tables_of(machine.file), blocks_in(machine.file)) == (OLD, ["fio", "gopay"])
    assert machine.refreshed == ["2", "1"]


def test_an_update_that_fails_leaves_the_database_as_it_was(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(to: Installation, _: Path) -> None:
        machine.refreshed.append(to.current.number)
        if to.current.number == "2":
            database(machine.file, NEW, "half a deployment")
            raise SettingError("it could not take its place")

    monkeypatch.setattr(updating, "changed_to", refused)
    with pytest.raises(SettingError, match="its place"):
        updating.update(machine.home, Path())
    assert machine.servers.log == ["stop 1", "start 2", "stop 2", "start 1"]
    assert (tables_of(machine.file), blocks_in(machine.file)) == (OLD, ["fio"])
    assert machine.refreshed == ["2", "1"]


def test_a_server_that_goes_on_is_not_copied_and_the_present_version_stays(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_server, "is_silent", lambda _: False)
    with pytest.raises(SettingError, match="goes on"):
        updating.update(machine.home, Path())
    assert machine.servers.log == ["stop 1", "start 1"]
    assert list((machine.home / updating.COPIES).glob("prefect-*")) == []
    assert machine.refreshed == []


def test_a_database_elsewhere_is_not_ours_to_copy(machine: Machine) -> None:
    distant = machine.installation.model_copy(update={"local_server": False})
    assert database_of(machine.installation, machine.home) == machine.file
    assert database_of(distant, machine.home) is None
