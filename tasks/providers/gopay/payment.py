"""One GoPay payment as its own call tells it: how much of it is money now (gopay.md 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.errors import BadRecord

WITH_MONEY = ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
WITHOUT_MONEY = ("CREATED", "PAYMENT_METHOD_CHOSEN", "AUTHORIZED", "CANCELED", "TIMEOUTED")


@dataclass(frozen=True)
class Standing:
    """What one payment is worth now. Amounts are hundredths."""

    order: str
    state: str
    currency: str
    net: int
    """Paid less what was given back for good."""
    refunds_pending: int = 0
    """How many refunds were asked for and have not been decided."""


def standing(payment: Mapping[str, Any], refunds: Iterable[Mapping[str, Any]]) -> Standing:
    """The payment's worth after its refunds; only those that succeeded count.

    Raises BadRecord for a state, an amount or a currency that is not understood: that is never "unpaid".
    """
    state = payment.get("state")
    if state not in WITH_MONEY + WITHOUT_MONEY:
        raise BadRecord("A GoPay payment is in a state that is not known", evidence=str(state)[:40])
    amount, currency = _whole(payment.get("amount")), payment.get("currency")
    listed = list(refunds)
    if not isinstance(currency, str) or any(refund.get("currency", currency) != currency for refund in listed):
        raise BadRecord("A GoPay payment and its refunds are not in one currency")
    returned = sum(_whole(refund.get("amount")) for refund in listed if refund.get("state") == "SUCCESS")
    net = 0 if state == "REFUNDED" or state in WITHOUT_MONEY else amount - returned
    pending = sum(refund.get("state") == "REQUESTED" for refund in listed)
    return Standing(str(payment.get("order_number", "")), state, currency, net, pending)


def _whole(amount: Any) -> int:
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise BadRecord("An amount of GoPay is not a whole number of hundredths")
    return amount
