"""ByznysWeb: the payment state of an e-shop's orders, by period of change and one by one."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from blocks.byznysweb import ByznysWebShop
from tasks.days import ONE_DAY, PRAGUE, Days, start_of
from tasks.errors import Unavailable
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.byznysweb import queries
from tasks.providers.byznysweb.client import Shop
from tasks.providers.byznysweb.deliveries import STATUSES, UNCLEAR, WATERMARK, cursor_of, delivery
from tasks.providers.byznysweb.reading import Entry, Pages, Reading, shape_of, starting_point, statuses_of
from tasks.tables import ANSWERS, QUESTIONS, table

_NUMBER = re.compile(r"[^\s\x00-\x1f]{1,64}")


@dataclass(frozen=True)
class Recheck:
    """Single orders that were asked for, and what became of each question."""

    reading: Reading
    outcomes: dict[str, str]
    """The word per order number: found, no_such_order, too_young, too_old."""
    due: dict[str, dt.date]
    """The first day on which a too young order is worth asking about."""
    failed: int
    """How many questions got no answer for a passing reason."""


class ByznysWeb:
    """An e-shop, asked by period, and for orders still unpaid in Pohoda also one by one."""

    def __init__(self, shop: ByznysWebShop, memory: Memory) -> None:
        self._settings = shop
        self._memory = memory
        self._pages: tuple[Days, Pages] | None = None
        self._rechecks = 0

    @property
    def source(self) -> str:
        return f"byznysweb:{self._settings.identity}"

    @property
    def reach(self) -> int | None:
        return None

    @property
    def overlap(self) -> int:
        """None in days: the watermark of changes has an overlap of its own."""
        return 0

    def expiries(self, today: dt.date) -> list[Note]:
        return []

    def split(self, days: Days) -> list[Days]:
        """All at once: the shop is asked since when, and the answer always reaches up to now."""
        return [days]

    def extract(self, days: Days) -> list[Reading]:
        """One reading of all orders changed since the days began, or since the last complete reading.

        After a failure in the middle the next attempt goes on from the page that failed.
        """
        asked_on = _today()
        watermark = self._memory.cursor(self.source, WATERMARK)
        with Shop(self._settings, self._memory) as shop:
            statuses = statuses_of(shop, self._settings)
            shape, rules = shape_of(shop, self._settings)
            since, how = starting_point(watermark, days, asked_on, self._settings.first_days)
            pages = self._begun(days, Pages(since, how, shape, time.monotonic()))
            pages.read(shop, self._settings)
            pages.add_single(shop, json.loads(self._memory.cursor(self.source, UNCLEAR) or "[]"))
            self._pages = None
        reading = Reading(
            entries=tuple(pages.entries),
            rules=rules,
            statuses=statuses,
            asked_on=asked_on,
            days=days,
            holes=pages.holes,
            broken=pages.broken,
            seconds=time.monotonic() - pages.started,
        )
        return [self._with_memory(reading)]

    def normalize(self, raw: Reading) -> Delivery:
        return delivery(raw, self._settings, self.source)

    def questions(self, documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """Order numbers of documents not marked as paid: a payment may come without a change of the order."""
        if self._settings.recheck_until_days == 0:
            return table(QUESTIONS), []
        rows: dict[str, dict[str, Any]] = {}
        faults: list[Fault] = []
        unpaid = documents["reference"].notna() & ~documents["cancelled"]
        unpaid &= ~documents["marked_paid"].fillna(False).astype(bool)
        for document in documents[unpaid].to_dict("records"):
            number = str(document["reference"]).strip()
            if not _NUMBER.fullmatch(number):
                faults.append(
                    Fault(f"doklad {document['number']}", "Číslo objednávky z e-shopu nemá platný tvar")
                )
                continue
            asked = {name: document[name] for name in ("currency", "total", "issued_on")}
            rows.setdefault(number, {"key": number, "reference": number, **asked})
        return table(QUESTIONS, rows.values()), faults

    def ask(self, questions: pd.DataFrame) -> list[Recheck]:
        """The orders themselves, at most as many as the block allows in one run; the others wait for the next."""
        today = _today()
        outcomes, due, numbers = self._ages(questions, today)
        if not numbers:
            return [Recheck(Reading((), (), {}, today), outcomes, due, 0)] if outcomes else []
        entries: list[Entry] = []
        failures: list[Unavailable] = []
        with Shop(self._settings, self._memory) as shop:
            shape, rules = shape_of(shop, self._settings)
            query = queries.order(shape)
            for number in numbers:
                try:
                    found = shop.order(query, number)
                except Unavailable as error:
                    failures.append(error)
                    continue
                outcomes[number] = "found" if found else "no_such_order"
                entries += [Entry(*found)] if found else []
        if len(failures) == len(numbers):
            raise failures[-1]
        reading = self._with_memory(Reading(tuple(entries), rules, {}, today))
        return [Recheck(reading, outcomes, due, len(failures))]

    def read(self, raw: Recheck, now: dt.datetime) -> Delivery:
        """Payments of the orders found. An order not found, or not understood, changes no mark."""
        told = delivery(raw.reading, self._settings, self.source)
        tomorrow = pd.Timestamp(now + ONE_DAY)
        again = {"found": tomorrow, "no_such_order": tomorrow}
        answers = [
            {
                "key": number,
                "outcome": outcome,
                "ask_again_at": pd.Timestamp(start_of(raw.due[number]))
                if number in raw.due
                else again.get(outcome),
            }
            for number, outcome in raw.outcomes.items()
        ]
        notes = [*told.notes]
        if raw.failed:
            notes.append(
                Note("not_all_answered", f"Na {raw.failed} objednávek e-shop neodpověděl; zeptáme se příště.")
            )
        return replace(told, answers=table(ANSWERS, answers), notes=tuple(notes))

    def probe(self) -> list[Note]:
        """Proves address, token and right to orders, and lists the shop's statuses. Raises as `extract` does."""
        with Shop(self._settings, self._memory) as shop:
            shop.asked(queries.HELLO)
            listed = shop.asked(queries.STATUSES).data.get("listOrderStatuses") or []
            shop.asked(
                queries.orders(queries.Shape(), "newer_from"), since="2000-01-01 00:00:00", params={"limit": 1}
            )
        names = ", ".join(f"{item['id']} = {item['name']}" for item in listed)
        return [Note("statuses", f"E-shop {self._settings.shop} má tyto stavy objednávek: {names}.")]

    def _begun(self, days: Days, pages: Pages) -> Pages:
        """The pages of an attempt for the same days that failed, else these new ones."""
        if self._pages is None or self._pages[0] != days:
            self._pages = (days, pages)
        return self._pages[1]

    def _with_memory(self, reading: Reading) -> Reading:
        names: Iterable[str] = {cursor_of(str(entry.order.get("id"))) for entry in reading.entries}
        found = {name: self._memory.cursor(self.source, name) for name in {WATERMARK, STATUSES, *names}}
        return replace(reading, remembered={name: value for name, value in found.items() if value is not None})

    def _ages(
        self, questions: pd.DataFrame, today: dt.date
    ) -> tuple[dict[str, str], dict[str, dt.date], list[str]]:
        """Answers that need no call, the days until which to wait, and the numbers to ask about now."""
        outcomes: dict[str, str] = {}
        due: dict[str, dt.date] = {}
        numbers: list[str] = []
        for question in questions.to_dict("records"):
            number, issued = str(question["key"]), question["issued_on"].date()
            worth_asking = issued + self._settings.recheck_after_days * ONE_DAY
            if today < worth_asking:
                outcomes[number], due[number] = "too_young", worth_asking
            elif today > issued + self._settings.recheck_until_days * ONE_DAY:
                outcomes[number] = "too_old"
            elif self._rechecks < self._settings.most_rechecks:
                self._rechecks += 1
                numbers.append(number)
        return outcomes, due, numbers


def _today() -> dt.date:
    return dt.datetime.now(PRAGUE).date()


__all__ = ["ByznysWeb", "Reading", "Recheck"]
