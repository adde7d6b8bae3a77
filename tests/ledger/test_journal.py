from __future__ import annotations

from typing import Any

import pytest

from tasks.ledger import Journal, Ledger
from tasks.ledger.journal import MARKED, WRITES
from tasks.tables import checked
from tests.ledger.samples import change, changes

UNIT = "12345678"


@pytest.fixture
def journal(ledger: Ledger) -> Journal:
    return ledger.journal(unit=UNIT, run="one", writer="mserver")


def write(journal: Journal, outcome: str | None, **changed: Any) -> None:
    ids = journal.intend(changes(change("FV1", **changed)))
    if outcome is not None:
        journal.settle(ids, [outcome], [""])


def numbers(ledger: Ledger) -> list[str]:
    return ledger.marked(UNIT)["number"].tolist()


def test_a_confirmed_write_is_ours(ledger: Ledger, journal: Journal) -> None:
    write(journal, "written")
    marked = checked(MARKED, ledger.marked(UNIT))
    assert marked.to_dict("records") == [
        {
            "agenda": "issued_invoice",
            "document_id": 7,
            "number": "FV1",
            "total": change("FV1")["total"],
            "amount": 150000,
            "count": 1,
            "paid": True,
            "confirmed": True,
        }
    ]


@pytest.mark.parametrize("outcome", [None, "unknown"])
def test_a_write_whose_outcome_nobody_knows_may_be_ours_beside_the_one_before_it(
    ledger: Ledger, journal: Journal, outcome: str | None
) -> None:
    write(journal, "written", new_amount=1)
    write(journal, outcome)
    assert ledger.marked(UNIT)[["amount", "confirmed"]].to_numpy().tolist() == [[1, True], [150000, False]]


def test_a_refused_write_leaves_the_one_before_it(ledger: Ledger, journal: Journal) -> None:
    write(journal, "written", new_amount=1)
    write(journal, "refused")
    assert ledger.marked(UNIT)[["amount", "confirmed"]].to_numpy().tolist() == [[1, True]]


def test_a_document_that_was_only_refused_is_not_ours(ledger: Ledger, journal: Journal) -> None:
    write(journal, "refused")
    assert numbers(ledger) == []


def test_a_document_whose_marks_were_taken_away_is_ours_no_more(ledger: Ledger, journal: Journal) -> None:
    write(journal, "written")
    write(journal, "unknown", new_amount=0, new_count=0, new_paid=False)
    assert ledger.marked(UNIT)[["amount", "confirmed"]].to_numpy().tolist() == [[150000, True], [0, False]]
    write(journal, "written", new_amount=0, new_count=0, new_paid=False)
    assert numbers(ledger) == []


def test_two_documents_of_one_number_are_both_ours(ledger: Ledger, journal: Journal) -> None:
    write(journal, "written", document_id=7)
    write(journal, "written", document_id=8)
    assert ledger.marked(UNIT)["document_id"].tolist() == [7, 8]


def test_another_unit_has_its_own_writes(ledger: Ledger, journal: Journal) -> None:
    write(journal, "written")
    assert ledger.marked("87654321").empty


def test_ids_and_outcomes_keep_the_order_of_the_batch(ledger: Ledger, journal: Journal) -> None:
    ids = journal.intend(changes(change("FV1"), change("FV2")))
    journal.settle(ids[::-1], ["refused", "written"], ["1002: locked", ""])
    assert numbers(ledger) == ["FV1"]
    assert ledger.history(UNIT, "issued_invoice", "FV2")["note"].tolist() == ["1002: locked"]


def test_an_empty_batch_is_no_write(ledger: Ledger, journal: Journal) -> None:
    assert journal.intend(changes()) == []
    journal.settle([], [], [])
    assert ledger.marked(UNIT).empty


def test_the_history_tells_every_write_with_old_and_new_marks(ledger: Ledger, journal: Journal) -> None:
    write(journal, "refused")
    write(journal, None, old_amount=5, old_count=1, old_paid=False)
    found = checked(WRITES, ledger.history(UNIT, "issued_invoice", "FV1"))
    assert found["outcome"].tolist() == ["refused", "intended"]
    assert found["old_amount"].isna().tolist() == [True, False]
    assert found["run"].tolist() == ["one", "one"]
    assert found["settled_at"].isna().tolist() == [False, True]
    assert (found["intended_at"] <= found["settled_at"])[0]


def test_marks_count_as_ours_only_where_the_writers_asked_for_put_them(ledger: Ledger) -> None:
    for run, writer, amount in [("one", "mserver", 1), ("two", "settlement", 2), ("three", "sql", 3)]:
        write(ledger.journal(unit=UNIT, run=run, writer=writer), "written", new_amount=amount)
    assert ledger.marked(UNIT)["amount"].tolist() == [3]
    assert ledger.marked(UNIT, {"settlement"})["amount"].tolist() == [2]
    assert ledger.marked(UNIT, {"mserver", "sql"})["amount"].tolist() == [3]
    assert ledger.marked(UNIT, {"mserver"})["amount"].tolist() == [1]
