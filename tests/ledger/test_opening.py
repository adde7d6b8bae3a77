from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr

from tasks.errors import SettingError, Unavailable
from tasks.ledger import Ledger, migrating, opening
from tasks.ledger import store as stores
from tasks.ledger.schema import VERSION, metadata
from tests.ledger.samples import NOON, SOURCE, delivery, incoming


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder of its own" / "50 %" / "ledger.db"


def url(file: Path) -> str:
    return f"sqlite:///{file.as_posix()}"


def test_without_an_address_the_ledger_is_a_file_of_this_user(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(name: str, appauthor: bool) -> Path:
        return file.parent / name

    monkeypatch.setattr("tasks.ledger.opening.platformdirs.user_data_path", folder)
    with Ledger.open(None) as ledger:
        ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
    assert (file.parent / "pohoda-payments" / "ledger.db").exists()
    with Ledger.open(SecretStr("")) as ledger:
        assert len(ledger.payments()) == 1


def test_the_migrations_give_just_the_tables_of_the_schema(address: str) -> None:
    store = opening.open_store(address)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()
    assert migrating.scripts().get_current_head() == VERSION


def test_a_ledger_whose_tables_are_right_is_opened_without_the_tool_that_changes_them(file: Path) -> None:
    Ledger.open(url(file)).close()
    program = (
        "import sys; from tasks.ledger import Ledger; Ledger.open(sys.argv[1]).close(); "
        "sys.exit(any(name.partition('.')[0] == 'alembic' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program, url(file)]).returncode == 0


def test_readers_go_on_while_somebody_writes(file: Path) -> None:
    with Ledger.open(url(file)) as ledger, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ledger.payments().empty


def test_a_ledger_locked_for_too_long_is_unavailable(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.01)
    with Ledger.open(url(file)) as ledger, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            ledger.remember_capability("name", "value")


def test_a_new_file_locked_for_too_long_is_unavailable(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.1)
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="locked"):
            Ledger.open(url(file))


def test_a_damaged_file_needs_a_person(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(SettingError, match="restore the file from a backup"):
        Ledger.open(url(file))


def test_a_ledger_of_a_newer_version_is_left_alone(file: Path) -> None:
    Ledger.open(url(file)).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    with pytest.raises(SettingError, match="newer version"):
        Ledger.open(url(file))


def test_a_folder_that_cannot_be_made_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingError, match="folder of the ledger"):
        Ledger.open(url(tmp_path / "file" / "below" / "ledger.db"))


@pytest.mark.parametrize(
    "wrong",
    ["somewhere", "mysql://u:s3cret@h/db", "sqlite://", "oracle9://s3cret", "postgresql://u:s3cret@h:port/x"],
)
def test_an_address_that_cannot_be_right_is_refused_without_being_shown(wrong: str) -> None:
    with pytest.raises(SettingError, match="address is not understood") as caught:
        Ledger.open(wrong)
    assert "s3cret" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingError, match="install psycopg"):
        Ledger.open("postgresql://user:secret@127.0.0.1/ledger")


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
    with pytest.raises(Unavailable) as caught:
        Ledger.open("postgresql://user:s3cret@127.0.0.1:1/ledger")
    assert "s3cret" not in str(caught.value)


def test_no_value_of_a_row_gets_into_an_error(file: Path) -> None:
    with Ledger.open(url(file)) as ledger:
        with closing(sqlite3.connect(file)) as other:
            other.execute("DROP TABLE payments")
            other.commit()
        with pytest.raises(SettingError) as caught:
            ledger.record(SOURCE, delivery(incoming("1", message="tajná zpráva")), run="one", at=NOON)
    assert "tajná" not in str(caught.value)


def test_mistakes_of_ours_are_not_taken_for_outages(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="currency") as caught:
        ledger.record(SOURCE, delivery(incoming("1", currency=None)), run="one", at=NOON)
    assert not isinstance(caught.value, Unavailable)


def test_a_backup_is_a_whole_ledger(file: Path, tmp_path: Path) -> None:
    with Ledger.open(url(file)) as ledger:
        ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
        ledger.backup_to(tmp_path / "backup.db")
    with Ledger.open(url(tmp_path / "backup.db")) as restored:
        assert len(restored.payments()) == 1


@pytest.mark.skipif(
    os.name != "posix", reason="left out: on Windows the folder of the user's data is the user's own"
)
def test_a_ledger_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{(tmp_path / 'new' / 'ledger.db').as_posix()}") as ledger:
        ledger.remember_capability("x", "y")
        files = list((tmp_path / "new").iterdir())
        open_to_others = [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077]
    assert files
    assert open_to_others == []
