"""Comgate's payment keys as people put them on documents: alone, several, or inside a pasted address."""

from __future__ import annotations

import re

import pandas as pd

from tasks.provider import Fault
from tasks.tables import QUESTIONS, table

KEY = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}")
"""Letters O and I stand next to digits 0 and 1 in genuine keys, so nothing is ever corrected (comgate.md 4)."""
_KEY_IN_TEXT = re.compile(rf"(?<![^\W_])(?<![^\W_]-){KEY.pattern}(?![^\W_])(?!-[^\W_])")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))

MALFORMED = "Pole klíče platby neobsahuje klíč Comgate ve tvaru XXXX-XXXX-XXXX; dotaz nebyl poslán."


def keys_in(text: str) -> list[str]:
    """The keys in the text, each once, in upper case; dashes of every kind are taken as hyphens."""
    return list(dict.fromkeys(_KEY_IN_TEXT.findall(text.upper().translate(_DASHES))))


def questions_of(documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """One question per key on the documents, and a fault for each document whose field holds no key.

    When several documents carry the same key, the youngest of them speaks for it.
    """
    by_key: dict[str, dict[str, object]] = {}
    faults: list[Fault] = []
    columns = ["number", "reference", "currency", "total", "issued_on"]
    asking = documents[documents["reference"].notna()].sort_values("issued_on", kind="stable")
    for number, text, currency, total, issued_on in asking[columns].itertuples(index=False, name=None):
        keys = keys_in(text)
        if not keys and text.strip():
            faults.append(Fault(str(number), MALFORMED, text))
        for key in keys:
            by_key[key] = {
                "key": key,
                "reference": key,
                "currency": currency,
                "total": total,
                "issued_on": issued_on,
            }
    return table(QUESTIONS, by_key.values()), faults
