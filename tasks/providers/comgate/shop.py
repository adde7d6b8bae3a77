"""Comgate as a provider: what documents' keys are worth, and what was paid out or given back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import pandas as pd

from blocks.comgate import ComgateShop
from tasks.days import Days, prague_day
from tasks.errors import BadRecord, Refused, Unavailable
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.asking import Asked, Asking, Pace
from tasks.providers.comgate.deliveries import Replies, Reply, calls_made, delivery_of, paid_out
from tasks.providers.comgate.gateway import Gateway, NotFound
from tasks.providers.comgate.keys import questions_of
from tasks.providers.comgate.payouts import Payout, PayoutDay, found_in, normalised, rows_of_file
from tasks.providers.comgate.status import status_of
from tasks.tables import ANSWERS, INCOMING, table

T = TypeVar("T")

DAYS_AT_ONCE = 7
LATE_DAYS = 3
"""A payout may appear in the list later than on its own day."""


class Comgate:
    """Payments of one shop connection; satisfies `ByDocuments`, and `ByPeriod` by the lists of payouts."""

    reach: int | None = None
    overlap = LATE_DAYS

    def __init__(self, account: ComgateShop, memory: Memory) -> None:
        self._shop = account
        self._memory = memory
        self._asking = Asking(Pace(account.concurrency, account.pause_seconds))

    @property
    def source(self) -> str:
        return f"comgate:{self._shop.merchant}"

    def expiries(self, today: dt.date) -> list[Note]:
        """Nothing: the gateway's credentials do not end by themselves."""
        return []

    def probe(self) -> list[Note]:
        """Proves credentials and that this computer's address is let in, by the list of ways of paying."""
        with Gateway(self._shop, self._asking.turn) as gateway:
            try:
                gateway.methods()
            except BadRecord as error:
                raise Unavailable("Comgate's answer cannot be read", evidence=error.cause) from None
        return [Note("reachable", f"Comgate přijal propojení obchodu {self._shop.merchant}.")]

    def questions(self, documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """One question per key on the documents; a field without any key gives a fault naming the document."""
        return questions_of(documents)

    def ask(self, questions: pd.DataFrame) -> list[Replies]:
        """One call per key, politely; see `tasks.providers.asking`. Credentials refused stop everything."""
        with Gateway(self._shop, self._asking.turn) as gateway:
            listed = list(questions[["key", "issued_on"]].itertuples(index=False, name=None))
            asked = self._asking.all(listed, lambda question: self._reply(gateway, *question))
        return [self._replies(asked)] if listed else []

    def _reply(self, gateway: Gateway, key: str, issued_on: pd.Timestamp) -> Reply:
        try:
            status = status_of(gateway.status(key), key, self._shop.merchant)
        except NotFound:
            return Reply(key, issued_on.date())
        except Refused as error:
            return Reply(key, issued_on.date(), refusal=error.evidence)
        return Reply(key, issued_on.date(), status)

    def _replies(self, asked: Asked[tuple[str, pd.Timestamp], Reply]) -> Replies:
        return Replies(
            tuple(replace(reply, paid_out=self._was_paid_out(reply)) for _, reply in asked.answers),
            tuple((key, error) for (key, _), error in asked.failures),
            prague_day(dt.datetime.now(dt.UTC)),
            self._asking.calls,
        )

    def _was_paid_out(self, reply: Reply) -> bool:
        paid = reply.status is not None and reply.status.paid
        return paid and self._memory.cursor(self.source, paid_out(reply.key)) is not None

    def read(self, raw: Replies, now: dt.datetime) -> Delivery:
        """Payments of the paid ones, and when to ask again: paid and cancelled cannot change any more."""
        return delivery_of(raw, self.source, now, count_tests=self._shop.count_test_payments)

    def split(self, days: Days) -> list[Days]:
        """A week at a time, so that what was read is kept when a later week fails; nothing when switched off."""
        return [] if self._shop.payouts == "off" else days.split(DAYS_AT_ONCE)

    def extract(self, days: Days) -> list[PayoutDay]:
        """One raw answer per day: the day's list of payouts and the rows of each."""
        with Gateway(self._shop, self._asking.turn) as gateway:
            found = [self._payout_day(gateway, day) for day in days]
        return [*found[:-1], replace(found[-1], calls=self._asking.calls)]

    def _payout_day(self, gateway: Gateway, day: dt.date) -> PayoutDay:
        """The day's payouts. One without a number, or that Comgate refuses, is a fault, and the others go on.

        Raises Unavailable for an answer that cannot be read at all: a refund may stand in it, and without it a
        document would be marked that is no longer paid.
        """
        listed = _readable(f"the payouts of {day}", lambda: gateway.payouts(day.isoformat()))
        payouts: list[Payout] = []
        faults: list[Fault] = []
        for place, row in enumerate(listed, start=1):
            number = row.get("transferId")
            known = re.fullmatch("[0-9]{1,18}", str(number)) is not None
            try:
                payouts.append(self._payout(gateway, int(str(number)) if known else None))
            except (BadRecord, Refused) as error:
                name = f"výplata {number}" if known else f"výplaty dne {day}, {place}. v seznamu"
                faults.append(_unreadable(name, error))
        return PayoutDay(day, tuple(payouts), tuple(faults))

    def _payout(self, gateway: Gateway, number: int | None) -> Payout:
        """The payout in the form that was chosen, or in the other one when that cannot be read."""
        if number is None:
            raise BadRecord("a payout without a number")

        def by_json() -> list[Mapping[str, str]]:
            return [normalised(row) for row in gateway.payout(number)]

        def by_csv() -> list[Mapping[str, str]]:
            return [*rows_of_file(gateway.payout_as_csv(number))]

        forms = (by_csv, by_json) if self._shop.payouts == "csv" else (by_json, by_csv)
        return Payout(number, tuple(_readable(f"payout {number}", *forms)))

    def normalize(self, raw: PayoutDay) -> Delivery:
        """The day's payments with their true day, its refunds, and which payments were really paid out."""
        found = found_in(raw, self.source, self._shop.merchant)
        final = [{"key": key, "outcome": "paid_out"} for key in found.paid_out]
        return Delivery(
            payments=table(INCOMING, found.payments),
            covered=() if found.faults else (raw.day,),
            answers=table(ANSWERS, final),
            faults=tuple(found.faults),
            notes=(*found.notes, *calls_made(raw.calls)),
            cursors=tuple((paid_out(key), raw.day.isoformat()) for key in found.paid_out),
        )


def _readable(what: str, *forms: Callable[[], T]) -> T:
    """What was asked for, in the first form that can be read; each is tried twice, since an answer may be damaged
    on its way. Raises Unavailable when none can be read, and Refused when Comgate refuses the first one."""
    damage: BadRecord | None = None
    for form in (form for form in forms for _ in range(2)):
        try:
            return form()
        except BadRecord as error:
            damage = error
        except Refused:
            if damage is None:
                raise
    raise Unavailable(
        f"Comgate's answer about {what} cannot be read",
        evidence="" if damage is None else damage.cause,
        next_step="leave it to the next run; if it lasts, ask Comgate to mend it, or set payouts to off in the"
        " block and look for refunds in the portal meanwhile",
    )


def _unreadable(name: str, error: BadRecord | Refused) -> Fault:
    said = f"{error.cause}, {error.evidence}" if error.evidence else error.cause
    return Fault(name, f"Nejde přečíst ({said}); další běh ji zkusí znovu.")
