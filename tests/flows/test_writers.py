"""From the provider to the marks by each way of writing, with every part real."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from prefect.client.schemas.objects import State

from sandbox.pohoda import COUNT_FIELD
from sandbox.world import Marks
from tasks.pohoda.sqlite import catalogue_beside
from tests.flows.conftest import Firm

Open = Callable[..., Firm]


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
