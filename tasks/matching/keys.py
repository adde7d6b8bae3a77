"""
Keys as integers: symbols and texts are turned into numbers once, and everything after compares numbers.

Zero is "no key". Both sides of a comparison must be turned together, since the numbers of texts and of symbols
longer than 18 digits mean something only within one call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.matching import spellings
from tasks.symbols import symbol

Ints = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]

_SEPARATORS = bytes(sign for sign in range(128) if not chr(sign).isalnum() and chr(sign) != "\n")
_NOT_DIGITS = bytes(sign for sign in range(256) if chr(sign) not in "0123456789\n")

MOST_ROWS = 500
"""A key that more documents than this share names none of them."""


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
        for size in (10**digits for digits in range(spellings.SHORTEST, 18 - len(prefix))):
            begins = (keys >= int(prefix) * size) & (keys < (int(prefix) + 1) * size)
            begins = np.flatnonzero(begins)
            begins = begins[left[begins] == keys[begins]]
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


class Pairs(NamedTuple):
    """Rows of two sides whose keys are equal, in pairs."""

    left: Ints
    right: Ints
    crowded: Ints
    """Rows of the left whose key more than `MOST_ROWS` rows of the right have; they are in no pair."""


def equal_pairs(left: Ints, right: Ints) -> Pairs:
    """All pairs (row of left, row of right) whose keys are equal and not zero."""
    rows = np.flatnonzero(right)
    if len(rows) == 0 or len(left) == 0:
        return Pairs(rows[:0], rows[:0], rows[:0])
    rows = rows[np.argsort(right[rows], kind="stable")]
    ordered = right[rows]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    group = pd.Index(ordered[starts]).get_indexer(pd.Index(left))
    found = np.flatnonzero(group >= 0)
    group = group[found]
    repeats = sizes[group]
    if len(repeats) == 0 or repeats.max() == 1:
        return Pairs(found, rows[starts[group]], rows[:0])
    crowded = found[repeats > MOST_ROWS]
    repeats[repeats > MOST_ROWS] = 0
    within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return Pairs(np.repeat(found, repeats), rows[np.repeat(starts[group], repeats) + within], crowded)


def equal_texts(ours: Sequence[str], theirs: Texts) -> Pairs:
    """All pairs (place in ours, row of theirs) whose texts are equal, looking at each of theirs only once."""
    said = set(ours)
    hits = [place for place, text in enumerate(theirs.texts) if text in said] if said else []
    named = {text: n for n, text in enumerate({theirs.texts[place] for place in hits}, 1)}
    left = np.fromiter((named.get(text, 0) for text in ours), np.int64, len(ours))
    right = np.fromiter((named[theirs.texts[place]] for place in hits), np.int64, len(hits))
    pairs = equal_pairs(left, right)
    return pairs._replace(right=theirs.rows[np.array(hits, np.int64)[pairs.right]])


_BETWEEN = re.compile(r"[\s,;|/?&=#]+")
"""What stands between the keys in a field, or between the parts of a link."""
_DASHES = re.compile("[\u2010-\u2015\u2212]")
"""Dashes that a program made of hyphens while somebody typed."""


class Texts(NamedTuple):
    """The texts of a column that are not missing: their rows, and the texts in one spelling."""

    rows: Ints
    texts: list[str]

    @classmethod
    def of(cls, column: pd.Series) -> Texts:
        """As they stand."""
        texts = column.to_numpy(dtype=object)
        rows = np.flatnonzero(~pd.isna(texts))
        return cls(rows, texts[rows].tolist())

    def exact(self) -> Texts:
        """As `exact` spells them."""
        joined = "\n".join(self.texts)
        if not self._one_line_each(joined) or ("\n" + joined).find("\n0") >= 0 or re.search(r"[^\S\n]", joined):
            return Texts(self.rows, [exact(text) for text in self.texts])
        return Texts(self.rows, joined.upper().split("\n"))

    def pieces(self) -> Texts:
        """Of the texts that hold more than one key, as several keys or a pasted link do, each piece by itself."""
        rows: list[int] = []
        found: list[str] = []
        for row, text in zip(self.rows.tolist(), self.texts, strict=True):
            if _BETWEEN.search(text.strip()) or _DASHES.search(text):
                parts = [exact(part) for part in _BETWEEN.split(_DASHES.sub("-", text)) if part]
                rows += [row] * len(parts)
                found += parts
        return Texts(np.array(rows, np.int64), found)

    def plain(self) -> Texts:
        """As `spellings.token` spells tokens, whatever the number of digits."""
        joined = "\n".join(self.texts)
        if not joined.isascii() or not self._one_line_each(joined):
            plain = ["".join(filter(str.isalnum, text)).upper().lstrip("0") for text in self.texts]
            return Texts(self.rows, plain)
        return self._stripped(joined.upper().encode().translate(None, _SEPARATORS).decode())

    def digits(self) -> Texts:
        """Their digits without leading zeros."""
        joined = "\n".join(self.texts)
        if not self._one_line_each(joined):
            return Texts(self.rows, [re.sub("[^0-9]", "", text).lstrip("0") for text in self.texts])
        return self._stripped(joined.encode().translate(None, _NOT_DIGITS).decode())

    def _one_line_each(self, joined: str) -> bool:
        """A million texts are spelled anew as one text with lines, unless some of them has lines of its own."""
        return bool(self.texts) and joined.count("\n") == len(self.texts) - 1

    def _stripped(self, lines: str) -> Texts:
        zeros = lines.startswith("0") or "\n0" in lines
        texts = lines.split("\n")
        return Texts(self.rows, [text.lstrip("0") for text in texts] if zeros else texts)


def exact(text: str) -> str:
    """Case and outer spaces make no difference, nor do leading zeros of a number."""
    plain = text.strip().upper()
    return plain.lstrip("0") if plain.isdecimal() else plain
