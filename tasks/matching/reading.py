"""Messages of many payments, read at once: what they say, and whose message said it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from tasks.matching import spellings
from tasks.matching.keys import Flags, Ints

_NO_DIGITS = bytes(sign for sign in range(1, 256) if sign not in b"0123456789")


class Said(NamedTuple):
    """What payments named: rows of the payments, and for each the text."""

    rows: Ints
    texts: list[str]

    def by(self, asked: Flags) -> Said:
        """What those payments named that are asked."""
        kept = asked[self.rows]
        if kept.all():
            return self
        return Said(self.rows[kept], [text for text, keep in zip(self.texts, kept.tolist(), strict=True) if keep])

    def spelled(self, spelling: Callable[[str], str]) -> Said:
        """The same in another spelling, without what that leaves empty."""
        texts = list(map(spelling, self.texts))
        if all(texts):
            return Said(self.rows, texts)
        return Said(self.rows[[bool(text) for text in texts]], list(filter(None, texts)))

    def joined(self, other: Said) -> Said:
        """Both."""
        return Said(np.r_[self.rows, other.rows], self.texts + other.texts)


class Messages:
    """The messages of the payments, in each of the spellings that their lines can have had.

    All texts lie behind one another in one long text, so that each pattern is searched for once, not a million
    times; a place in it tells the payment.
    """

    def __init__(self, messages: pd.Series, rows: Ints) -> None:
        texts = messages.to_numpy(dtype=object)[rows]
        present = ~pd.isna(texts)
        rows, texts = rows[present], texts[present]
        worth = _worth_reading(texts.tolist())
        self._rows: list[int] = []
        self._texts: list[str] = []
        for row, text in zip(rows[worth].tolist(), texts[worth].tolist(), strict=True):
            for reading in spellings.readings(text) if "\n" in text else (text,):
                self._rows.append(row)
                self._texts.append(reading)
        self._whole = "\0".join(self._texts)
        self._ends = np.cumsum(np.fromiter(map(len, self._texts), np.int64, len(self._texts)) + 1)

    @cached_property
    def variable_symbols(self) -> Said:
        """Symbols that the messages call variable symbols, none shorter than texts may match by."""
        return self._found(spellings.VARIABLE, _symbols)

    @cached_property
    def tokens(self) -> Said:
        """Whole tokens that can name a document."""
        return self._found(spellings.NAMED, lambda match: spellings.parts(match.group()))

    @cached_property
    def creditor_references(self) -> Said:
        """What creditor references with right check digits carry."""
        texts = dict.fromkeys(self._places([match.start() for match in spellings.CREDITOR.finditer(self._whole)]))
        found = [
            (self._rows[n], carried) for n in texts for carried in spellings.creditor_references(self._texts[n])
        ]
        return Said(np.array([row for row, _ in found], np.int64), [carried for _, carried in found])

    def _found(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], list[str]]) -> Said:
        starts: list[int] = []
        texts: list[str] = []
        for match in pattern.finditer(self._whole):
            for text in read(match):
                starts.append(match.start())
                texts.append(text)
        return Said(np.array(self._rows, np.int64)[self._places(starts)], texts)

    def _places(self, starts: list[int]) -> list[int]:
        """Which texts these places of the long text lie in."""
        return np.searchsorted(self._ends, np.array(starts, np.int64), side="right").tolist()


def _worth_reading(texts: list[str]) -> Flags:
    """Which texts have digits enough to name any document."""
    digits = "\0".join(texts).encode().translate(None, _NO_DIGITS).split(b"\0") if texts else []
    if len(digits) != len(texts):
        return np.ones(len(texts), np.bool_)
    return np.fromiter(map(len, digits), np.int64, len(texts)) >= spellings.SHORTEST


def _symbols(match: re.Match[str]) -> list[str]:
    return [text for text in spellings.spelled(match.group(1)) if len(text) >= spellings.SHORTEST]
