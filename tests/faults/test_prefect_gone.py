"""Prefect's server goes away in the middle of a run: its marks are written, the next one finds nothing to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_DATABASE_CONNECTION_URL,
    temporary_settings,
)

from sandbox.services import free_port, prefect_server, wait_for_server
from tests.conftest import let_go_of_events
from tests.faults.cells import completed, written_twice
from tests.faults.child import LONGEST_SECONDS, Point, started
from tests.faults.stage import Stage

BETWEEN = Point("Pohoda: SELECT OBJ")


def test_a_run_whose_prefect_server_is_stopped_writes_its_marks_and_loses_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    stage.set()
    stage.account("gopay")
    copy_of_database(tmp_path / "prefect.db")
    port = free_port()
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        with own_server(tmp_path, port):
            left = started(stage, "gopay", BETWEEN)
            child = left.__enter__()
            assert child.reached()
        child.go_on()
        child.process.join(LONGEST_SECONDS)
        assert child.process.exitcode
        left.__exit__(None, None, None)
        assert stage.pohoda.marks() == stage.should("gopay")
        with own_server(tmp_path, port):
            completed(stage.run("gopay"))
            with get_client(sync_client=True) as client:
                newest = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=2)
    assert stage.pohoda.marks() == stage.should("gopay")
    assert not written_twice(stage)
    assert [run.state_name for run in newest] == ["Completed", "Running"]


def copy_of_database(copy: Path) -> None:
    """Copy what the tests' Prefect server has, so that another one need not begin with empty tables."""
    address = str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value())
    with closing(sqlite3.connect(address.partition(":///")[2])) as ours, closing(sqlite3.connect(copy)) as theirs:
        ours.backup(theirs)


@contextmanager
def own_server(folder: Path, port: int) -> Generator[None]:
    settings = {"PREFECT_HOME": str(folder), "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false"}
    with prefect_server(folder, port, settings):
        wait_for_server(f"http://127.0.0.1:{port}/api")
        yield
        let_go_of_events()
