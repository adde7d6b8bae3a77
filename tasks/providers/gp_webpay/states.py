"""
What a payment's state means: money received, given back, not yet, not at all, or a contradiction.

The word decides and the amounts must agree with it; without a word, or with one that nobody knows, only captured
states speak (gp-webpay.md 8.4).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import Enum

from tasks.days import PRAGUE
from tasks.errors import BadRecord
from tasks.providers.gp_webpay.replies import Detail

CAPTURED_STATES = frozenset({7, 8})
BATCH_OPEN = 7
BY_AMOUNTS = frozenset({9, 10, 11, 12, 211})
"""States that say nothing without the amounts: closed, deleted, refunded in part or in full."""
CLOSED = frozenset({9, 10, 211})
NO_MONEY = frozenset({1, 2, 3, 4, 5, 6, 13, 20, 21, 100, 101, 102, 103, 200, 201, 210, 1000, *range(220, 225)})

DEFINITIVE_AFTER = dt.timedelta(minutes=60)
"""A payment younger than this can still change whatever it says (gp-webpay.md 8.5)."""
LEFT_AFTER = dt.timedelta(hours=23)
UNDER_WAY = ("_PAGE", "_ORDER", "_REDIRECT", "_SUBMIT")
"""Ends of sub-statuses with which an unpaid payment may still turn into a paid one (gp-webpay.md 8.3)."""


class Outcome(Enum):
    """The word for the ledger's answers."""

    PAID = "paid"
    REFUNDED = "refunded"
    AUTHORISED = "authorised"
    UNSETTLED = "unsettled"
    PENDING = "pending"
    UNPAID = "unpaid"


@dataclass(frozen=True)
class Verdict:
    """What the payment's state comes to."""

    outcome: Outcome
    captured: int = 0
    """Hundredths received and counted; 0 unless the outcome is paid or refunded."""
    refunded: int = 0
    remark: bool = False
    """Whether it was decided by amounts alone, which people should know."""


_NO_MONEY_WORDS = {
    "PENDING_CAPTURE": Outcome.AUTHORISED,
    "PENDING_ADJUSTMENT": Outcome.AUTHORISED,
    "PENDING_AUTHORIZATION": Outcome.PENDING,
    "UNPAID": Outcome.UNPAID,
    "REVERSED": Outcome.UNPAID,
}
_NO_MONEY_STATES = {
    1: Outcome.PENDING,
    2: Outcome.PENDING,
    3: Outcome.PENDING,
    4: Outcome.AUTHORISED,
    100: Outcome.PENDING,
    200: Outcome.PENDING,
}


def verdict_of(detail: Detail, *, only_settled: bool, captured_less_refunds: bool, now: dt.datetime) -> Verdict:
    """What the state of a payment comes to.

    `only_settled` leaves money out until the daily batch is closed; `captured_less_refunds` says that the gateway
    reports captured amounts already lowered by refunds. Raises BadRecord when word, state and amounts contradict
    each other.
    """
    if captured_less_refunds:
        detail = replace(detail, captured=detail.captured + detail.refunded)
    if detail.refunded > detail.captured:
        raise _contradiction(detail)
    if only_settled and detail.state == BATCH_OPEN and detail.captured:
        return Verdict(Outcome.UNSETTLED)
    if detail.status in _NO_MONEY_WORDS:
        return _without_money(detail, _NO_MONEY_WORDS[detail.status], now)
    if detail.status in ("CAPTURED", "PARTIAL_PAYMENT", "REFUNDED"):
        return _with_money(detail)
    return _by_state(detail, now)


def _with_money(detail: Detail) -> Verdict:
    net = detail.captured - detail.refunded
    agrees = {
        "CAPTURED": net > 0 and detail.refunded == 0,
        "PARTIAL_PAYMENT": net > 0,
        "REFUNDED": net == 0 and detail.captured > 0,
    }
    if not agrees[detail.status] or detail.state in NO_MONEY:
        raise _contradiction(detail)
    return Verdict(Outcome.PAID if net else Outcome.REFUNDED, detail.captured, detail.refunded)


def _without_money(detail: Detail, outcome: Outcome, now: dt.datetime) -> Verdict:
    if detail.captured:
        raise _contradiction(detail)
    if outcome is Outcome.UNPAID and detail.status == "UNPAID" and _can_still_be_paid(detail, now):
        outcome = Outcome.PENDING
    return Verdict(outcome)


def _by_state(detail: Detail, now: dt.datetime) -> Verdict:
    speaking = CAPTURED_STATES | (frozenset() if detail.status else BY_AMOUNTS)
    if detail.state in speaking and detail.captured:
        net = detail.captured - detail.refunded
        remark = bool(detail.status) or detail.state in BY_AMOUNTS
        return Verdict(Outcome.PAID if net else Outcome.REFUNDED, detail.captured, detail.refunded, remark)
    if detail.status or detail.state in CAPTURED_STATES:
        raise _contradiction(detail)
    return _without_money(detail, _NO_MONEY_STATES.get(detail.state, Outcome.UNPAID), now)


def _can_still_be_paid(detail: Detail, now: dt.datetime) -> bool:
    if detail.created_at is None:
        return False
    age = now - detail.created_at.replace(tzinfo=PRAGUE)
    return age < (LEFT_AFTER if detail.sub_status.endswith(UNDER_WAY) else DEFINITIVE_AFTER)


def _contradiction(detail: Detail) -> BadRecord:
    word = "".join(sign for sign in detail.status if sign.isalnum() or sign == "_")[:40] or "none"
    said = f"status {word}, state {detail.state}, captured {detail.captured}, refunded {detail.refunded}"
    return BadRecord("The payment's status, state and amounts contradict each other", evidence=said)
