"""Payment numbers from documents: which number the shop sends to the gateway is the shop's own habit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from blocks.gp_webpay import GpWebpayMerchant
from tasks.provider import Fault
from tasks.tables import QUESTIONS, table

LONGEST = 15
"""Digits of a payment number (gp-webpay.md 4)."""
WITHOUT_HUNDREDTHS = frozenset({"CLP", "ISK", "JPY", "KRW", "UGX", "VND", "XAF", "XOF"})
"""How the gateway counts these is unknown (gp-webpay.md 11)."""

NOT_A_NUMBER = "Údaj dokladu není číslo platby GP webpay (1 až 15 číslic); dotaz nebyl poslán."
NO_HUNDREDTHS = "Měna dokladu nemá setiny a není jisté, jak v ní brána částky počítá; dotaz nebyl poslán."
TWO_CURRENCIES = "Číslo platby mají doklady v různých měnách a brána měnu neříká; dotaz nebyl poslán."


@dataclass
class _Asked:
    row: dict[str, object]
    currencies: set[str] = field(default_factory=set[str])


def payment_number(text: str, merchant: GpWebpayMerchant) -> str | None:
    """The payment number that the shop makes of a document's field, None when it makes none."""
    found = re.fullmatch(merchant.number_pattern, text.strip())
    if found is None:
        return None
    plain = "".join(group or "" for group in found.groups()) if found.re.groups else found[0]
    number = merchant.prefix + (plain.lstrip("0") if merchant.strip_leading_zeros else plain)
    return number if re.fullmatch(rf"[0-9]{{1,{LONGEST}}}", number) else None


def questions_of(documents: pd.DataFrame, merchant: GpWebpayMerchant) -> tuple[pd.DataFrame, list[Fault]]:
    """One question per payment number and attempt, and a fault for each document that gives no usable number.

    The question's currency is the merchant's, or else the document's. When several documents give the same
    number, the youngest speaks for it.
    """
    column = merchant.number_from
    asked: dict[str, _Asked] = {}
    faults: list[Fault] = []
    asking = documents[documents[column].notna()].sort_values("issued_on", kind="stable")
    names = ["number", column, "currency", "total", "issued_on"]
    for own, text, of_document, total, issued_on in zip(*(asking[name] for name in names), strict=True):
        if not text.strip():
            continue
        number, currency = payment_number(text, merchant), merchant.currency or of_document
        if number is None:
            faults.append(Fault(str(own), NOT_A_NUMBER))
            continue
        if currency in WITHOUT_HUNDREDTHS:
            faults.append(Fault(str(own), NO_HUNDREDTHS))
            continue
        for key in _attempts(number, merchant):
            one = asked.setdefault(key, _Asked({}))
            one.currencies.add(currency)
            one.row = {
                "key": key,
                "reference": text,
                "currency": currency,
                "total": total,
                "issued_on": issued_on,
            }
    clear = [one.row for one in asked.values() if len(one.currencies) == 1]
    faults += [Fault(key, TWO_CURRENCIES) for key, one in asked.items() if len(one.currencies) > 1]
    return table(QUESTIONS, clear), faults


def _attempts(number: str, merchant: GpWebpayMerchant) -> list[str]:
    """The number itself and one for each further attempt: a failed one burns its number (gp-webpay.md 10)."""
    tried = [number, *(number + suffix for suffix in merchant.attempt_suffixes)]
    return [key for key in tried if len(key) <= LONGEST]
