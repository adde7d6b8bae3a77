"""Money that must not count: told twice, for several customers, returned to us, or a refund of nothing known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from blocks.matching import Matching
from tasks.marks import wanted
from tasks.matching import match
from tests.matching.tables import DAY, documents, payments

LATER = DAY + dt.timedelta(days=3)
KEY = "AB12-CD34-EF56"
GATEWAY = {"source": "comgate:1", "reference": KEY, "kind": "card"}
BANK = {"source": "fio:CZ1", "variable_symbol": "2026001", "booked_on": LATER}
INVOICE = {"variable_symbol": "2026001", "reference": KEY, "total": 100000}


def reasons(ours: pd.DataFrame, theirs: pd.DataFrame, agenda: str = "issued_invoice") -> dict[str, str]:
    found = match(ours, theirs, Matching())
    return dict(found.loc[found["agenda"] == agenda, ["payment_id", "reason"]].itertuples(index=False))


def marks(ours: pd.DataFrame, theirs: pd.DataFrame, **settings: Any) -> list[tuple[int, int, bool]]:
    rules = Matching(**settings)
    found = wanted(match(ours, theirs, rules), theirs, rules)
    return list(found[["amount", "count", "paid"]].itertuples(index=False, name=None))


def test_a_deposit_that_the_gateway_passes_on_to_the_bank_counts_once() -> None:
    ours = payments({**GATEWAY, "amount": 50000}, {**BANK, "amount": 50000})
    assert reasons(ours, documents(INVOICE)) == {"p1": "counted", "p2": "seen_at_gateway"}
    assert marks(ours, documents(INVOICE)) == [(50000, 1, False)]


@pytest.mark.parametrize(
    "other",
    [{"amount": 50001}, {"booked_on": DAY + dt.timedelta(days=11)}, {"booked_on": DAY - dt.timedelta(days=1)}],
    ids=["another amount", "too late", "before"],
)
def test_a_bank_transfer_that_cannot_be_the_gateways_payout_counts(other: dict[str, Any]) -> None:
    ours = payments({**GATEWAY, "amount": 50000}, {**BANK, "amount": 50000, **other})
    assert set(reasons(ours, documents(INVOICE)).values()) == {"counted"}


def test_one_payment_at_the_gateway_explains_one_at_the_bank() -> None:
    ours = payments({**GATEWAY, "amount": 50000}, *[{**BANK, "amount": 50000}] * 2)
    assert sorted(reasons(ours, documents(INVOICE)).values()) == ["counted", "counted", "seen_at_gateway"]


def test_what_takes_a_refused_payment_back_does_not_count_either() -> None:
    back = {**BANK, "amount": -50000, "kind": "reversal", "reverses": "p2"}
    ours = payments({**GATEWAY, "amount": 50000}, {**BANK, "amount": 50000}, back)
    assert reasons(ours, documents(INVOICE))["p3"] == "seen_at_gateway"
    assert marks(ours, documents(INVOICE)) == [(50000, 1, False)]


def two(first: str | None, second: str | None, **order: Any) -> pd.DataFrame:
    return documents(
        {"variable_symbol": "2026001", "customer": first},
        {"variable_symbol": "2026001", "customer": second, "agenda": "received_order", **order},
    )


def test_an_invoice_and_an_order_of_different_customers_are_not_both_paid_by_one_payment() -> None:
    ours = payments({"variable_symbol": "2026001"})
    theirs = two("ico:11111111", "ico:22222222")
    assert reasons(ours, theirs) == {"p1": "other_customers"}
    assert reasons(ours, theirs, "received_order") == {"p1": "other_customers"}


@pytest.mark.parametrize(
    ("first", "second"),
    [("ico:11111111", "ico:11111111"), (None, "ico:1"), (None, None), ("ico:1", "ad:7")],
    ids=["one customer", "one unknown", "both unknown", "known in two ways"],
)
def test_documents_that_may_be_one_customers_are_paid_by_one_payment(
    first: str | None, second: str | None
) -> None:
    ours = payments({"variable_symbol": "2026001"})
    assert reasons(ours, two(first, second)) == {"p1": "counted"}
    assert reasons(ours, two(first, second), "received_order") == {"p1": "counted"}


def test_the_stricter_rule_tells_which_customer_is_meant() -> None:
    ours = payments({"variable_symbol": "2026001", "message": "objednavka OBJ77001"})
    theirs = two("ico:11111111", "ico:22222222", variable_symbol="777", number="OBJ77001")
    assert reasons(ours, theirs) == {"p1": "counted"}
    assert reasons(ours, theirs, "received_order") == {"p1": "other_customers"}


@pytest.mark.parametrize("kind", ["refund", "reversal"])
def test_money_that_came_back_to_us_pays_no_document(kind: str) -> None:
    ours = payments({"variable_symbol": "2026001", "kind": kind})
    assert reasons(ours, documents(INVOICE)) == {"p1": "returned"}


def test_a_refund_of_a_payment_that_nobody_knows_lowers_nothing() -> None:
    refund = {"variable_symbol": "2026001", "amount": -10000, "kind": "refund", "reverses": "never seen"}
    ours = payments({"variable_symbol": "2026001"}, refund)
    assert reasons(ours, documents(INVOICE)) == {"p1": "counted", "p2": "refund_without_payment"}


def test_a_tolerance_does_not_make_a_small_document_paid_by_a_hundredth() -> None:
    ours = payments({"variable_symbol": "2026001", "amount": 1})
    theirs = documents({"variable_symbol": "2026001", "total": 5000})
    assert marks(ours, theirs, tolerance=100) == [(1, 1, False)]


def test_an_order_of_the_shop_is_not_an_invoice_with_the_same_digits() -> None:
    word = payments({"source": "byznysweb:shop.cz", "kind": "eshop", "reference": "2600123"})
    assert reasons(word, documents({"number": "FV2600123"})) == {"p1": "no_document"}
