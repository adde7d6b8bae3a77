"""A unit of three documents that lives in memory, and what a test needs to write marks to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import SecretStr

from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from sandbox.mserver import SandboxMServer, Value
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD
from tasks.tables import CHANGES, table

SAMPLES = Path(__file__).parent / "samples"
ICO = "12345678"
DATABASE = f"StwPh_{ICO}_2026"
ORDER, INVOICE, ADVANCE = ("received_order", 1001), ("issued_invoice", 2001), ("advance_invoice", 2002)
FIELDS: dict[str, Any] = {"amount_field": AMOUNT_FIELD, "count_field": COUNT_FIELD, "paid_field": PAID_FIELD}

Key = tuple[str, int]


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


class MemoryUnit:
    """Documents by agenda and id, each with its number and the fields set so far."""

    ico = ICO
    year = 2026
    company = "Zkušební firma s.r.o."
    database_name = DATABASE

    def __init__(self, numbers: Mapping[Key, str] | None = None) -> None:
        self.numbers = dict(numbers or {ORDER: "26OP00001", INVOICE: "260100001", ADVANCE: "26ZF00001"})
        self.values: dict[Key, dict[str, Any]] = {key: {} for key in self.numbers}
        self.open: dict[Key, Decimal] = {}

    def find(self, agenda: str, row_id: int) -> str | None:
        return self.numbers.get((agenda, row_id))

    def apply(self, agenda: str, row_id: int, values: Mapping[str, Value | None]) -> bool:
        self.values[agenda, row_id].update(values)
        return True

    def settle(self, agenda: str, row_id: int, amount: Decimal) -> bool:
        left = self.open.get((agenda, row_id), Decimal(0)) - amount
        if left < 0:
            return False
        self.open[agenda, row_id] = left
        return True

    @property
    def untouched(self) -> bool:
        return not any(self.values.values())

    def standing(self, batch: pd.DataFrame) -> pd.DataFrame:
        """The marks on the documents of a batch, as the product reads them back from the database."""
        keys = [key for key in zip(batch["agenda"], batch["document_id"], strict=True) if key in self.values]
        read = [self.values[key] for key in keys]
        return pd.DataFrame(
            {
                "agenda": pd.Series([agenda for agenda, _ in keys], dtype="str"),
                "document_id": pd.Series([row_id for _, row_id in keys], dtype="int64"),
                "marked_amount": pd.Series([_hundredths(v.get(AMOUNT_FIELD)) for v in read], dtype="Int64"),
                "marked_count": pd.Series([v.get(COUNT_FIELD) for v in read], dtype="Int64"),
                "marked_paid": pd.Series([v.get(PAID_FIELD) for v in read], dtype="boolean"),
            }
        )


class Memory:
    """What is remembered of releases."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def capability(self, name: str) -> str | None:
        return self.known.get(name)

    def remember_capability(self, name: str, value: str) -> None:
        self.known[name] = value


class Notebook:
    """A journal in memory: what was intended, and what came of it."""

    def __init__(self) -> None:
        self.intended: list[dict[Any, Any]] = []
        self.settled: dict[int, tuple[str, str]] = {}

    def intend(self, batch: pd.DataFrame) -> list[int]:
        first = len(self.intended)
        self.intended += batch.to_dict("records")
        return list(range(first, len(self.intended)))

    def settle(self, ids: Sequence[int], outcomes: Sequence[str], notes: Sequence[str]) -> None:
        self.settled.update(zip(ids, zip(outcomes, notes, strict=True), strict=True))

    @property
    def outcomes(self) -> list[str]:
        return [self.settled[n][0] for n in range(len(self.intended))]


def unit_of(mserver: SandboxMServer, **changed: Any) -> PohodaUnit:
    """The block that a technician would fill in for this mServer."""
    agenda = Agenda(**FIELDS)
    filled: dict[str, Any] = {
        "ico": ICO,
        "database": Database(server="SERVER", name=DATABASE),
        "mserver": settings_of(mserver),
        "issued_invoices": agenda,
        "advance_invoices": agenda,
        "received_orders": agenda,
    }
    return PohodaUnit(**(filled | changed))


def settings_of(mserver: SandboxMServer, password: str | None = None) -> MServer:
    return MServer(address=mserver.address, user=mserver.user, password=SecretStr(password or mserver.password))


def change(key: Key = ORDER, *, amount: int = 150050, number: str = "26OP00001", **more: Any) -> dict[str, Any]:
    """One row of changes: an unmarked document is to be marked as paid."""
    row = {
        "agenda": key[0],
        "document_id": key[1],
        "number": number,
        "currency": "CZK",
        "total": amount,
        "new_amount": amount,
        "new_count": 1,
        "new_paid": True,
    }
    return row | more


def changes(*rows: dict[str, Any]) -> pd.DataFrame:
    return table(CHANGES, rows or [change()])


def _hundredths(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 100)
