"""The file that says what is installed, and the versions beside it."""

import os
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.errors import SettingError
from tasks.installing import home as homes
from tasks.installing.home import Installation, installed, keep, narrowing, the_installed
from tasks.installing.versions import copied, here, number_of, unpacked
from tasks.ledger import Ledger
from tasks.ledger.migrating import MIGRATIONS, bring_back, scripts
from tasks.ledger.schema import VERSION

PROJECT = Path(__file__).resolve().parents[2]


def installation() -> Installation:
    return Installation(
        pool="local",
        environment={"PREFECT_API_AUTH_STRING": SecretStr("pohoda:velmi-tajne")},
        local_server=True,
        services="none",
        units=["pohoda"],
        current=here(PROJECT),
    )


def test_what_is_kept_is_read_back_with_its_secrets(tmp_path: Path) -> None:
    keep(tmp_path / "domov", installation())
    again = the_installed(tmp_path / "domov")
    assert again.plain_environment() == {"PREFECT_API_AUTH_STRING": "pohoda:velmi-tajne"}
    assert "velmi-tajne" not in repr(again)


@pytest.mark.skipif(os.name == "nt", reason="rights of files are not POSIX's here")
def test_nobody_but_its_owner_may_read_the_file(tmp_path: Path) -> None:
    keep(tmp_path, installation())
    keep(tmp_path, installation())
    assert stat.S_IMODE((tmp_path / homes.FILE).stat().st_mode) == 0o600


def test_on_windows_everybody_elses_rights_are_taken_away() -> None:
    command = narrowing(Path("C:/x/installation.json"), "technik", "FIRMA\\platby")
    assert command[:3] == ["icacls", str(Path("C:/x/installation.json")), "/inheritance:r"]
    assert {"technik:F", "FIRMA\\platby:F"} <= set(command)


def test_a_folder_where_nothing_is_installed_is_told_so(tmp_path: Path) -> None:
    assert installed(tmp_path) is None
    with pytest.raises(SettingError, match="not installed here"):
        the_installed(tmp_path)


def test_a_damaged_file_is_told_without_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / homes.FILE).write_text('{"environment": {"X": "velmi-tajne"}', encoding="utf-8")
    with pytest.raises(SettingError) as refused:
        installed(tmp_path)
    assert "velmi-tajne" not in str(refused.value)


def test_a_zip_file_may_hold_the_version_in_a_folder_of_its_own(tmp_path: Path) -> None:
    delivery = tmp_path / "nova.zip"
    with zipfile.ZipFile(delivery, "w") as packed:
        packed.writestr("pohoda-payments-2/pyproject.toml", "[project]\nversion = '2'\n")
    scratch = tmp_path / "rozbaleno"
    scratch.mkdir()
    assert unpacked(delivery, scratch) == scratch / "pohoda-payments-2"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 neni zip", b"<html>404</html>"])
def test_what_is_no_zip_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    delivery = tmp_path / "nova.zip"
    delivery.write_bytes(content)
    with pytest.raises(SettingError, match="cannot be unpacked"):
        unpacked(delivery, tmp_path)


def test_a_folder_that_is_no_version_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"requirements\.lock"):
        number_of(tmp_path)


def test_a_ledger_is_copied_whole_while_it_is_in_use(tmp_path: Path) -> None:
    file = tmp_path / "ledger-12345678.db"
    with Ledger.open(f"sqlite:///{file.as_posix()}") as ledger:
        ledger.remember_capability("x", "1")
        (copy,) = copied([file], tmp_path / "copies", "0.2.0")
    with Ledger.open(f"sqlite:///{copy.as_posix()}") as again:
        assert again.capability("x") == "1"


def test_every_migration_but_the_first_knows_the_way_back() -> None:
    without = [one.revision for one in scripts().walk_revisions() if not hasattr(one.module, "downgrade")]
    assert without == ["0001"]


def test_a_ledger_of_a_newer_version_is_brought_back_with_all_its_payments(tmp_path: Path) -> None:
    older = tmp_path / "migrations"
    (older / "versions").mkdir(parents=True)
    for file in (MIGRATIONS / "env.py", *(MIGRATIONS / "versions").glob("v0001_*.py")):
        (older / file.relative_to(MIGRATIONS)).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    file = tmp_path / "ledger.db"
    url = f"sqlite:///{file.as_posix()}"
    with Ledger.open(url) as ledger:
        ledger.remember_capability("x", "1")
    bring_back(url, older, MIGRATIONS)
    with closing(sqlite3.connect(file)) as tables:
        assert tables.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    with Ledger.open(url) as again:
        assert again.capability("x") == "1"
    with closing(sqlite3.connect(file)) as tables:
        assert tables.execute("SELECT version_num FROM alembic_version").fetchall() == [(VERSION,)]
