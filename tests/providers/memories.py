"""A ledger's memory for tests: what a provider remembers between runs, and the payments that were recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from tasks.provider import Delivery


class Remembered:
    """Keeps what deliveries say, as the ledger does: payments by identity, cursors, complete days."""

    def __init__(self) -> None:
        self.cursors: dict[str, str] = {}
        self.payments: dict[str, dict[Any, Any]] = {}
        self.history: list[tuple[str, int]] = []
        self.covered: set[dt.date] = set()
        self.turns: list[tuple[str, float]] = []

    def cursor(self, source: str, name: str) -> str | None:
        return self.cursors.get(name)

    def wait_turn(self, key: str, seconds: float) -> None:
        self.turns.append((key, seconds))

    def record(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            for row in delivery.payments.to_dict("records"):
                old = self.payments.get(row["payment_id"])
                if old is None or old["amount"] != row["amount"]:
                    self.history.append((row["payment_id"], row["amount"]))
                self.payments[row["payment_id"]] = row
            self.cursors |= dict(delivery.cursors)
            self.covered |= set(delivery.covered)

    def marks(self) -> dict[str, tuple[int, int]]:
        """Amount and number of payments per reference, as they may be written to documents.

        A payment wholly taken back does not count; nor does a refund of a payment that is not on record.
        """
        kinds = ("card", "eshop", "refund", "reversal")
        rows = [row for row in self.payments.values() if row["kind"] in kinds]
        rows = [row for row in rows if not isinstance(row["reverses"], str) or row["reverses"] in self.payments]
        found: dict[str, tuple[int, int]] = {}
        for row in rows:
            back = sum(other["amount"] for other in rows if other["reverses"] == row["payment_id"])
            amount, count = found.get(str(row["reference"]), (0, 0))
            counts = row["amount"] > 0 and row["amount"] + back > 0
            found[str(row["reference"])] = (amount + row["amount"], count + counts)
        return found
