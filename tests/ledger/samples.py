"""Payments and deliveries for the ledger's tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from tasks.provider import Delivery
from tasks.tables import CHANGES, INCOMING, table

SOURCE = "fio:CZ3820100000002900555000"
NOON = dt.datetime(2025, 11, 10, 12, tzinfo=dt.UTC)
DAY = dt.date(2025, 11, 3)


def incoming(payment_id: str, **changed: Any) -> dict[str, Any]:
    """One payment as a provider gives it."""
    return {
        "source": SOURCE,
        "payment_id": payment_id,
        "booked_on": pd.Timestamp(DAY),
        "amount": 150000,
        "currency": "CZK",
        "variable_symbol": "20250117",
        "message": "nájem\nbyt č. 5",
        "kind": "transfer",
        "raw": '{"column22": 1}',
        **changed,
    }


def delivery(*payments: dict[str, Any], **rest: Any) -> Delivery:
    return Delivery(payments=table(INCOMING, payments), **rest)


def change(number: str, **changed: Any) -> dict[str, Any]:
    """One change of the marks on an issued invoice that carried none."""
    return {
        "agenda": "issued_invoice",
        "document_id": 7,
        "number": number,
        "currency": "CZK",
        "total": 150000,
        "new_amount": 150000,
        "new_count": 1,
        "new_paid": True,
        **changed,
    }


def changes(*rows: dict[str, Any]) -> pd.DataFrame:
    return table(CHANGES, rows)
