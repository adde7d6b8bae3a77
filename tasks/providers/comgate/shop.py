"""Comgate as a provider: what documents' keys are worth, and what was paid out or given back."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd

from blocks.comgate import ComgateShop
from tasks.days import Days, prague_day, start_of
from tasks.errors import BadRecord, Refused, Unavailable
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.asking import Asked, Asking, Pace, named
from tasks.providers.comgate.gateway import Gateway, NotFound
from tasks.providers.comgate.keys import questions_of
from tasks.providers.comgate.payouts import Payout, PayoutDay, found_in, normalised, rows_of_file
from tasks.providers.comgate.status import Status, status_of
from tasks.tables import ANSWERS, INCOMING, table

DAYS_AT_ONCE = 7
LATE_DAYS = 3
"""A payout may appear in the list later than on its own day."""
YOUNG_DAYS = 30
"""So long after its document was issued a key unknown to the gateway is asked in each run, later once a day."""

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """What became of one question."""

    key: str
    issued_on: dt.date
    status: Status | None = None
    """None when the gateway does not know the key, or refused to answer."""
    refusal: str = ""
    paid_out: bool = False
    """Whether a payout has told of this payment already, with its true day and amount."""


@dataclass(frozen=True)
class Replies:
    """What became of one batch of questions."""

    replies: tuple[Reply, ...]
    failures: tuple[tuple[str, Unavailable | BadRecord], ...]
    asked_on: dt.date
    calls: int
    """How many calls this run has made so far."""


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
            _readable(gateway.methods)
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
            tuple(replace(reply, paid_out=self._is_paid_out(reply)) for _, reply in asked.answers),
            tuple((key, error) for (key, _), error in asked.failures),
            prague_day(dt.datetime.now(dt.UTC)),
            self._asking.calls,
        )

    def _is_paid_out(self, reply: Reply) -> bool:
        paid = reply.status is not None and reply.status.paid
        return paid and self._memory.cursor(self.source, _paid_out(reply.key)) is not None

    def read(self, raw: Replies, now: dt.datetime) -> Delivery:
        """Payments of the paid ones, and when to ask again: paid and cancelled cannot change any more."""
        counted = self._counted(raw.replies)
        return Delivery(
            payments=table(INCOMING, [_payment(status, self.source, raw.asked_on) for status in counted]),
            answers=table(ANSWERS, [_answer(reply, now) for reply in raw.replies if not reply.refusal]),
            faults=tuple(_faults(raw)),
            notes=(*_notes(raw), *_odd(raw.replies, self._shop.count_test_payments)),
        )

    def _counted(self, replies: Iterable[Reply]) -> list[Status]:
        paid = [reply.status for reply in replies if reply.status and reply.status.paid and not reply.paid_out]
        return [status for status in paid if status.price and (self._shop.count_test_payments or not status.test)]

    def split(self, days: Days) -> list[Days]:
        """A week at a time, so that what was read is kept when a later week fails; nothing when switched off."""
        return [] if self._shop.payouts == "off" else days.split(DAYS_AT_ONCE)

    def extract(self, days: Days) -> list[PayoutDay]:
        """One raw answer per day: the day's list of payouts and the rows of each."""
        with Gateway(self._shop, self._asking.turn) as gateway:
            found = [PayoutDay(day, self._payouts(gateway, day)) for day in days]
        return [*found[:-1], replace(found[-1], calls=self._asking.calls)]

    def _payouts(self, gateway: Gateway, day: dt.date) -> tuple[Payout, ...]:
        listed = _readable(lambda: gateway.payouts(day.isoformat()))
        return tuple(self._payout(gateway, row.get("transferId")) for row in listed)

    def _payout(self, gateway: Gateway, transfer_id: Any) -> Payout:
        if isinstance(transfer_id, bool) or not str(transfer_id).isdigit():
            raise Unavailable("Comgate lists a payout without a number", next_step="try again later")
        number = int(transfer_id)
        if self._shop.payouts == "csv":
            rows = _readable(lambda: rows_of_file(gateway.payout_as_csv(number)))
        else:
            rows = _readable(lambda: [normalised(row) for row in gateway.payout(number)])
        return Payout(number, tuple(rows))

    def normalize(self, raw: PayoutDay) -> Delivery:
        """The day's payments with their true day, its refunds, and which payments were really paid out."""
        found = found_in(raw, self.source, self._shop.merchant)
        final = [{"key": key, "outcome": "paid_out"} for key in found.paid_out]
        return Delivery(
            payments=table(INCOMING, found.payments),
            covered=(raw.day,),
            answers=table(ANSWERS, final),
            faults=tuple(found.faults),
            notes=(*found.notes, *_calls(raw.calls)),
            cursors=tuple((_paid_out(key), raw.day.isoformat()) for key in found.paid_out),
        )


def _readable(request: Callable[[], T]) -> T:
    """What was asked. An unreadable list of payouts is never "no payouts": the step tries again, then fails."""
    try:
        return request()
    except BadRecord as error:
        raise Unavailable("Comgate's payouts cannot be read", evidence=error.cause) from None


def _paid_out(key: str) -> str:
    return f"paid_out:{key}"


def _payment(status: Status, source: str, asked_on: dt.date) -> dict[str, Any]:
    """The gateway does not say when it was paid: the day of asking stands in until a payout tells."""
    return {
        "source": source,
        "payment_id": status.key,
        "booked_on": asked_on,
        "amount": status.price,
        "currency": status.currency,
        "reference": status.key,
        "message": "\n".join(text for text in (status.order, status.label) if text) or None,
        "counterparty": status.account or None,
        "kind": status.kind,
        "raw": status.raw,
    }


def _answer(reply: Reply, now: dt.datetime) -> dict[str, Any]:
    return {"key": reply.key, "outcome": _outcome(reply), "ask_again_at": _ask_again_at(reply, now)}


def _outcome(reply: Reply) -> str:
    if reply.paid_out:
        return "paid_out"
    if reply.status is None:
        return "unknown"
    return ("test_" if reply.status.test else "") + reply.status.word.lower()


def _ask_again_at(reply: Reply, now: dt.datetime) -> dt.datetime | None:
    """None for what can no longer change: a refund shows in payouts and never in the status (comgate.md 6)."""
    if reply.status is not None:
        return None if reply.status.word in ("PAID", "CANCELLED") else now
    if (prague_day(now) - reply.issued_on).days <= YOUNG_DAYS:
        return now
    return start_of(prague_day(now) + dt.timedelta(days=1))


def _faults(raw: Replies) -> Iterable[Fault]:
    for key, error in raw.failures:
        if isinstance(error, BadRecord):
            yield Fault(key, f"Odpověď Comgate se nedala použít ({error.cause}); doklad zůstává, jak je.")
    for reply in raw.replies:
        if reply.refusal:
            yield Fault(reply.key, f"Comgate dotaz odmítl ({reply.refusal}); doklad zůstává, jak je.")


def _calls(calls: int) -> list[Note]:
    return [Note("calls", f"Comgate: v tomto běhu zatím {calls} volání.")] if calls else []


def _notes(raw: Replies) -> Iterable[Note]:
    yield from _calls(raw.calls)
    passing = [key for key, error in raw.failures if isinstance(error, Unavailable)]
    if passing:
        yield Note("not_checked", f"Comgate neodpověděl, zeptáme se příště: {named(passing)}.")


def _odd(replies: Iterable[Reply], count_tests: bool) -> Iterable[Note]:
    """What the people of the firm should know of single payments, one note for each kind of oddity."""

    def remark(reply: Reply) -> tuple[str, str] | None:
        status = reply.status
        if status is None:
            return None if reply.refusal else ("unknown_key", "Comgate nezná tyto klíče")
        if status.test and status.paid and not count_tests:
            return "test_payment", "Comgate: testovací platby, nezapočítané"
        if status.paid and not status.price:
            return "zero_payment", "Comgate: zaplaceno nula, nezapočítáno"
        return _REMARKS.get(
            status.word, ("unknown_status", f"Comgate: neznámý stav {status.word[:20]}, nezapočítáno")
        )

    remarked = sorted((*found, reply.key) for reply in replies if (found := remark(reply)))
    for (code, text), group in itertools.groupby(remarked, key=lambda row: row[:2]):
        yield Note(code, f"{text}: {named([key for _, _, key in group])}.")


_REMARKS: dict[str, tuple[str, str] | None] = {
    "PAID": None,
    "PENDING": None,
    "CANCELLED": ("cancelled", "Comgate: zrušené platby"),
    "AUTHORIZED": ("authorized", "Comgate: peníze jen blokované na kartě, nezapočítané"),
}
