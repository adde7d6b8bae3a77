"""Payment symbols: one normal form, so that spellings of the same symbol are equal."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"[0-9]+")
LONGEST = {"variable": 10, "specific": 10, "constant": 4}
"""How many digits a domestic payment can carry."""


def symbol(text: str | None) -> str | None:
    """The symbol's digits without leading zeros, or None when there is none (empty, zero, not digits).

    Spaces inside are dropped. A symbol longer than a payment can carry is kept: Pohoda allows twenty characters,
    and matching decides what it can be equal to.
    """
    digits = re.sub(r"\s+", "", text or "")
    if not _DIGITS.fullmatch(digits):
        return None
    return digits.lstrip("0") or None
