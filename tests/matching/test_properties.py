"""What must hold of matching whatever the payments and documents are."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from blocks.matching import Matching
from tasks.marks import wanted
from tasks.matching import Reason, match, suggest
from tasks.tables import AGENDAS, DOCUMENTS, PAYMENTS, VERDICTS, checked, stacked
from tests.matching import worlds

pytestmark = pytest.mark.no_cover

OTHERS = ("99990001", "99990002")
"""Symbols, and so numbers and references, that have nothing to do with those of the worlds."""

FEW = limits(max_examples=40, deadline=None)


def plain(verdicts: pd.DataFrame) -> list[tuple[object, ...]]:
    """Verdicts to compare: as tuples, in an order of their own."""
    rows = verdicts.astype(object).where(verdicts.notna(), None)
    return sorted(rows.itertuples(index=False, name=None), key=repr)


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_money_is_conserved(payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching) -> None:
    verdicts = checked(VERDICTS, match(payments, documents, settings))
    sums = verdicts.groupby(["source", "payment_id", "agenda"])["amount"].sum()
    amounts = dict(zip(payments["payment_id"], payments["amount"], strict=True))
    assert sums.to_dict() == {
        ("fio:CZ1", identity, agenda): amount for identity, amount in amounts.items() for agenda in AGENDAS
    }
    counted = verdicts["reason"] == Reason.COUNTED
    assert (counted == verdicts["document_id"].notna()).all()


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings(), st.integers(0, 1000))
def test_order_of_input_is_irrelevant(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, seed: int
) -> None:
    ours, theirs = (frame.sample(frac=1, random_state=seed) for frame in (payments, documents))
    assert plain(match(ours, theirs, settings)) == plain(match(payments, documents, settings))


@FEW
@given(
    worlds.payments(),
    worlds.documents(),
    worlds.payments(OTHERS, "fio:CZ2"),
    worlds.documents(OTHERS, 500),
    worlds.settings(),
)
def test_unrelated_payments_and_documents_change_no_verdict(
    payments: pd.DataFrame,
    documents: pd.DataFrame,
    more_payments: pd.DataFrame,
    more_documents: pd.DataFrame,
    settings: Matching,
) -> None:
    alone = match(payments, documents, settings)
    together = match(
        stacked(PAYMENTS, [payments, more_payments]), stacked(DOCUMENTS, [documents, more_documents]), settings
    )
    assert plain(together[together["source"] == "fio:CZ1"]) == plain(alone)


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_a_refund_of_everything_returns_the_marks_to_nothing(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching
) -> None:
    back = payments.assign(
        payment_id="back" + payments["payment_id"],
        amount=-payments["amount"],
        kind=payments["kind"].where(payments["kind"].isin(["fee", "settlement"]), "refund"),
        reverses=payments["payment_id"],
    )
    everything = stacked(PAYMENTS, [payments, checked(PAYMENTS, back.astype(dict(PAYMENTS)))])
    marks = wanted(match(everything, documents, settings), documents, settings)
    assert (marks["amount"] == 0).all()
    assert (marks["count"] == 0).all()
    assert not marks["paid"].any()


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_paid_is_only_what_is_covered_and_not_far_overpaid(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching
) -> None:
    marks = wanted(match(payments, documents, settings), documents, settings)
    paid = marks[marks["paid"]]
    assert (paid["amount"] >= paid["total"]).all()
    assert (paid["amount"] * 100 <= paid["total"] * 105).all()
    assert (paid["count"] > 0).all()


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_nothing_counted_crosses_a_gate(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching
) -> None:
    verdicts = match(payments, documents, settings)
    counted = verdicts[verdicts["reason"] == Reason.COUNTED].astype({"document_id": "int64"})
    known = documents.rename(columns={"id": "document_id", "currency": "in"})
    pairs = counted.drop(columns="amount").merge(payments, on=["source", "payment_id"])
    pairs = pairs.merge(
        known[["agenda", "document_id", "in", "cancelled", "total"]], on=["agenda", "document_id"]
    )
    assert len(pairs) == len(counted)
    assert (pairs["currency"] == pairs["in"]).all()
    assert not pairs["cancelled"].any()
    assert (pairs["total"] > 0).all()
    assert not pairs["kind"].isin(["fee", "settlement", "interest"]).any()


@FEW
@given(worlds.payments(), worlds.documents(), worlds.settings())
def test_suggestions_are_only_for_payments_that_found_nothing(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching
) -> None:
    verdicts = match(payments, documents, settings)
    suggested = suggest(payments, documents, verdicts, settings)
    found = verdicts[~verdicts["reason"].isin([Reason.NO_DOCUMENT, Reason.NO_KEY])]
    assert not set(suggested["payment_id"]) & set(found["payment_id"])
