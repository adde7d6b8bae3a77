"""What Comgate says of one payment, checked so strictly that nothing can be taken for money by mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.errors import BadRecord
from tasks.providers.comgate.gateway import Record

SECRET_FIELDS = frozenset({"secret", "cardNumber", "cardValid"})
"""v1.0 echoes the shop's secret; card data are nobody's business here."""
_TRUTH = {"true": True, "false": False, "": False, "none": False}


@dataclass(frozen=True)
class Status:
    """One payment as the gateway sees it now."""

    key: str
    word: str
    """PENDING, PAID, CANCELLED or AUTHORIZED; anything else is unknown and never money."""
    test: bool
    price: int
    """Hundredths of `currency`; 0 unless the payment is paid."""
    currency: str
    order: str
    """The shop's own reference (`refId`): order number or variable symbol, not unique."""
    label: str
    kind: str
    account: str
    """The payer's account, where a bank's button tells it."""
    reason: str
    """Why a payment failed, where the gateway says so."""
    raw: str
    """The record as JSON text, without secrets and card data."""

    @property
    def paid(self) -> bool:
        """Whether this is money received, test payments included."""
        return self.word == "PAID"


def status_of(record: Record, key: str, merchant: str) -> Status:
    """The status of the payment that was asked for.

    Raises BadRecord when the record is about another payment or another shop, has no status, or is paid without a
    readable price and currency.
    """
    if _text(record, "transId") != key:
        raise BadRecord("Comgate answered about another payment than asked", evidence=f"asked for {key}")
    if _text(record, "merchant") not in ("", merchant):
        raise BadRecord("Comgate answered about another shop's payment", evidence=f"asked for {key}")
    word = _text(record, "status")
    if not word:
        raise BadRecord("Comgate's answer has no status", evidence=f"asked for {key}")
    paid = word == "PAID"
    return Status(
        key=key,
        word=word,
        test=_truth(record, key),
        price=_price(record, key) if paid else 0,
        currency=_currency(record, key) if paid else _text(record, "curr"),
        order=_text(record, "refId"),
        label=_text(record, "label"),
        kind=kind_of(_text(record, "method")),
        account=_text(record, "payerAcc").replace(" ", ""),
        reason=_text(record, "paymentErrorReason"),
        raw=without_secrets(record),
    )


def kind_of(method: str) -> str:
    """The kind of payment (`tasks.tables.KINDS`) by the gateway's method, spelt as in a status or in a payout."""
    plain = method.casefold()
    if plain.startswith(("card", "applepay", "googlepay", "kart", "platebn")):
        return "card"
    return "transfer" if plain.startswith(("bank", "převod", "prevod")) else "other"


def without_secrets(record: Mapping[str, Any]) -> str:
    """The record as JSON text that may be kept."""
    kept = {name: value for name, value in record.items() if name not in SECRET_FIELDS}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str)


def _text(record: Record, name: str) -> str:
    """The field as text; absent, null and empty mean the same (comgate.md 4)."""
    value = record.get(name)
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _truth(record: Record, key: str) -> bool:
    said = _text(record, "test").lower()
    if said not in _TRUTH:
        raise BadRecord("Comgate does not say clearly whether a payment is a test", evidence=f"asked for {key}")
    return _TRUTH[said]


def _price(record: Record, key: str) -> int:
    value = record.get("price")
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise BadRecord("A paid payment has no price in hundredths", evidence=f"asked for {key}")
    return int(digits)


def _currency(record: Record, key: str) -> str:
    code = _text(record, "curr")
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise BadRecord("A paid payment has no currency", evidence=f"asked for {key}")
    return code
