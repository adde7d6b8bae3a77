"""Short ways to write payments and documents in tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from tasks.tables import DOCUMENTS, PAYMENTS, table

DAY = dt.datetime(2026, 3, 10)  # noqa: DTZ001 - tables carry days without a zone


def payments(*rows: dict[str, Any]) -> pd.DataFrame:
    """Payments of 100.00 CZK by transfer to one account on one day, unless a row says otherwise."""
    usual = {"source": "fio:CZ1", "booked_on": DAY, "amount": 10000, "currency": "CZK", "kind": "transfer"}
    return table(PAYMENTS, [{"payment_id": f"p{n}", **usual, **row} for n, row in enumerate(rows, 1)])


def documents(*rows: dict[str, Any]) -> pd.DataFrame:
    """Issued invoices of 100.00 CZK issued five days before the payments, unless a row says otherwise."""
    usual = {"agenda": "issued_invoice", "total": 10000, "currency": "CZK", "cancelled": False}
    issued = DAY - dt.timedelta(days=5)
    return table(
        DOCUMENTS,
        [{"id": n, "number": f"FV{n:07d}", "issued_on": issued, **usual, **row} for n, row in enumerate(rows, 1)],
    )
