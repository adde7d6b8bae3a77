"""
Keys as integers: symbols and texts are turned into numbers once, and everything after compares numbers.

Zero is "no key". Both sides of a comparison must be turned together, since the numbers of texts and of symbols
longer than 18 digits mean something only within one call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.symbols import symbol

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SEPARATORS = bytes(sign for sign in range(128) if not chr(sign).isalnum() and chr(sign) != "\n")
_NOT_DIGITS = bytes(sign for sign in range(256) if chr(sign) not in "0123456789\n")


def symbol_keys(*columns: pd.Series) -> list[Ints]:
    """Columns of symbols as comparable numbers, one array per column."""
    long: dict[str, int] = {}
    return [_numbers(column, long) for column in columns]


def _numbers(column: pd.Series, long: dict[str, int]) -> Ints:
    texts = column.to_numpy(dtype=object)
    missing = pd.isna(texts)
    keys = np.zeros(len(texts), np.int64)
    some = texts[~missing] if missing.any() else texts
    try:
        keys[~missing] = some.astype(np.int64)
    except (OverflowError, ValueError):
        keys[~missing] = [_number(text, long) for text in some]
    return keys


def _number(text: str, long: dict[str, int]) -> int:
    digits = symbol(text)
    if digits is None:
        return 0
    return int(digits) if len(digits) <= 18 else long.setdefault(digits, -1 - len(long))


def without_prefixes(keys: Ints, prefixes: Sequence[str]) -> Ints:
    """The symbols less the first of the number series' prefixes that they begin with, if four digits remain."""
    numeric = sorted((prefix.lstrip("0") for prefix in prefixes if prefix.isdecimal()), key=len, reverse=True)
    left = keys.copy()
    for prefix in filter(None, numeric):
        rest = 10 ** np.arange(4, 18 - len(prefix), dtype=np.int64)
        for size in rest:
            begins = (left == keys) & (keys // size == int(prefix))
            left[begins] = keys[begins] % size
    return np.where(left > 0, left, keys)


def last_ten(column: pd.Series, keys: Ints) -> Ints:
    """What of the column's symbols longer than ten digits a domestic payment can carry; zero for all others."""
    carried = np.zeros_like(keys)
    for row in np.flatnonzero((keys < 0) | (keys >= 10**10)):
        carried[row] = int((symbol(column.iloc[row]) or "0")[-10:])
    return carried


def together(columns: Sequence[Sequence[Ints]]) -> list[Ints]:
    """Several keys as one: sides[k][s] is key k on side s. A side's key is zero where any part is missing."""
    sides = len(columns[0])
    bounds = np.cumsum([0, *(len(columns[0][side]) for side in range(sides))])
    whole = pd.DataFrame({n: np.concatenate(list(column)) for n, column in enumerate(columns)})
    codes = whole.groupby(list(whole.columns), sort=False).ngroup().to_numpy().astype(np.int64) + 1
    codes[(whole == 0).any(axis=1).to_numpy()] = 0
    return [codes[bounds[side] : bounds[side + 1]] for side in range(sides)]


def text_keys(*sides: Sequence[str]) -> list[Ints]:
    """Texts as comparable numbers, one array per side; only equality within the call has a meaning."""
    texts = np.array([text for side in sides for text in side], dtype=object)
    codes, _ = pd.factorize(texts)
    bounds = np.cumsum([0, *(len(side) for side in sides)])
    return [codes[bounds[n] : bounds[n + 1]].astype(np.int64) + 1 for n in range(len(sides))]


def equal_pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """All pairs (row of left, row of right) whose keys are equal and not zero."""
    rows = np.flatnonzero(right)
    rows = rows[np.argsort(right[rows], kind="stable")]
    ordered = right[rows]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    sizes = np.diff(np.r_[starts, len(ordered)])
    group = pd.Index(ordered[starts]).get_indexer(pd.Index(left))
    found = np.flatnonzero(group >= 0)
    group = group[found]
    repeats = sizes[group]
    if len(repeats) == 0 or repeats.max() == 1:
        return found, rows[starts[group]]
    within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return np.repeat(found, repeats), rows[np.repeat(starts[group], repeats) + within]


def plain_texts(column: pd.Series) -> list[str]:
    """Document numbers or keys in the spelling of `spellings.token`, "" where missing; a million take a blink."""
    texts = column.fillna("").to_list()
    joined = "\n".join(texts)
    if joined.isascii() and joined.count("\n") == max(len(texts) - 1, 0):
        plain = joined.upper().encode().translate(None, _SEPARATORS).decode()
        texts = plain.split("\n") if texts else []
    else:
        texts = ["".join(filter(str.isalnum, text)).upper() for text in texts]
    return [text.lstrip("0") if text.startswith("0") else text for text in texts]


def digits_only(column: pd.Series) -> list[str]:
    """The digits of document numbers without leading zeros, "" where there is none."""
    texts = column.fillna("").to_list()
    joined = "\n".join(texts)
    if joined.count("\n") != max(len(texts) - 1, 0):
        return [re.sub("[^0-9]", "", text).lstrip("0") for text in texts]
    digits = joined.encode().translate(None, _NOT_DIGITS).decode()
    return [text.lstrip("0") for text in digits.split("\n")] if texts else []
