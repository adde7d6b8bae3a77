"""What the replies about a batch of payment numbers come to: payments, refunds, when to ask again, remarks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from blocks.gp_webpay import GpWebpayMerchant
from tasks.days import ONE_DAY, prague_day, start_of
from tasks.errors import BadRecord, Unavailable
from tasks.provider import Delivery, Fault, Note
from tasks.providers.asking import named
from tasks.providers.gp_webpay.replies import Detail
from tasks.providers.gp_webpay.states import CLOSED, Outcome, Verdict, verdict_of
from tasks.symbols import symbol
from tasks.tables import ANSWERS, INCOMING, table

FRESH_DAYS = 7
"""Refunds are mostly given within a week, so a paid payment is looked at more often so long."""
LONGEST_LINK_DAYS = 90
"""No payment link lives longer (gp-webpay.md 8.5)."""
REMARKS = {
    "by_amounts": "GP webpay: stav nezná slovo, rozhodly částky",
    "money_back": "GP webpay: peníze se vrátily nebo stržení zrušilo",
    "authorised": "GP webpay: peníze jen blokované na kartě, nezapočítané",
}


@dataclass(frozen=True)
class Question:
    """One payment number, and what a payment under it will carry."""

    key: str
    reference: str
    currency: str
    issued_on: dt.date


@dataclass(frozen=True)
class Reply:
    """What became of one question."""

    question: Question
    detail: Detail | None = None
    """None when the gateway knows no such payment, or refused to answer."""
    refusal: str = ""
    earlier: tuple[int, int] = (0, 0)
    """What an earlier run recorded as captured and refunded, in hundredths: both can be taken back."""


@dataclass(frozen=True)
class Replies:
    """What became of one batch of questions."""

    replies: tuple[Reply, ...]
    failures: tuple[tuple[str, Unavailable | BadRecord], ...]
    calls: int
    """How many calls this run has made so far."""


@dataclass
class _Found:
    """What the replies of a batch amount to, as it adds up."""

    faults: list[Fault]
    payments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    answers: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    recorded: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    remarked: dict[str, list[str]] = field(default_factory=lambda: {code: [] for code in REMARKS})


def delivery_of(raw: Replies, merchant: GpWebpayMerchant, source: str, now: dt.datetime) -> Delivery:
    """Payments and refunds of all replies, when to ask each again, and what people should know."""
    found = _Found(list(_faults(raw)))
    for reply in raw.replies:
        if reply.detail is not None:
            _add(reply, reply.detail, merchant, source, now, found)
        elif not reply.refusal:
            again = _unknown_again(reply.question, merchant, now)
            found.answers.append({"key": reply.question.key, "outcome": "unknown", "ask_again_at": again})
    return Delivery(
        payments=table(INCOMING, found.payments),
        answers=table(ANSWERS, found.answers),
        faults=tuple(found.faults),
        notes=(*_notes(raw), *_remarks(found)),
        cursors=tuple(found.recorded),
    )


def _add(
    reply: Reply, detail: Detail, merchant: GpWebpayMerchant, source: str, now: dt.datetime, found: _Found
) -> None:
    key = reply.question.key
    try:
        verdict = verdict_of(
            detail,
            only_settled=merchant.count_from == "settled",
            captured_less_refunds=merchant.captured_less_refunds,
            now=now,
        )
    except BadRecord as error:
        cause = f"Stav platby si odporuje ({error.evidence}); doklad zůstává, jak je."
        found.faults.append(Fault(key, cause, detail.raw))
        return
    again = _again(verdict, detail, reply.question, merchant, now)
    found.answers.append({"key": key, "outcome": verdict.outcome.value, "ask_again_at": again})
    found.payments += _payments(reply, detail, verdict, source)
    if (verdict.captured, verdict.refunded) != reply.earlier:
        found.recorded.append((recorded(key), f"{verdict.captured} {verdict.refunded}"))
    for code in _remarks_on(verdict, reply.earlier):
        found.remarked[code].append(key)


def _remarks_on(verdict: Verdict, earlier: tuple[int, int]) -> Iterator[str]:
    if verdict.remark:
        yield "by_amounts"
    if verdict.captured - verdict.refunded < earlier[0] - earlier[1]:
        yield "money_back"
    if verdict.outcome is Outcome.AUTHORISED:
        yield "authorised"


def _unknown_again(question: Question, merchant: GpWebpayMerchant, now: dt.datetime) -> dt.datetime | None:
    """Bank transfers have numbers too, which the gateway never learns: an old document is not asked about."""
    return now if _age(question.issued_on, now) <= merchant.open_days else None


def _again(
    verdict: Verdict, detail: Detail, question: Question, merchant: GpWebpayMerchant, now: dt.datetime
) -> dt.datetime | None:
    """When to ask again; None when the answer can no longer change (gp-webpay.md 8.5, 12)."""
    if verdict.outcome is Outcome.UNPAID or detail.state in CLOSED:
        return None
    since = detail.captured_at or detail.created_at
    age = _age(since.date() if since else question.issued_on, now)
    if verdict.outcome in (Outcome.PAID, Outcome.REFUNDED):
        last, fresh, soon = merchant.refund_days, FRESH_DAYS, merchant.refund_check_minutes
    else:
        last, fresh, soon = LONGEST_LINK_DAYS, merchant.open_days, 0
    if age > last:
        return None
    return now + dt.timedelta(minutes=soon) if age <= fresh else start_of(prague_day(now) + ONE_DAY)


def _payments(reply: Reply, detail: Detail, verdict: Verdict, source: str) -> Iterator[dict[str, Any]]:
    """The captured sum as one payment, the refunded sum as another that takes it back.

    The gateway tells sums only, and no day of a refund, so the day of capture stands for both. What an earlier
    run recorded and is no more (a capture cancelled, a refund reversed) is told as zero, so that it ends.
    """
    question = reply.question
    moment = detail.captured_at or detail.created_at
    payment = {
        "source": source,
        "payment_id": question.key,
        "booked_on": moment.date() if moment else question.issued_on,
        "amount": verdict.captured,
        "currency": question.currency,
        "variable_symbol": symbol(question.reference),
        "reference": question.reference,
        "kind": "card",
        "raw": detail.raw,
    }
    if verdict.captured or reply.earlier[0]:
        yield payment
    if verdict.refunded or reply.earlier[1]:
        back = {"payment_id": f"{question.key}-refund", "amount": -verdict.refunded, "kind": "refund"}
        yield {**payment, **back, "reverses": question.key}


def recorded(key: str) -> str:
    """The name under which it is remembered what was recorded of a payment number."""
    return f"recorded:{key}"


def _age(day: dt.date, now: dt.datetime) -> int:
    return (prague_day(now) - day).days


def _faults(raw: Replies) -> Iterator[Fault]:
    for key, error in raw.failures:
        if isinstance(error, BadRecord):
            yield Fault(key, f"Odpovědi GP webpay nelze věřit ({error.cause}); doklad zůstává, jak je.")
    for reply in raw.replies:
        if reply.refusal:
            cause = f"GP webpay dotaz odmítl ({reply.refusal}); doklad zůstává, jak je."
            yield Fault(reply.question.key, cause)


def _notes(raw: Replies) -> Iterator[Note]:
    yield Note("calls", f"GP webpay: v tomto běhu zatím {raw.calls} volání.")
    passing = [key for key, error in raw.failures if isinstance(error, Unavailable)]
    if passing:
        text = f"GP webpay neodpověděl, zeptáme se příště: {named(passing)}."
        yield Note("not_checked", text, incomplete=True)


def _remarks(found: _Found) -> Iterator[Note]:
    for code, keys in found.remarked.items():
        if keys:
            yield Note(code, f"{REMARKS[code]}: {named(keys)}.")
