"""Which document a payment is counted on, and why it is not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from blocks.matching import Matching, Rule
from tasks.matching import match
from tests.matching.tables import DAY, documents, payments

INVOICES = ("issued_invoice",)


def said(
    ours: pd.DataFrame, theirs: pd.DataFrame, settings: Matching | None = None
) -> list[tuple[str, int | None, int, str]]:
    """Verdicts on invoices as (payment, document, amount, reason)."""
    found = match(ours, theirs, settings or Matching(), INVOICES)
    columns = found[["payment_id", "document_id", "amount", "reason"]].astype(object)
    return [(p, None if pd.isna(d) else int(d), int(a), r) for p, d, a, r in columns.itertuples(index=False)]


def test_an_equal_variable_symbol_counts() -> None:
    assert said(payments({"variable_symbol": "2026001"}), documents({"variable_symbol": "2026001"})) == [
        ("p1", 1, 10000, "counted")
    ]


@pytest.mark.parametrize(
    ("payment", "reason"),
    [
        ({"variable_symbol": "999999"}, "no_document"),
        ({}, "no_key"),
        ({"variable_symbol": "2026001", "currency": "EUR"}, "other_currency"),
        ({"variable_symbol": "2026001", "booked_on": DAY - dt.timedelta(days=66)}, "before_document"),
        ({"variable_symbol": "2026001", "kind": "fee"}, "fee"),
        ({"variable_symbol": "2026001", "kind": "interest"}, "interest"),
        ({"variable_symbol": "2026001", "kind": "settlement"}, "settlement"),
        ({"variable_symbol": "2026001", "amount": -10000}, "outgoing"),
        ({"variable_symbol": "2026001", "amount": 0}, "zero"),
        ({"variable_symbol": "2026001", "amount": -10000, "kind": "refund"}, "refund_without_payment"),
        ({"variable_symbol": "2026002"}, "cancelled_document"),
        ({"variable_symbol": "2026003"}, "credit_note"),
        ({"variable_symbol": "2026001", "counterparty": "2900123456/2010"}, "ignored_counterparty"),
    ],
)
def test_every_gate_has_its_reason(payment: dict[str, Any], reason: str) -> None:
    theirs = documents(
        {"variable_symbol": "2026001"},
        {"variable_symbol": "2026002", "cancelled": True},
        {"variable_symbol": "2026003", "total": -500},
    )
    settings = Matching(ignored_accounts=["CZ6520100000002900123456"])
    assert said(payments(payment), theirs, settings) == [("p1", None, payment.get("amount", 10000), reason)]


def test_one_payment_pays_the_one_group_whose_sum_it_is() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": total} for total in (3000, 5000, 9000)))
    assert said(payments({"variable_symbol": "77001", "amount": 8000}), theirs) == [
        ("p1", 1, 3000, "counted"),
        ("p1", 2, 5000, "counted"),
    ]


def test_twins_are_ambiguous() -> None:
    theirs = documents({"variable_symbol": "77001"}, {"variable_symbol": "77001"})
    assert said(payments({"variable_symbol": "77001"}), theirs) == [("p1", None, 10000, "ambiguous")]


def test_oldest_first_splits_a_payment() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": 4000} for _ in range(2)))
    ours = payments({"variable_symbol": "77001", "amount": 5000}, {"variable_symbol": "77001", "amount": 5000})
    assert said(ours, theirs, Matching(oldest_first=True)) == [
        ("p1", 1, 4000, "counted"),
        ("p1", 2, 1000, "counted"),
        ("p2", 2, 3000, "counted"),
        ("p2", None, 2000, "surplus"),
    ]


def test_a_reversal_goes_where_its_payment_went() -> None:
    theirs = documents(*({"variable_symbol": "77001", "total": total} for total in (3000, 5000, 9000)))
    ours = payments(
        {"variable_symbol": "77001", "amount": 8000},
        {"amount": -8000, "kind": "reversal", "reverses": "p1"},
    )
    assert said(ours, theirs)[2:] == [("p2", 1, -3000, "counted"), ("p2", 2, -5000, "counted")]


def test_an_eshops_word_and_the_money_count_once() -> None:
    ours = payments(
        {"kind": "eshop", "source": "byznysweb:x", "reference": "FV0000001"},
        {"variable_symbol": "2026001", "amount": 4000},
    )
    assert said(ours, documents({"variable_symbol": "2026001"})) == [
        ("p1", None, 4000, "seen_elsewhere"),
        ("p1", 1, 6000, "counted"),
        ("p2", 1, 4000, "counted"),
    ]


def test_rules_are_tried_in_their_order() -> None:
    theirs = documents({"variable_symbol": "2026001"}, {"specific_symbol": "2026002"})
    ours = payments({"variable_symbol": "2026001", "specific_symbol": "2026002"})
    settings = Matching(rules=[Rule(kind="symbols", symbols=["specific"]), Rule(kind="symbols")])
    assert said(ours, theirs, settings) == [("p1", 2, 10000, "counted")]
