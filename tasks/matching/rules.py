"""
The rules as lookups: for each rule, the pairs of payment and document whose keys are equal.

A rule is tried in steps, from the strictest spelling of its key to the most lenient; who found a document by a
step is not asked again. Lookups compare integers (`keys`); texts are read only for payments without a document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from blocks.matching import Matching, Rule
from tasks.matching import spellings
from tasks.matching.keys import (
    Ints,
    digits_only,
    equal_pairs,
    last_ten,
    plain_texts,
    symbol_keys,
    text_keys,
    together,
    without_prefixes,
)


class Found(NamedTuple):
    """What one step found: rows of payments and documents in pairs, and which payments had a key at all."""

    payments: Ints
    documents: Ints
    keyed: Ints


Step = Callable[[Ints], Found]
"""Given the rows of the payments that are asked, what is found for them."""


class Search:
    """All lookups of one matching; keys are made once, when a rule first needs them."""

    def __init__(self, payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching) -> None:
        self._payments = payments
        self._documents = documents
        self._prefixes = settings.series_prefixes
        self._symbols: dict[str, tuple[Ints, Ints]] = {}

    def steps(self, rule: Rule) -> Iterator[Step]:
        """The lookups of the rule, the strictest first."""
        by_kind: dict[str, Callable[[], Iterator[Step]]] = {
            "symbols": lambda: self._by_symbols([f"{name}_symbol" for name in dict.fromkeys(rule.symbols)]),
            "reference": self._by_reference,
            "number": self._by_number,
            "creditor_reference": self._by_creditor_reference,
            "symbol_in_message": self._by_symbol_in_message,
            "number_in_message": self._by_number_in_message,
        }
        return by_kind[rule.kind]()

    def _by_symbols(self, names: list[str]) -> Iterator[Step]:
        pairs = [self._symbol(name) for name in names]
        ours, theirs = pairs[0] if len(pairs) == 1 else together(pairs)
        yield _equal(ours, theirs)
        if names == ["variable_symbol"]:
            yield _equal(ours, last_ten(self._documents["variable_symbol"], theirs))
            if self._prefixes:
                yield _equal(without_prefixes(ours, self._prefixes), without_prefixes(theirs, self._prefixes))

    def _by_reference(self) -> Iterator[Step]:
        yield lambda asked: self._texts(
            asked, _exact(self._documents["reference"]), self._references(asked, _plain)
        )

    def _by_number(self) -> Iterator[Step]:
        yield lambda asked: self._texts(asked, _exact(self._documents["number"]), self._references(asked, _plain))
        yield lambda asked: self._texts(asked, self._number_digits, self._references(asked, _digits))

    def _by_creditor_reference(self) -> Iterator[Step]:
        def named(asked: Ints) -> list[tuple[int, str]]:
            texts = self._read(asked, spellings.creditor_references)
            return texts + [
                (row, carried)
                for row, text in self._references(asked, str)
                for carried in spellings.creditor_references(text)
            ]

        yield lambda asked: self._symbols_written(asked, named(asked))
        yield lambda asked: self._tokens(asked, named(asked))

    def _by_symbol_in_message(self) -> Iterator[Step]:
        yield lambda asked: self._symbols_written(asked, self._read(asked, spellings.variable_symbols))

    def _by_number_in_message(self) -> Iterator[Step]:
        yield lambda asked: self._tokens(asked, self._read(asked, spellings.tokens))
        if self._prefixes:
            yield lambda asked: self._tokens(asked, self._read(asked, spellings.tokens), self._less_prefix)

    def _symbol(self, name: str) -> tuple[Ints, Ints]:
        if name not in self._symbols:
            ours, theirs = symbol_keys(self._payments[name], self._documents[name])
            self._symbols[name] = ours, theirs
        return self._symbols[name]

    def _read(self, asked: Ints, reading: Callable[[str], list[str]]) -> list[tuple[int, str]]:
        """What the messages say, in each of the spellings that their lines can have had."""
        found: list[tuple[int, str]] = []
        for row, message in self._messages(asked):
            said = dict.fromkeys(key for text in spellings.readings(message) for key in reading(text))
            found += [(row, key) for key in said]
        return found

    def _messages(self, asked: Ints) -> Iterator[tuple[int, str]]:
        texts = self._readable
        return ((row, texts[row]) for row in asked.tolist() if row in texts)

    @cached_property
    def _readable(self) -> dict[int, str]:
        messages = self._payments["message"].to_numpy(dtype=object)
        rows = np.flatnonzero(~pd.isna(messages))
        worth = spellings.worth_reading
        return {row: text for row, text in zip(rows.tolist(), messages[rows], strict=True) if worth(text)}

    def _references(self, asked: Ints, spelled: Callable[[str], str]) -> list[tuple[int, str]]:
        texts = self._payments["reference"].to_numpy(dtype=object)[asked]
        some = ~pd.isna(texts)
        pairs = zip(asked[some].tolist(), map(spelled, texts[some]), strict=True)
        return [(row, text) for row, text in pairs if text]

    def _symbols_written(self, asked: Ints, named: list[tuple[int, str]]) -> Found:
        named = [(row, text) for row, text in named if text.isdecimal() and len(text) >= spellings.SHORTEST]
        theirs = self._symbol("variable_symbol")[1]
        ours = np.array([int(text) if len(text) <= 18 else 0 for _, text in named], np.int64)
        return _paired(np.array([row for row, _ in named], np.int64), *equal_pairs(ours, theirs))

    def _tokens(self, asked: Ints, named: list[tuple[int, str]], spelled: Callable[[str], str] = str) -> Found:
        named = [(row, spelled(text)) for row, text in named if spellings.token(text)]
        numbers = self._texts(asked, self._numbers, named, spelled)
        keys = self._texts(asked, self._keys, named, spelled)
        pairs = np.unique(
            np.stack([np.r_[numbers.payments, keys.payments], np.r_[numbers.documents, keys.documents]]), axis=1
        )
        return Found(pairs[0], pairs[1], numbers.keyed)

    @cached_property
    def _numbers(self) -> list[str]:
        return plain_texts(self._documents["number"])

    @cached_property
    def _keys(self) -> list[str]:
        return plain_texts(self._documents["reference"])

    @cached_property
    def _number_digits(self) -> list[str]:
        return digits_only(self._documents["number"])

    def _less_prefix(self, text: str) -> str:
        for prefix in self._prefixes:
            rest = text.removeprefix(prefix).lstrip("0")
            if rest != text and spellings.token(rest):
                return rest
        return text

    def _texts(
        self,
        asked: Ints,
        theirs: Iterable[str],
        named: list[tuple[int, str]],
        spelled: Callable[[str], str] | None = None,
    ) -> Found:
        """Pairs whose texts are equal; only documents whose text is named by anybody are looked at closer."""
        rows = np.array([row for row, _ in named], np.int64)
        said = {text for _, text in named}
        if not said:
            return Found(rows, rows, rows)
        texts = theirs if spelled in (None, str) else map(spelled, theirs)
        hits = [(row, text) for row, text in enumerate(texts) if text in said]
        ours, others = text_keys([text for _, text in named], [text for _, text in hits])
        left, right = equal_pairs(ours, others)
        return _paired(rows, left, np.array([row for row, _ in hits], np.int64)[right])


def _paired(rows: Ints, left: Ints, right: Ints) -> Found:
    """The pairs by rows of payments, each pair once however often it was named."""
    if len(left) == 0:
        return Found(left, right, rows)
    pairs = np.unique(np.stack([rows[left], right]), axis=1)
    return Found(pairs[0], pairs[1], rows)


def _equal(ours: Ints, theirs: Ints) -> Step:
    def step(asked: Ints) -> Found:
        keys = ours[asked]
        left, right = equal_pairs(keys, theirs)
        return Found(asked[left], right, asked[keys != 0])

    return step


def _exact(column: pd.Series) -> Iterator[str]:
    return (_plain(text) for text in column.fillna("").to_list())


def _plain(text: str) -> str:
    """Case and outer spaces make no difference, nor do leading zeros of a number."""
    plain = text.strip().upper()
    return plain.lstrip("0") if plain.isdecimal() else plain


def _digits(text: str) -> str:
    digits = "".join(filter(str.isdecimal, text)).lstrip("0")
    return digits if len(digits) >= spellings.SHORTEST else ""
