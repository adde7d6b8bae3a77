"""A mark that somebody changed in Pohoda by hand is seen as such, and nothing else is."""

from typing import Any

import pandas as pd
import pytest

from tasks.drift import drifted, without
from tasks.ledger.journal import MARKED
from tasks.tables import CHANGES, DOCUMENTS, table

ALL = {"issued_invoice": frozenset({"amount", "count", "paid"})}
WRITTEN = {
    "agenda": "issued_invoice",
    "document_id": 7,
    "number": "2026007",
    "total": 5000,
    "amount": 5000,
    "count": 2,
    "paid": True,
    "confirmed": True,
}


def document(**marks: Any) -> pd.DataFrame:
    row = {"agenda": "issued_invoice", "id": 7, "number": "2026007", "currency": "CZK", "total": 5000}
    return table(DOCUMENTS, [{**row, "cancelled": False, **marks}])


def written(**other: Any) -> pd.DataFrame:
    return table(MARKED, [{**WRITTEN, **other}])


def test_marks_that_stand_as_written_have_not_drifted() -> None:
    standing = document(marked_amount=5000, marked_count=2, marked_paid=True)
    assert drifted(standing, written(), ALL).empty


@pytest.mark.parametrize(
    "hand",
    [{"marked_amount": 4999}, {"marked_count": 1}, {"marked_paid": False}],
    ids=["amount", "count", "no longer paid"],
)
def test_a_changed_mark_is_named_with_what_we_wrote_and_what_stands(hand: dict[str, Any]) -> None:
    standing = document(**{"marked_amount": 5000, "marked_count": 2, "marked_paid": True, **hand})
    [row] = drifted(standing, written(), ALL).to_dict("records")
    assert (row["number"], row["written_amount"]) == ("2026007", 5000)


def test_a_mark_without_a_field_cannot_drift() -> None:
    standing = document(marked_amount=5000)
    assert drifted(standing, written(), {"issued_invoice": frozenset({"amount"})}).empty


def test_a_field_that_is_still_empty_was_changed_by_nobody() -> None:
    assert drifted(document(marked_amount=5000, marked_count=2), written(), ALL).empty


def test_a_write_that_may_not_have_arrived_says_nothing_about_a_hand() -> None:
    standing = document(marked_amount=9000, marked_count=3, marked_paid=False)
    maybe = written(amount=9000, count=3, paid=False, confirmed=False)
    assert drifted(standing, maybe, ALL).empty
    assert drifted(standing, pd.concat([written(), maybe], ignore_index=True), ALL).empty


def test_another_document_of_the_same_number_in_a_new_year_has_not_drifted() -> None:
    other = document(marked_amount=1).assign(id=900, total=123)
    assert drifted(other, written(), ALL).empty


def test_a_document_carried_over_into_a_new_year_is_known_by_its_number() -> None:
    standing = document(marked_amount=1).assign(id=900)
    assert drifted(standing, written(), ALL)["document_id"].tolist() == [900]


def test_only_untouched_documents_are_left_to_write() -> None:
    rows = [
        {"agenda": "issued_invoice", "document_id": n, "number": str(n), "total": 1, "new_amount": 1}
        | {"new_count": 1, "new_paid": True}
        for n in (7, 8)
    ]
    drift = drifted(document(marked_amount=1), written(), ALL)
    assert without(table(CHANGES, rows), drift)["document_id"].tolist() == [8]
    assert len(without(table(CHANGES, rows), drift.iloc[:0])) == 2
