"""New Year, restores and year closes: several databases of one unit, and databases that go away in the middle."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

import flows.settling
from sandbox.pohoda import SandboxPohoda
from sandbox.pohoda_system import list_units
from sandbox.world import Marks
from tasks.pohoda import sqlite
from tasks.pohoda.sqlite import catalogue_beside
from tests.flows.conftest import Firm, Standing
from tests.flows.test_marking import completed, failed

pytestmark = pytest.mark.no_cover

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


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen in Pohoda once, after documents were read and decided about, before any is written."""

    def arrange(happens: Callable[[], None]) -> None:
        decide, left = flows.settling.decide, [happens]

        def decided_and_then(*given: Any) -> Any:
            found = decide(*given)
            if left:
                left.pop()()
            return found

        monkeypatch.setattr("flows.settling.decide", decided_and_then)

    return arrange


def shift_ids(file: Path) -> None:
    """As after a restore of an older state and work done anew: the documents are there, under others' ids."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for table in ("FA", "OBJ"):
            connection.execute(f"UPDATE {table} SET ID = -ID")
            connection.execute(f"UPDATE {table} SET ID = 1 - ID")


@pytest.mark.parametrize("writer", ["mserver", "sql"])
def test_a_restore_between_reading_and_writing_marks_no_document_that_took_anothers_id(
    writer: str, open_firm: Open, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    firm = open_firm(writer=writer)
    forget_locks(firm)
    before, should = (by_number(firm, marks) for marks in (firm.before, firm.should("fio")))
    meanwhile(lambda: shift_ids(firm.pohoda.path))
    completed(firm.run("fio"))
    assert by_number(firm, firm.pohoda.marks()) == before
    completed(firm.run("fio"))
    assert by_number(firm, firm.pohoda.marks()) == should


def test_a_database_that_is_renamed_before_the_writing_fails_and_the_next_run_is_right(
    open_firm: Open, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    firm = open_firm(writer="sql")
    forget_locks(firm)
    aside = firm.pohoda.path.with_suffix(".aside")
    meanwhile(lambda: setattr(firm.pohoda, "path", firm.pohoda.path.rename(aside)))
    failed(firm.run("fio"))
    firm.pohoda.path = aside.rename(aside.with_suffix(".db"))
    assert firm.pohoda.marks() == firm.before
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")


def test_another_year_opened_in_mserver_before_the_writing_stops_the_run_and_the_next_one_is_right(
    open_firm: Open, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    firm = open_firm()
    present = firm.mserver.database
    meanwhile(lambda: setattr(firm.mserver, "database", "StwPh_12345678_2099"))
    assert "StwPh_12345678_2099" in failed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.before
    assert firm.mserver.import_requests == []
    firm.mserver.database = present
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")


def test_an_upgrade_that_takes_fields_away_before_the_writing_fails_and_the_next_run_is_right(
    open_firm: Open, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    firm = open_firm(writer="sql")
    forget_locks(firm)
    catalogue = catalogue_beside(firm.pohoda.path)
    whole = catalogue.read_bytes()

    def upgrade_begins() -> None:
        with closing(sqlite3.connect(catalogue)) as connection, connection:
            connection.execute("DELETE FROM COLUMNS WHERE COLUMN_NAME LIKE 'VPr%'")

    meanwhile(upgrade_begins)
    assert "does not exist in Pohoda" in failed(firm.run("fio"))
    catalogue.write_bytes(whole)
    assert firm.pohoda.marks() == firm.before
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")


def by_number(firm: Firm, marks: Standing) -> dict[tuple[str, str | None], Marks | None]:
    """The marks by numbers of documents, which stay the same when their ids do not."""
    return {(agenda, firm.pohoda.find(agenda, row_id)): stand for (agenda, row_id), stand in marks.items()}


def forget_locks(firm: Firm) -> None:
    with closing(sqlite3.connect(firm.pohoda.path)) as connection, connection:
        connection.execute("DELETE FROM stwlock")
