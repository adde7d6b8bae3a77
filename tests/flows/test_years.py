"""New Year, restores and year closes: several databases of one unit, and databases that go away in the middle."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from sandbox.pohoda import SandboxPohoda
from sandbox.pohoda_system import list_units
from tasks.pohoda import sqlite
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed

Open = Callable[..., Firm]
GONE = {
    "restore": "Cannot open database requested by the login. (4060)",
    "restoring": "Database is in the middle of a restore. (927)",
    "single user": "Database is already open and can only have one user at a time. (924)",
    "cut": "TCP Provider: An existing connection was forcibly closed by the remote host. (10054)",
    "lock": "Lock request time out period exceeded. (1222)",
}


def test_a_document_of_last_year_is_told_and_not_written_and_the_others_are_right(open_firm: Open) -> None:
    firm = open_firm()
    stayed = next(
        paper
        for paper in firm.world.papers
        if firm.should("fio")[paper.agenda, paper.id]
        and not paper.cancelled
        and firm.before[paper.agenda, paper.id] is None
    )
    year = dt.date(firm.world.today.year - 1, 12, 31)
    papers = tuple(replace(paper, id=paper.id + 50) for paper in firm.world.papers)
    old = SandboxPohoda.build(replace(firm.world, today=year, papers=papers), firm.folder)
    table = "OBJ" if stayed.agenda == "received_order" else "FA"
    with closing(sqlite3.connect(firm.pohoda.path)) as connection, connection:
        connection.execute(f"DELETE FROM [{table}] WHERE ID = ?", (stayed.id,))
    block = firm.pohoda.unit(firm.mserver.address, firm.ledger)
    found = list_units(firm.folder, [old, firm.pohoda])
    block.model_copy(update={"database": found}).save(firm.unit, overwrite=True)
    before = old.marks()

    completed(firm.run("fio"))

    right = {key: marks for key, marks in firm.should("fio").items() if key != (stayed.agenda, stayed.id)}
    assert firm.pohoda.marks() == right
    assert old.marks() == before
    with get_client(sync_client=True) as client:
        told = [str(found.data) for found in client.read_artifacts() if firm.unit in str(found.key)]
    assert stayed.number in told[-1]
    assert "minulých let" in told[-1]


@pytest.fixture
def broken_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes statements of the run fail: those whose place among all of them is in the range."""
    opened, places = sqlite.opened, count(1)
    kind = type("OperationalError", (Exception,), {"__module__": "pyodbc"})

    def breaking(first: int, last: int, text: str) -> None:
        class Cursor:
            def __init__(self, cursor: Any) -> None:
                self._cursor = cursor

            def execute(self, *statement: Any) -> None:
                if first <= next(places) <= last:
                    raise kind("08S01", f"[08S01] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text}")
                self._cursor.execute(*statement)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._cursor, name)

        class Connection:
            def __init__(self, connection: Any) -> None:
                self._connection = connection

            def cursor(self) -> Cursor:
                return Cursor(self._connection.cursor())

            def __getattr__(self, name: str) -> Any:
                return getattr(self._connection, name)

        monkeypatch.setattr(sqlite, "opened", lambda *a, **more: Connection(opened(*a, **more)))

    return breaking


@pytest.mark.parametrize(("place", "text"), [(4, GONE["restore"]), (9, GONE["single user"]), (12, GONE["cut"])])
def test_a_database_that_goes_away_for_a_while_is_waited_for(
    place: int, text: str, open_firm: Open, broken_at: Callable[..., None]
) -> None:
    firm = open_firm()
    broken_at(place, place, text)
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")


@pytest.mark.parametrize(("place", "text"), [(2, GONE["restoring"]), (8, GONE["lock"]), (11, GONE["restore"])])
def test_a_database_that_stays_away_leaves_no_wrong_mark_and_the_next_run_is_right(
    place: int, text: str, open_firm: Open, broken_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = open_firm()
    right = firm.should("fio")
    whole = sqlite.opened
    broken_at(place, 10**9, text)
    assert "not available now" in failed(firm.run("fio"))
    standing = firm.pohoda.marks()
    assert all(marks in (firm.before[key], right[key]) for key, marks in standing.items())
    monkeypatch.setattr(sqlite, "opened", whole)
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == right
