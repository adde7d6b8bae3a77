"""A ledger's memory in few lines, and how a run uses a provider with it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from tasks.days import Days
from tasks.provider import Delivery
from tasks.providers.csob import Csob
from tasks.providers.csob.reading import File, Reading, cursor_of, delivery, places

SOURCE = "csob:1234567"


class Kept:
    """Keeps payments by identity, cursors and complete days, as the ledger does."""

    def __init__(self) -> None:
        self.cursors: dict[str, str] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.covered: set[dt.date] = set()
        self.turns: list[tuple[str, float]] = []
        self.faults: list[str] = []
        self.notes: list[str] = []

    def cursor(self, source: str, name: str) -> str | None:
        return self.cursors.get(name)

    def wait_turn(self, key: str, seconds: float) -> None:
        self.turns.append((key, seconds))

    def record(self, given: Delivery) -> None:
        for row in given.payments.to_dict("records"):
            self.payments[row["payment_id"]] = {str(k): None if pd.isna(v) else v for k, v in row.items()}
        self.cursors |= dict(given.cursors)
        self.covered |= set(given.covered)
        self.faults += [f"{fault.record}: {fault.cause}" for fault in given.faults]
        self.notes += [note.code for note in given.notes]

    def read(self, *contents: bytes) -> Kept:
        """Files that come together, recorded as one reading."""
        files = tuple(File(f"{n}.BBF", data) for n, data in enumerate(contents))
        known = {place: self.cursors.get(cursor_of(place)) for place in places(files)}
        halves = {place: text for place, text in known.items() if text is not None}
        self.record(delivery(Reading(files, halves=halves), SOURCE))
        return self

    def run(self, provider: Csob, days: Days) -> int:
        """One run over these days; how many files it read."""
        read = 0
        for portion in provider.split(days):
            for reading in provider.extract(portion):
                read += len(reading.files)
                self.record(provider.normalize(reading))
        return read
