"""GP webpay as a provider: what the payment numbers on documents have brought, and what went back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from blocks.gp_webpay import GpWebpayMerchant
from tasks.days import ONE_DAY, prague_day, start_of
from tasks.errors import BadRecord, Refused, Unavailable
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.asking import Asked, Asking, Pace, named
from tasks.providers.gp_webpay.gateway import Gateway
from tasks.providers.gp_webpay.keys import certificates_of, private_key_of
from tasks.providers.gp_webpay.numbers import questions_of
from tasks.providers.gp_webpay.replies import Detail, NotFound
from tasks.providers.gp_webpay.states import CLOSED, Outcome, Verdict, verdict_of
from tasks.symbols import symbol
from tasks.tables import ANSWERS, INCOMING, table

WARN_DAYS = 60
SHORTEST_KEY = 2048
FRESH_DAYS = 7
"""Refunds are mostly given within a week, so a paid payment is looked at more often so long."""
LONGEST_LINK_DAYS = 90
"""No payment link lives longer (gp-webpay.md 8.5)."""


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


class GpWebpay:
    """Payments of one merchant number; satisfies `ByDocuments`."""

    def __init__(self, account: GpWebpayMerchant, memory: Memory) -> None:
        self._merchant = account
        self._memory = memory
        self._asking = Asking(Pace(account.concurrency, account.pause_seconds))

    @property
    def source(self) -> str:
        return f"gp-webpay:{self._merchant.provider}/{self._merchant.merchant_number}"

    def expiries(self, today: dt.date) -> list[Note]:
        """Certificates of the gateway that end within sixty days, and a key that is too short."""
        notes = [
            Note(
                "certificate_expires",
                f"GP webpay: certifikát brány platí do {end:%d. %m. %Y}; vyžádejte si od banky nový.",
                urgent=True,
            )
            for certificate in certificates_of(self._merchant)
            if (end := prague_day(certificate.not_valid_after_utc)) <= today + WARN_DAYS * ONE_DAY
        ]
        size = private_key_of(self._merchant).key_size
        if size < SHORTEST_KEY:
            text = f"GP webpay: soukromý klíč má jen {size} bitů; vytvořte v portálu nový."
            notes.append(Note("weak_key", text))
        return notes

    def probe(self) -> list[Note]:
        """Proves the address, the key and the certificates; the merchant shows with the first question."""
        with Gateway(self._merchant, self._asking.turn) as gateway:
            gateway.echo()
        return [Note("reachable", "GP webpay odpovídá a klíče v bloku se dají použít.")]

    def questions(self, documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """One question per payment number and attempt; see `tasks.providers.gp_webpay.numbers`."""
        return questions_of(documents, self._merchant)

    def ask(self, questions: pd.DataFrame) -> list[Replies]:
        """One call per number, politely; see `tasks.providers.asking`. A reply not signed stops everything."""
        columns = questions[["key", "reference", "currency", "issued_on"]]
        listed = [
            Question(key, reference, currency, issued_on.date())
            for key, reference, currency, issued_on in columns.itertuples(index=False, name=None)
        ]
        with Gateway(self._merchant, self._asking.turn) as gateway:
            asked = self._asking.all(listed, lambda question: _reply(gateway, question))
        return [self._replies(asked)] if listed else []

    def _replies(self, asked: Asked[Question, Reply]) -> Replies:
        return Replies(
            tuple(self._remembered(reply) for _, reply in asked.answers),
            tuple((question.key, error) for question, error in asked.failures),
            self._asking.calls,
        )

    def _remembered(self, reply: Reply) -> Reply:
        value = self._memory.cursor(self.source, _recorded(reply.question.key)) if reply.detail else None
        if value is None:
            return reply
        captured, refunded = value.split(" ")
        return replace(reply, earlier=(int(captured), int(refunded)))

    def read(self, raw: Replies, now: dt.datetime) -> Delivery:
        """Payments and refunds of all replies, and when to ask again."""
        found = _Found(list(_faults(raw)), list(_notes(raw)))
        for reply in raw.replies:
            if not reply.refusal:
                self._add(reply, found, now)
        return Delivery(
            payments=table(INCOMING, found.payments),
            answers=table(ANSWERS, found.answers),
            faults=tuple(found.faults),
            notes=(*found.notes, *_remarks(found)),
            cursors=tuple(found.recorded),
        )

    def _add(self, reply: Reply, found: _Found, now: dt.datetime) -> None:
        key, settings = reply.question.key, self._merchant
        if reply.detail is None:
            found.answers.append(_answer(key, "unknown", self._unknown_again(reply.question, now)))
            return
        try:
            verdict = verdict_of(
                reply.detail,
                only_settled=settings.count_from == "settled",
                captured_less_refunds=settings.captured_less_refunds,
                now=now,
            )
        except BadRecord as error:
            cause = f"Stav platby si odporuje ({error.evidence}); doklad zůstává, jak je."
            found.faults.append(Fault(key, cause, reply.detail.raw))
            return
        found.answers.append(_answer(key, verdict.outcome.value, self._again(verdict, reply, now)))
        found.payments += _payments(reply, reply.detail, verdict, self.source)
        if (verdict.captured, verdict.refunded) != reply.earlier:
            found.recorded.append((_recorded(key), f"{verdict.captured} {verdict.refunded}"))
        if verdict.remark:
            found.by_amounts.append(key)
        if verdict.captured - verdict.refunded < reply.earlier[0] - reply.earlier[1]:
            found.lowered.append(key)
        if verdict.outcome is Outcome.AUTHORISED:
            found.authorised.append(key)

    def _unknown_again(self, question: Question, now: dt.datetime) -> dt.datetime | None:
        """Bank transfers have numbers too, which the gateway never learns: an old document is not asked about."""
        return now if _age(question.issued_on, now) <= self._merchant.open_days else None

    def _again(self, verdict: Verdict, reply: Reply, now: dt.datetime) -> dt.datetime | None:
        """When to ask again; None when the answer can no longer change (gp-webpay.md 8.5, 12)."""
        detail = reply.detail
        if detail is None or verdict.outcome is Outcome.UNPAID or detail.state in CLOSED:
            return None
        tomorrow = start_of(prague_day(now) + ONE_DAY)
        since = detail.captured_at or detail.created_at
        age = _age(since.date() if since else reply.question.issued_on, now)
        if verdict.outcome in (Outcome.PAID, Outcome.REFUNDED):
            last, fresh, soon = self._merchant.refund_days, FRESH_DAYS, self._merchant.refund_check_minutes
        else:
            last, fresh, soon = LONGEST_LINK_DAYS, self._merchant.open_days, 0
        if age > last:
            return None
        return now + dt.timedelta(minutes=soon) if age <= fresh else tomorrow


class _Found:
    """What the replies of a batch amount to, as it adds up."""

    def __init__(self, faults: list[Fault], notes: list[Note]) -> None:
        self.faults = faults
        self.notes = notes
        self.payments: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.recorded: list[tuple[str, str]] = []
        self.by_amounts: list[str] = []
        self.lowered: list[str] = []
        self.authorised: list[str] = []


def _reply(gateway: Gateway, question: Question) -> Reply:
    try:
        return Reply(question, gateway.detail(question.key))
    except NotFound:
        return Reply(question)
    except Refused as error:
        return Reply(question, refusal=error.evidence)


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


def _answer(key: str, outcome: str, again: dt.datetime | None) -> dict[str, Any]:
    return {"key": key, "outcome": outcome, "ask_again_at": again}


def _recorded(key: str) -> str:
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
        yield Note("not_checked", f"GP webpay neodpověděl, zeptáme se příště: {named(passing)}.")


def _remarks(found: _Found) -> Iterable[Note]:
    for code, keys, text in (
        ("by_amounts", found.by_amounts, "GP webpay: stav nezná slovo, rozhodly částky"),
        ("money_back", found.lowered, "GP webpay: peníze se vrátily nebo stržení zrušilo"),
        ("authorised", found.authorised, "GP webpay: peníze jen blokované na kartě, nezapočítané"),
    ):
        if keys:
            yield Note(code, f"{text}: {named(keys)}.")
