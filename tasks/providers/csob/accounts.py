"""Spellings of account numbers, and the one that stands for each account (csob.md 2.9)."""

from __future__ import annotations

import re

_IBAN = re.compile(r"CZ[0-9]{2}([0-9]{4})([0-9]{6})([0-9]{10})")
_DASHED = re.compile(r"([0-9]{1,6})-([0-9]{1,10})")
WITHOUT_ABO = "999999"
"""What the number of an account without a domestic form begins with; the rest is the bank's own matter."""


def plain_account(text: str) -> str:
    """The account as "[prefix-]number" without leading zeros, anything else without spaces; empty for none.

    Takes sixteen digits, fewer digits, "19-123457" and Czech IBANs; zeros only mean no account.
    """
    account = re.sub(r"\s+", "", text)
    parts = _parts(account)
    if parts is None:
        return account
    prefix, number = (part.lstrip("0") for part in parts)
    if not number and not prefix:
        return ""
    return f"{prefix}-{number}" if prefix else number


def with_bank(account: str, bank: str) -> str | None:
    """The counterparty as payments name it, "[prefix-]number/bank" or an IBAN; None when there is none."""
    number = plain_account(account)
    if not number:
        return None
    return f"{number}/{bank}" if bank else re.sub(r"\s+", "", account)


def _parts(account: str) -> tuple[str, str] | None:
    iban = _IBAN.fullmatch(account)
    if iban:
        return iban[2], iban[3]
    dashed = _DASHED.fullmatch(account)
    if dashed:
        return dashed[1], dashed[2]
    opaque = len(account) == 16 and account.startswith(WITHOUT_ABO)
    if account.isascii() and account.isdigit() and len(account) <= 16 and not opaque:
        padded = account.zfill(16)
        return padded[:6], padded[6:]
    return None
