"""What the replies about a batch of keys come to: payments, when to ask again, faults and notes."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tasks.days import prague_day, start_of
from tasks.errors import BadRecord, Unavailable
from tasks.provider import Delivery, Fault, Note
from tasks.providers.asking import named
from tasks.providers.comgate.status import Status
from tasks.tables import ANSWERS, INCOMING, table

YOUNG_DAYS = 30
"""So long after its document was issued a key unknown to the gateway is asked in each run, later once a day."""


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


def delivery_of(raw: Replies, source: str, now: dt.datetime, *, count_tests: bool) -> Delivery:
    """Payments of the paid ones among the replies, when to ask each again, and what people should know."""
    paid = [reply.status for reply in raw.replies if reply.status and reply.status.paid and not reply.paid_out]
    counted = [status for status in paid if status.price and (count_tests or not status.test)]
    return Delivery(
        payments=table(INCOMING, [_payment(status, source, raw.asked_on) for status in counted]),
        answers=table(ANSWERS, [_answer(reply, now) for reply in raw.replies if not reply.refusal]),
        faults=tuple(_faults(raw)),
        notes=(*_notes(raw), *_odd(raw.replies, count_tests)),
    )


def paid_out(key: str) -> str:
    """The name under which it is remembered that a payout told of this payment."""
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


def calls_made(calls: int) -> list[Note]:
    """How many calls the run has made so far, for the report; nothing for 0."""
    return [Note("calls", f"Comgate: v tomto běhu zatím {calls} volání.")] if calls else []


def _notes(raw: Replies) -> Iterable[Note]:
    yield from calls_made(raw.calls)
    passing = [key for key, error in raw.failures if isinstance(error, Unavailable)]
    if passing:
        text = f"Comgate neodpověděl, zeptáme se příště: {named(passing)}."
        yield Note("not_checked", text, incomplete=True)


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
