"""An accountant's Pohoda and our ledger in memory: what is settled, by whom, and what we know of it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from blocks.matching import Matching
from tasks.marks import MARKED, plan
from tasks.settlements.due import settlements
from tasks.settlements.fate import found_out, known_by_now
from tasks.tables import DOCUMENTS, PAYMENTS, SETTLED, VERDICTS, table

DAY = dt.date(2026, 6, 20)
Key = tuple[str, int]
INVOICES: dict[Key, tuple[str, int]] = {
    ("advance_invoice", 11): ("1", 1000),
    ("issued_invoice", 12): ("1", 1000),
    ("issued_invoice", 13): ("2", 700),
    ("issued_invoice", 14): ("3", 700),
}
"""Symbol and total. The first two are one deal: an advance invoice and its final one."""
FIELDS = {"issued_invoice": frozenset({"amount"}), "advance_invoice": frozenset({"amount"})}


def money(*rows: tuple[int, str]) -> pd.DataFrame:
    """Payments of so many hundredths under these symbols, one a day, the first one the oldest."""
    listed = [
        {
            "source": "fio:1",
            "payment_id": f"p{n}",
            "booked_on": pd.Timestamp(DAY) + pd.Timedelta(days=n),
            "amount": amount,
            "currency": "CZK",
            "variable_symbol": symbol,
            "kind": "transfer" if amount > 0 else "refund",
        }
        for n, (amount, symbol) in enumerate(rows)
    ]
    return table(PAYMENTS, listed)


def verdicts_of(payments: pd.DataFrame) -> pd.DataFrame:
    """Each payment counts for the documents of its symbol, in each agenda that has one."""
    rows = [
        {
            "source": payment["source"],
            "payment_id": payment["payment_id"],
            "agenda": agenda,
            "document_id": row_id,
            "amount": payment["amount"],
            "rule": "variable_symbol",
            "reason": "counted",
        }
        for payment in payments.to_dict("records")
        for (agenda, row_id), (symbol, _) in INVOICES.items()
        if symbol == payment["variable_symbol"]
    ]
    return table(VERDICTS, rows)


@dataclass
class Books:
    """What stands in Pohoda, and what the ledger knows."""

    by_others: Counter[Key] = field(default_factory=Counter[Key])
    by_us: dict[tuple[Key, str], int] = field(default_factory=dict[tuple[Key, str], int])
    """What each payment settles on each document by our doing, and what no person has cancelled."""
    ledger: dict[str, dict[Any, Any]] = field(default_factory=dict[str, dict[Any, Any]])
    imported: Counter[str] = field(default_factory=Counter[str])
    """How often a settlement of this id took effect. Pohoda lets none do so twice."""
    repeated: set[Key] = field(default_factory=set[Key])
    """Documents of which Pohoda has said that a settlement was done before."""

    @property
    def standing(self) -> Counter[Key]:
        sums = Counter(self.by_others)
        for (key, _), amount in self.by_us.items():
            sums[key] += amount
        return sums

    @property
    def documents(self) -> pd.DataFrame:
        rows = [
            {
                "agenda": agenda,
                "id": row_id,
                "number": f"N{row_id}",
                "total": total,
                "currency": "CZK",
                "issued_on": pd.Timestamp(DAY),
                "cancelled": False,
                "marked_amount": self.standing[agenda, row_id],
            }
            for (agenda, row_id), (_, total) in INVOICES.items()
        ]
        return table(DOCUMENTS, rows)

    @property
    def settled(self) -> pd.DataFrame:
        """What the ledger says of what we sent."""
        rows = [row for row in self.ledger.values() if row["state"] != "not_settled"]
        return table(SETTLED, rows)

    def run(self, payments: pd.DataFrame, arrive: int = 1000, *, noted: bool = True) -> int:
        """One run of which so many settlements arrive and no more; how many were sent.

        Without `noted` it is killed before it has noted what became of them.
        """
        documents, verdicts = self.documents, verdicts_of(payments)
        settled = known_by_now(self.settled, documents)
        for id, state in found_out(self.settled, documents).items():
            self.ledger[id]["state"] = state
        changes = plan(verdicts, documents, table(MARKED), Matching(), FIELDS)
        changes, parts = settlements(changes, verdicts, payments, documents, settled)
        goal = dict(
            zip(zip(changes["agenda"], changes["document_id"], strict=True), changes["new_amount"], strict=True)
        )
        assert {*zip(parts["agenda"], parts["document_id"], strict=True)} <= goal.keys()
        before = self.standing
        for place, part in enumerate(parts.to_dict("records")):
            self._send(part, before, place < arrive, noted)
        if arrive >= len(parts):
            assert all(self.standing[key] in (goal[key], before[key]) or key in self.repeated for key in goal)
        return len(parts)

    def _send(self, part: dict[Any, Any], before: Counter[Key], arrives: bool, noted: bool) -> None:
        key = (str(part["agenda"]), int(part["document_id"]))
        id = f"{key}{part['payment_id']}"
        assert self.ledger.get(id, {"state": "not_settled"})["state"] == "not_settled", "sent twice"
        row = {name: part.get(name) for name in SETTLED} | {"id": id, "before": before[key], "state": "sent"}
        self.ledger[id] = row
        if arrives and self.imported[id]:
            self.repeated.add(key)
        elif arrives:
            assert self.standing[key] + int(part["amount"]) <= INVOICES[key][1], "more than is open"
            self.by_us[key, str(part["payment_id"])] = int(part["amount"])
            self.imported[id] += 1
        if noted:
            row["state"] = "settled" if arrives else "not_settled"

    def settle_by_hand(self, key: Key, part: int) -> None:
        """The accountant settles so many hundredths of what is open, out of a hundred."""
        self.by_others[key] += (INVOICES[key][1] - self.standing[key]) * part // 100

    def cancel(self, key: Key) -> None:
        """The accountant takes away what we settled on a document."""
        for pair in [pair for pair in self.by_us if pair[0] == key]:
            del self.by_us[pair]

    def of_payment(self) -> Counter[str]:
        """How much each payment settles, all documents together."""
        sums = Counter[str]()
        for (_, payment), amount in self.by_us.items():
            sums[payment] += amount
        return sums


def changed(payments: pd.DataFrame, moves: Sequence[tuple[int, str]]) -> pd.DataFrame:
    """The payments, of which these (by place) have another symbol now."""
    symbols = payments["variable_symbol"].tolist()
    for place, symbol in moves:
        symbols[place % len(symbols)] = symbol
    return payments.assign(variable_symbol=pd.Series(symbols, dtype="str"))
