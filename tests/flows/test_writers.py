"""From the provider to the marks by each way of writing, with every part real."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from sandbox.faults import BROKEN_OFF, LOST, REFUSED, UNAVAILABLE, Fault
from sandbox.firm import truth
from sandbox.pohoda import COUNT_FIELD
from sandbox.world import Marks
from tasks.pohoda.sqlite import catalogue_beside
from tests.flows.conftest import Firm

pytestmark = pytest.mark.no_cover

Open = Callable[..., Firm]


SOME = ("fio", "comgate", "gopay")
"""A bank, a gateway asked by documents and one asked by period: what comes after them is the same for all."""


def completed(state: State[Any]) -> str:
    assert state.is_completed(), state.message
    return str(state.message)


def failed(state: State[Any]) -> str:
    assert state.is_failed(), state.message
    return str(state.message)


def journal(firm: Firm) -> list[tuple[str, int, str, str]]:
    with closing(sqlite3.connect(firm.folder / "ledger.db")) as ledger:
        query = "SELECT agenda, document_id, outcome, note FROM writes ORDER BY id"
        return ledger.execute(query).fetchall()


def change(firm: Firm, statement: str, *parameters: object) -> None:
    with closing(sqlite3.connect(firm.pohoda.path)) as connection, connection:
        connection.execute(statement, parameters)


@pytest.mark.parametrize("provider", SOME)
def test_the_database_alone_gets_every_mark_and_mserver_is_never_asked(open_firm: Open, provider: str) -> None:
    firm = open_firm(accepts_updates=False, writer="sql")
    change(firm, "DELETE FROM stwlock")
    completed(firm.run(provider))
    assert firm.pohoda.marks() == firm.should(provider)
    written = len(journal(firm))
    completed(firm.run(provider))
    assert firm.pohoda.marks() == firm.should(provider)
    assert len(journal(firm)) == written
    assert firm.mserver.log == []


def test_a_document_open_in_pohoda_waits_for_the_next_run(open_firm: Open) -> None:
    firm = open_firm(writer="sql")
    should = firm.should("fio")
    key = next(key for key, marks in should.items() if marks and key[0] == "received_order")
    change(firm, "DELETE FROM stwlock")
    change(firm, "INSERT INTO stwlock VALUES (?, 'obj', 57, 4711)", key[1])
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == should | {key: firm.before[key]}
    assert [entry[2] for entry in journal(firm) if entry[:2] == key] == ["left_out"]
    change(firm, "DELETE FROM stwlock")
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == should


def test_marks_that_move_between_reading_and_writing_are_left_alone(open_firm: Open) -> None:
    firm = open_firm(writer="sql")
    change(firm, "DELETE FROM stwlock")
    should = firm.should("fio")
    first, second = sorted(key for key, marks in should.items() if marks and key[0] == "issued_invoice")[:2]
    # Another hand counts seven payments on the second document while the first one is being written.
    change(
        firm,
        f"CREATE TRIGGER another AFTER UPDATE ON FA WHEN NEW.ID = {first[1]} "
        f"BEGIN UPDATE FA SET {COUNT_FIELD} = 7 WHERE ID = {second[1]}; END",
    )
    completed(firm.run("fio"))
    standing = firm.pohoda.marks()
    assert standing == should | {second: Marks(0, 7, False)}
    assert [entry[2] for entry in journal(firm) if entry[:2] == second] == ["left_out"]


def test_a_login_that_may_do_more_writes_nothing_until_that_is_confirmed(open_firm: Open) -> None:
    firm = open_firm(writer="sql")
    with closing(sqlite3.connect(catalogue_beside(firm.pohoda.path))) as connection, connection:
        connection.execute("INSERT INTO LOGIN_RIGHTS VALUES ('general', NULL, 'db_owner')")
    message = failed(firm.run("fio"))
    assert "db_owner" in message
    assert "Next step" in message
    assert firm.pohoda.marks() == firm.before
    assert journal(firm) == []


def settled_truly(firm: Firm, provider: str) -> dict[tuple[str, int], int]:
    """What should be settled of each invoice: what was truly paid, never more than its total, and no money twice.

    Where one payment pays an advance invoice and its final invoice, the advance has it.
    """
    papers = {(paper.agenda, paper.id): paper for paper in firm.world.papers}
    advances = {
        money.meant_for: next(key for key in money.meant_for if key[0] == "advance_invoice")
        for money in firm.world.channel(provider)
        if {"advance_invoice", "issued_invoice"} <= {agenda for agenda, _ in money.meant_for}
    }
    after = {key for meant, advance in advances.items() for key in meant if key != advance}
    paid = {key: marks.amount for key, marks in truth(firm.world, [provider]).items() if marks}
    return {
        key: min(amount, papers[key].total)
        for key, amount in paid.items()
        if amount > 0 and key[0] != "received_order" and papers[key].currency == "CZK" and key not in after
    }


@pytest.mark.parametrize("provider", SOME)
def test_invoices_are_settled_by_what_was_paid_once_and_never_beyond_what_is_open(
    open_firm: Open, provider: str
) -> None:
    firm = open_firm(accepts_updates=False, writer="settlement")
    completed(firm.run(provider))
    assert firm.pohoda.settled() == settled_truly(firm, provider)
    asked = len(firm.mserver.import_requests)
    completed(firm.run(provider))
    assert firm.pohoda.settled() == settled_truly(firm, provider)
    assert len(firm.mserver.import_requests) == asked
    assert firm.pohoda.marks() == firm.before
    assert firm.mserver.created == []


@pytest.mark.parametrize(
    ("position", "fault"), [(0, LOST), (1, UNAVAILABLE), (2, LOST), (2, REFUSED), (3, LOST), (3, BROKEN_OFF)]
)
def test_whatever_goes_wrong_nothing_is_settled_twice(open_firm: Open, position: int, fault: Fault) -> None:
    firm = open_firm(accepts_updates=False, writer="settlement")
    firm.mserver.faults.then(*[Fault()] * position, fault)
    firm.run("fio")
    completed(firm.run("fio"))
    assert firm.pohoda.settled() == settled_truly(firm, "fio")


def test_marks_in_fields_do_not_count_as_settled_when_the_way_of_writing_changes(open_firm: Open) -> None:
    firm = open_firm()
    completed(firm.run("fio"))
    block = firm.pohoda.unit(firm.mserver.address, firm.ledger)
    block.model_copy(update={"writer": "settlement"}).save(firm.unit, overwrite=True)
    completed(firm.run("fio"))
    assert firm.pohoda.settled() == settled_truly(firm, "fio")
    assert firm.pohoda.marks() == firm.should("fio")


@pytest.mark.skipif(sys.platform == "win32", reason="there mServer can be started")
def test_an_mserver_that_cannot_be_started_here_is_said_and_by_sql_none_is_needed(open_firm: Open) -> None:
    firm = open_firm()
    block = firm.pohoda.unit("http://127.0.0.1:1", firm.ledger)
    block.mserver = block.mserver.model_copy(update={"program": "Pohoda.exe", "configuration": "platby"})
    block.save(firm.unit, overwrite=True)
    assert "mserver.program" in failed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.before
    change(firm, "DELETE FROM stwlock")
    block.model_copy(update={"writer": "sql"}).save(firm.unit, overwrite=True)
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")
