"""What should stand on documents, and what of it must change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

from blocks.matching import Matching
from tasks.marks import MARKED, plan, wanted
from tasks.matching import match
from tasks.tables import AGENDAS, CHANGES, checked, table
from tests.matching import worlds
from tests.matching.tables import documents, payments

pytestmark = pytest.mark.no_cover

ALL = {agenda: frozenset({"amount", "count", "paid"}) for agenda in AGENDAS}
NONE = table(MARKED)
SYMBOL = {"variable_symbol": "2026001"}


def standing(amounts: list[int], options: Matching | None = None, **document: Any) -> tuple[int, int, bool, str]:
    """Amount, count, paid and state of one invoice of 100.00 after payments of these amounts."""
    options = options or Matching()
    theirs = documents({**SYMBOL, **document})
    kinds = ({"amount": amount, "kind": "transfer" if amount > 0 else "refund", **SYMBOL} for amount in amounts)
    found = wanted(match(payments(*kinds), theirs, options), theirs, options)
    row = found.iloc[0]
    return int(row["amount"]), int(row["count"]), bool(row["paid"]), str(row["state"])


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([10000], (10000, 1, True, "paid")),
        ([4000, 6000], (10000, 2, True, "paid")),
        ([10500], (10500, 1, True, "paid")),
        ([10501], (10501, 1, False, "overpaid")),
        ([9999], (9999, 1, False, "underpaid")),
        ([10000, 10000], (20000, 2, False, "paid_twice")),
        ([10000, -10000], (0, 0, False, "after_refund")),
        ([10000, -3000], (7000, 1, False, "after_refund")),
        ([10000, -10000, 10000], (10000, 1, True, "paid")),
        ([10000, 10000, -10000], (10000, 1, True, "paid")),
        ([4000, 6000, -6000], (4000, 1, False, "after_refund")),
        ([4000, 6000, -10000], (0, 0, False, "after_refund")),
    ],
)
def test_marks_follow_from_the_counted_payments(amounts: list[int], expected: tuple[int, int, bool, str]) -> None:
    assert standing(amounts) == expected


def test_a_shortfall_within_the_tolerance_is_paid() -> None:
    assert standing([9950], Matching(tolerance=Decimal("0.50"))) == (9950, 1, True, "paid")
    assert standing([9949], Matching(tolerance=Decimal("0.50"))) == (9949, 1, False, "underpaid")


def test_the_margin_for_overpayments_is_exact_for_large_documents() -> None:
    total = 10**15
    assert standing([total + total // 20], total=total)[2]
    assert not standing([total + total // 20 + 1], total=total)[2]


def planned(
    ours: pd.DataFrame, theirs: pd.DataFrame, marked: pd.DataFrame = NONE, fields: Any = ALL
) -> list[tuple[Any, ...]]:
    """Changes as (document, new amount, new count, new paid)."""
    found = checked(CHANGES, plan(match(ours, theirs, Matching()), theirs, marked, Matching(), fields))
    columns = ["document_id", "new_amount", "new_count", "new_paid"]
    return list(found[columns].itertuples(index=False, name=None))


def ours(**last: Any) -> pd.DataFrame:
    """What we wrote last to the first invoice."""
    usual = {"agenda": "issued_invoice", "document_id": 1, "number": "FV0000001"}
    return table(MARKED, [{**usual, "amount": 10000, "count": 1, "paid": True, **last}])


def test_a_paid_document_without_marks_gets_them() -> None:
    assert planned(payments(SYMBOL), documents(SYMBOL)) == [(1, 10000, 1, True)]


def test_marks_that_stand_already_are_left_alone() -> None:
    right = {**SYMBOL, "marked_amount": 10000, "marked_count": 1, "marked_paid": True}
    assert planned(payments(SYMBOL), documents(right)) == []


def test_marks_set_by_people_stay_when_no_payment_belongs_to_the_document() -> None:
    by_hand = {**SYMBOL, "marked_amount": 500, "marked_count": 1, "marked_paid": True}
    assert planned(payments(), documents(by_hand)) == []
    assert planned(payments(), documents(by_hand), ours(amount=0, count=0, paid=False)) == []


def test_our_marks_go_back_to_nothing_with_their_payments() -> None:
    marked = {**SYMBOL, "marked_amount": 10000, "marked_count": 1, "marked_paid": True}
    assert planned(payments(), documents(marked), ours()) == [(1, 0, 0, False)]


def test_an_empty_field_stands_for_nothing() -> None:
    assert planned(payments(), documents(SYMBOL), ours()) == []


def test_a_document_is_known_by_its_number_in_the_next_years_database() -> None:
    moved = {**SYMBOL, "id": 77, "number": "FV0000001", "marked_amount": 10000}
    stranger = {"id": 1, "number": "FV0000002", "marked_amount": 10000, "marked_paid": True}
    assert planned(payments(), documents(moved, stranger), ours()) == [(77, 0, 0, False)]


def test_of_two_documents_with_one_number_the_one_with_the_id_is_ours() -> None:
    twins = [{"number": "FV0000001", "marked_amount": 10000} for _ in range(2)]
    assert planned(payments(), documents(*twins), ours()) == [(1, 0, 0, False)]


@pytest.mark.parametrize(("stands", "changes"), [(10000, [(1, 0, 0, False)]), (500, [])])
def test_an_unconfirmed_write_is_ours_only_if_it_stands(stands: int, changes: list[Any]) -> None:
    marked = {**SYMBOL, "marked_amount": stands, "marked_count": 1, "marked_paid": True}
    assert planned(payments(), documents(marked), ours().assign(confirmed=False)) == changes


def test_marks_without_a_field_make_no_change() -> None:
    stands = {**SYMBOL, "marked_amount": 10000}
    only_amount = {"issued_invoice": frozenset({"amount"})}
    assert planned(payments(SYMBOL), documents(stands), fields=only_amount) == []
    assert planned(payments(SYMBOL), documents(SYMBOL), fields={}) == []
    assert planned(payments(SYMBOL), documents(SYMBOL), fields=only_amount) == [(1, 10000, 1, True)]


@settings(max_examples=40, deadline=None)
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_a_plan_that_was_applied_leaves_nothing_to_change(
    ours: pd.DataFrame, theirs: pd.DataFrame, options: Matching
) -> None:
    verdicts = match(ours, theirs, options)
    changes = plan(verdicts, theirs, NONE, options, ALL)
    marks = changes.rename(columns={"document_id": "id"})[["agenda", "id", "new_amount", "new_count", "new_paid"]]
    applied = theirs.merge(marks, on=["agenda", "id"], how="left")
    for mark in ("amount", "count", "paid"):
        applied[f"marked_{mark}"] = applied.pop(f"new_{mark}").astype(theirs[f"marked_{mark}"].dtype)
    written = changes.rename(columns={"new_amount": "amount", "new_count": "count", "new_paid": "paid"})
    marked = written[list(MARKED)]
    assert plan(match(ours, applied, options), applied, marked, options, ALL).empty
    nothing = match(ours[:0], applied, options)
    cleared = plan(nothing, applied, marked, options, ALL)
    assert set(cleared["document_id"]) == set(changes.loc[changes["new_amount"] != 0, "document_id"])
