"""One booking of an account (ADVMUL) as a payment: its sign, kind and identity (csob.md 2.8, 2.9, 2.11)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.providers.csob.accounts import plain_account, with_bank
from tasks.providers.csob.purpose import purpose

Row = dict[str, Any]
"""One row of `tasks.tables.INCOMING`, without its source."""

COMING = ("C", "DR", "RD")
"""Flags of what makes the account richer: a credit, or a debit taken back."""
TAKEN_BACK = ("CR", "RC", "DR", "RD")

_FOREIGN = re.compile(r"[\d.]+,\d{2}\s+[A-Z]{3}\s+[\d.]+,\d{6}")
"""Message 1 of a foreign payment: its amount, currency and rate (csob.md 2.11, rule 4)."""


def signed(movement: Any) -> int:
    """The amount with the sign that its flag gives, whatever sign is printed."""
    amount = abs(int(movement.amount))
    return amount if movement.flag in COMING else -amount


def contradicts(movement: Any) -> bool:
    """Whether the printed sign says the opposite of the flag."""
    return int(movement.amount) != signed(movement)


def is_fee(movement: Any) -> bool:
    """Whether this is the bank's fee for a foreign payment: it names that payment and is none itself."""
    return (
        movement.flag not in ("C", "CR", "RC")
        and not movement.bank
        and movement.order_id in ("", movement.bank_reference)
        and (movement.specific_symbol != 0 or bool(_FOREIGN.fullmatch(movement.message_1)))
        and not movement.client_reference
    )


def is_foreign(movement: Any) -> bool:
    """Whether this is the booking of a foreign payment, of which a detail may tell more."""
    if movement.flag in TAKEN_BACK or is_fee(movement):
        return False
    named = movement.client_reference and movement.client_reference == movement.name
    numbered = movement.order_id and movement.order_id.lstrip("0") == str(movement.specific_symbol)
    return bool(_FOREIGN.fullmatch(movement.message_1)) or bool(not movement.bank and (named or numbered))


def place(account: str, currency: str, booked_on: pd.Timestamp) -> str:
    """What every identity of a payment begins with: own account, its currency, the day of booking."""
    return f"{plain_account(account)}/{currency}/{booked_on:%Y%m%d}"


def identity(movement: Any, number_in_advice: int) -> str:
    """The identity of a booking: the bank's posting number, else its order, else its place in the advice."""
    where = place(movement.own_account, movement.currency, movement.booking_date)
    posting = movement.bank_reference.lstrip("0")
    if posting:
        return f"{where}/{posting}"
    if movement.order_id:
        return f"{where}/{movement.order_id}/{signed(movement)}"
    return f"{where}/{movement.advice}/{number_in_advice}"


def booking(movement: Any, payment_id: str, line: str) -> Row:
    """The payment of a booking that stands for itself: domestic, a fee, or taken back by the bank."""
    row = {
        "payment_id": payment_id,
        "booked_on": movement.booking_date,
        "amount": signed(movement),
        "currency": movement.currency,
        "counterparty": with_bank(movement.account, movement.bank),
        "raw": raw([line]),
    }
    if is_fee(movement):
        return {**row, "kind": "fee", "reference": _symbol(movement.specific_symbol)}
    if movement.flag in ("DR", "RD"):
        # Our own payment came back: its symbols are the supplier's and must find no document of ours (csob.md 6).
        return {**row, "kind": "reversal"}
    return {**row, "kind": _kind(movement), **_said(movement)}


def _said(movement: Any) -> Row:
    """What the payer says the payment is for."""
    text = purpose([movement.message_1, movement.message_2, movement.message_3, movement.message_4])
    return {
        "variable_symbol": _symbol(movement.variable_symbol or movement.other_variable_symbol),
        "specific_symbol": _symbol(movement.specific_symbol),
        "constant_symbol": _symbol(movement.constant_symbol),
        "message": " \n".join(part for part in (text, movement.note) if part) or None,
    }


def raw(lines: Sequence[str]) -> str:
    """The provider's own record: the lines of the file without the blank columns at their ends."""
    return json.dumps({"bbf": [line.rstrip() for line in lines]}, ensure_ascii=False)


def _kind(movement: Any) -> str:
    if movement.flag in TAKEN_BACK:
        return "reversal"
    # Deposits in cash, cards, interest and fees have no counterparty (csob.md 6).
    return "transfer" if with_bank(movement.account, movement.bank) else "other"


def _symbol(number: int) -> str | None:
    return str(number) if number else None
