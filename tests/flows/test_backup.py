"""The backup's flow: every database on its own, loud failures, and a clear word where there is no SQL Server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from blocks.backup import Backup
from flows.backup import backup
from tasks.pohoda import sqlserver
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed
from tests.pohoda.test_backup import Server, unit

Open = Callable[..., Firm]


@pytest.fixture
def server(prefect: None, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(sqlserver, "opened", server.opened)
    return server


def saved(name: str, **settings: object) -> str:
    unit(**settings).save(name, overwrite=True)
    return name


def test_a_nightly_backup_of_all_databases_is_reported(server: Server) -> None:
    state = backup(unit=saved("zaloha-a"), return_state=True)
    assert completed(state) == "Zálohováno databází: 3"
    with get_client(sync_client=True) as client:
        (report,) = [str(a.data) for a in client.read_artifacts() if a.key == "zaloha-zaloha-a"]
    assert "StwPh\\_12345678\\_2025" in report
    assert "nemažou" in report


def test_a_database_that_fails_is_loud_and_the_others_are_backed_up(server: Server) -> None:
    server.failing["BACKUP DATABASE [StwPh_sys]"] = (2, "Cannot open backup device. (3201)")
    message = failed(backup(unit=saved("zaloha-b"), return_state=True))
    assert message.startswith("Zálohováno databází: 2, nezdařilo se: 1. StwPh_sys")
    assert "backup.folder" in message


def test_a_folder_that_is_not_the_one_of_the_backups_fails_the_run(server: Server, tmp_path: Path) -> None:
    message = failed(backup(unit=saved("zaloha-c", reached_as=str(tmp_path)), return_state=True))
    assert "backup.reached_as" in message


def test_a_unit_without_sql_server_is_refused(open_firm: Open) -> None:
    firm = open_firm(backup=Backup(folder="D:\\Zalohy"))
    assert "Only databases on SQL Server" in failed(backup(unit=firm.unit, return_state=True))
