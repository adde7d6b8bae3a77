"""What the pipeline and the ledger do with a provider that is asked by documents, in memory and in few lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.provider import ByDocuments, Delivery, Fault, Note
from tasks.tables import DOCUMENTS, table

NOON = dt.datetime(2026, 3, 10, 11, tzinfo=dt.UTC)
ISSUED = dt.date(2026, 3, 9)


class Notebook:
    """A `Memory` that keeps deliveries as the ledger does: payments by identity, answers by key."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, pd.Series] = {}
        self.cursors: dict[str, str] = {}
        self.changes = 0

    def cursor(self, source: str, name: str) -> str | None:
        return self.cursors.get(name)

    def wait_turn(self, key: str, seconds: float) -> None:
        raise AssertionError("these providers keep their pace themselves")

    def due(self, questions: pd.DataFrame, now: dt.datetime) -> pd.DataFrame:
        answered = {k: a["ask_again_at"] for k, a in self.answers.items()}
        resting = {key for key, when in answered.items() if pd.isna(when) or when > now}
        return questions[~questions["key"].isin(resting)].reset_index(drop=True)

    def record(self, delivery: Delivery) -> None:
        for found in delivery.payments.to_dict("records"):
            row = {str(name): value for name, value in found.items()}
            self.changes += str(self.payments.get(row["payment_id"])) != str(row)
            self.payments[row["payment_id"]] = row
        for _, answer in delivery.answers.iterrows():
            self.answers[str(answer["key"])] = answer
        self.cursors.update(delivery.cursors)

    def money(self, reference: str) -> int:
        """All that came under one reference, less what went back."""
        return sum(row["amount"] for row in self.payments.values() if row["reference"] == reference)


class Round:
    """One run of a provider over documents: what it asked and what it reported."""

    def __init__(
        self, provider: ByDocuments, notebook: Notebook, papers: pd.DataFrame, now: dt.datetime = NOON
    ) -> None:
        questions, faults = provider.questions(papers)
        self.faults: list[Fault] = list(faults)
        self.notes: list[Note] = []
        self.due = notebook.due(questions, now)
        for raw in provider.ask(self.due) if len(self.due) else []:
            delivery = provider.read(raw, now)
            notebook.record(delivery)
            self.faults += delivery.faults
            self.notes += delivery.notes

    @property
    def codes(self) -> set[str]:
        return {note.code for note in self.notes}

    def note(self, code: str) -> str:
        return " ".join(note.text for note in self.notes if note.code == code)


def document(number: str, **columns: Any) -> dict[str, Any]:
    """One document with what is usual filled in."""
    usual = {
        "agenda": "received_order",
        "id": abs(hash(number)) % 10**6,
        "number": number,
        "total": 249050,
        "currency": "CZK",
        "issued_on": ISSUED,
        "cancelled": False,
    }
    return {**usual, **columns}


def documents(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    return table(DOCUMENTS, rows)
