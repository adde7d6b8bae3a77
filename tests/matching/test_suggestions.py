"""What is likely but not certain, and never written."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from blocks.matching import Matching
from tasks.matching import match, suggest
from tests.matching.tables import documents, payments

THEIRS = documents(
    {"variable_symbol": "2026004711", "customer": "c1"}, {"variable_symbol": "7700", "total": 5000}
)


def suggested(
    ours: pd.DataFrame, theirs: pd.DataFrame = THEIRS, settings: Matching | None = None
) -> list[tuple[str, int, str]]:
    """Suggestions as (payment, document, first words of why)."""
    settings = settings or Matching()
    found = suggest(ours, theirs, match(ours, theirs, settings), settings)
    return [(row["payment_id"], row["document_id"], row["why"].split(" a ")[0]) for _, row in found.iterrows()]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2026004712", "symbol se liší jednou číslicí"),
        ("1026004711", "symbol se liší jednou číslicí"),
        ("2026007411", "v symbolu jsou prohozené dvě sousední číslice"),
        ("202604711", "v symbolu chybí jedna číslice"),
        ("20260047111", "v symbolu je jedna číslice navíc"),
    ],
)
def test_a_symbol_one_error_away_is_suggested(written: str, why: str) -> None:
    assert suggested(payments({"variable_symbol": written})) == [("p1", 1, why)]


def test_a_mistyped_symbol_in_the_message_is_suggested_too() -> None:
    assert suggested(payments({"message": "VS 2026004712"})) == [("p1", 1, "symbol se liší jednou číslicí")]


@pytest.mark.parametrize(
    "payment",
    [
        {"variable_symbol": "2026004722"},
        {"variable_symbol": "2026004712", "amount": 9999},
        {"variable_symbol": "2026004712", "currency": "EUR"},
        {"variable_symbol": "2026004712", "kind": "fee"},
        {"variable_symbol": "2026004712", "amount": -10000, "kind": "refund"},
    ],
)
def test_two_errors_another_amount_or_a_gate_suggest_nothing(payment: dict[str, Any]) -> None:
    assert suggested(payments(payment)) == []


def test_a_paid_document_is_not_suggested() -> None:
    ours = payments({"variable_symbol": "2026004711"}, {"variable_symbol": "2026004712"})
    assert suggested(ours) == []


ACCOUNT = {"counterparty": "123/0100"}
CUSTOMER = documents(
    {"variable_symbol": "2026004711", "customer": "c1"},
    {"variable_symbol": "2026004799", "customer": "c1", "total": 5000},
    {"variable_symbol": "2026009999", "customer": "c2"},
)


def test_an_account_that_paid_the_customer_before_is_suggested() -> None:
    ours = payments({"variable_symbol": "2026004711", **ACCOUNT}, {"amount": 5000, **ACCOUNT})
    assert suggested(ours, CUSTOMER) == [("p2", 2, "z tohoto účtu už zákazník jistě platil")]
    assert suggested(ours, CUSTOMER, Matching(learn_accounts=False)) == []


def test_an_account_that_pays_for_two_customers_tells_nothing() -> None:
    ours = payments(
        {"variable_symbol": "2026004711", **ACCOUNT},
        {"variable_symbol": "2026009999", **ACCOUNT},
        {"amount": 5000, **ACCOUNT},
    )
    assert suggested(ours, CUSTOMER) == []


def test_typing_errors_can_be_switched_off() -> None:
    ours = payments({"variable_symbol": "2026004712"})
    assert suggested(ours, settings=Matching(suggest_typing_errors=False)) == []
