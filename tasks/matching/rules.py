"""
The rules as lookups: for each rule, the pairs of payment and document whose keys are equal.

A rule is tried in steps, from the strictest spelling of its key to the most lenient; who found a document by a
step is not asked again. Lookups compare integers (`keys`); texts are read only for payments without a document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from blocks.matching import Matching, Rule
from tasks.matching import spellings
from tasks.matching.keys import (
    Flags,
    Ints,
    Pairs,
    Texts,
    equal_pairs,
    equal_texts,
    exact,
    last_ten,
    symbol_keys,
    together,
    without_prefixes,
)
from tasks.matching.reading import Messages, Said

NOBODY: Ints = np.zeros(0, np.int64)


class Found(NamedTuple):
    """What one step found: rows of payments and documents in pairs, and which payments had a key at all."""

    payments: Ints
    documents: Ints
    keyed: Ints
    crowded: Ints = NOBODY
    """Payments whose key is on so many documents that it tells nothing."""

    def only(self, flags: Flags) -> Found:
        """Only the flagged pairs."""
        return self._replace(payments=self.payments[flags], documents=self.documents[flags])


Step = Callable[[Flags], Found]
"""Given which payments are asked, what is found for them."""


class Search:
    """All lookups of one matching; keys are made once, when a rule first needs them.

    `eligible` says which payments may be asked about at all.
    """

    def __init__(
        self, payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, eligible: Flags
    ) -> None:
        self._payments = payments
        self._documents = documents
        self._prefixes = settings.series_prefixes
        self._eligible = eligible
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
            carried = last_ten(self._documents["variable_symbol"], theirs)
            if carried.any():
                yield _equal(ours, carried)
            if self._prefixes:
                yield _equal(without_prefixes(ours, self._prefixes), without_prefixes(theirs, self._prefixes))

    def _by_reference(self) -> Iterator[Step]:
        yield lambda asked: _by_text(self._references.by(asked).spelled(exact), self._keys, Texts.exact)
        if len(self._key_pieces.texts):
            yield lambda asked: _by_text(
                self._references.by(asked).spelled(exact), self._key_pieces, lambda all: all
            )

    def _by_number(self) -> Iterator[Step]:
        yield lambda asked: self._not_another_order(
            _by_text(self._references.by(asked).spelled(exact), self._numbers, Texts.exact)
        )
        yield lambda asked: self._not_another_order(
            self._of_orders(_by_text(self._references.by(asked).spelled(_digits), self._numbers, Texts.digits))
        )

    def _of_orders(self, found: Found) -> Found:
        """Without the letters an e-shop's order names only an order: other series may hold the same digits."""
        words = self._payments["kind"].to_numpy(dtype=object)[found.payments] == "eshop"
        agendas = self._documents["agenda"].to_numpy(dtype=object)[found.documents]
        return found.only(~words | (agendas == "received_order"))

    def _not_another_order(self, found: Found) -> Found:
        """An e-shop's word is about its own order: not about a document that carries another order's number."""
        words = self._payments["kind"].to_numpy(dtype=object)[found.payments] == "eshop"
        if not words.any():
            return found
        ours = self._payments["reference"].to_numpy(dtype=object)[found.payments]
        theirs = self._documents["reference"].to_numpy(dtype=object)[found.documents]
        other = [
            isinstance(key, str) and key.strip().isdecimal() and exact(key) != exact(order)
            for order, key in zip(ours, theirs, strict=True)
        ]
        return found.only(~(words & np.array(other, np.bool_)))

    def _by_creditor_reference(self) -> Iterator[Step]:
        yield lambda asked: self._by_written_symbol(self._carried.by(asked))
        yield lambda asked: self._by_token(self._carried.by(asked))

    def _by_symbol_in_message(self) -> Iterator[Step]:
        yield lambda asked: self._by_written_symbol(self._messages.variable_symbols.by(asked))

    def _by_number_in_message(self) -> Iterator[Step]:
        yield lambda asked: self._by_token(self._messages.tokens.by(asked))
        if self._prefixes:
            yield lambda asked: self._by_token_less_prefix(self._messages.tokens.by(asked))

    def _symbol(self, name: str) -> tuple[Ints, Ints]:
        if name not in self._symbols:
            ours, theirs = symbol_keys(self._payments[name], self._documents[name])
            self._symbols[name] = ours, theirs
        return self._symbols[name]

    def _by_written_symbol(self, said: Said) -> Found:
        theirs = self._symbol("variable_symbol")[1]
        texts = (int(text) if text.isdecimal() and len(text) <= 18 else 0 for text in said.texts)
        ours = np.fromiter(texts, np.int64, len(said.texts))
        return _paired(said.rows, equal_pairs(ours, theirs))

    def _by_token(self, said: Said) -> Found:
        found = (equal_texts(said.texts, theirs) for theirs in (self._plain_numbers, self._keys.plain()))
        return _paired(said.rows, Pairs(*(np.concatenate(column) for column in zip(*found, strict=True))))

    def _by_token_less_prefix(self, said: Said) -> Found:
        ours = said.spelled(self._less_prefix)
        return _paired(ours.rows, equal_texts(ours.texts, self._numbers_less_prefix))

    @cached_property
    def _messages(self) -> Messages:
        return Messages(self._payments["message"], np.flatnonzero(self._eligible))

    @cached_property
    def _references(self) -> Said:
        texts = self._payments["reference"].to_numpy(dtype=object)
        rows = np.flatnonzero(self._eligible & ~pd.isna(texts))
        return Said(rows, texts[rows].tolist())

    @cached_property
    def _carried(self) -> Said:
        """What creditor references carry, in messages and in the field for references."""
        named = self._references
        found = [
            (row, carried)
            for row, text in zip(named.rows.tolist(), named.texts, strict=True)
            if spellings.CREDITOR.match(text)
            for carried in spellings.creditor_references(text)
        ]
        rows = np.array([row for row, _ in found], np.int64)
        said = Said(rows, [text for _, text in found]).joined(self._messages.creditor_references)
        return said.spelled(lambda text: text if spellings.token(text) else "")

    @cached_property
    def _numbers(self) -> Texts:
        return Texts.of(self._documents["number"])

    @cached_property
    def _keys(self) -> Texts:
        return Texts.of(self._documents["reference"])

    @cached_property
    def _key_pieces(self) -> Texts:
        return self._keys.pieces()

    @cached_property
    def _plain_numbers(self) -> Texts:
        return self._numbers.plain()

    @cached_property
    def _numbers_less_prefix(self) -> Texts:
        prefixes = tuple(self._prefixes)
        rows, texts = self._plain_numbers
        return Texts(rows, [self._less_prefix(text) if text.startswith(prefixes) else text for text in texts])

    def _less_prefix(self, text: str) -> str:
        for prefix in self._prefixes:
            rest = text.removeprefix(prefix).lstrip("0")
            if rest != text and spellings.token(rest):
                return rest
        return text


def _by_text(said: Said, theirs: Texts, spelled: Callable[[Texts], Texts]) -> Found:
    return _paired(said.rows, equal_texts(said.texts, spelled(theirs) if said.texts else theirs))


def _paired(rows: Ints, pairs: Pairs) -> Found:
    """The pairs by rows of payments, each pair once however often it was named."""
    payments, documents = rows[pairs.left], pairs.right
    order = np.lexsort((documents, payments))
    payments, documents = payments[order], documents[order]
    new = np.r_[True, (payments[1:] != payments[:-1]) | (documents[1:] != documents[:-1])][: len(order)]
    return Found(payments[new], documents[new], rows, rows[pairs.crowded])


def _equal(ours: Ints, theirs: Ints) -> Step:
    def step(asked: Flags) -> Found:
        rows = np.flatnonzero(asked & (ours != 0))
        left, right, crowded = equal_pairs(ours[rows], theirs)
        return Found(rows[left], right, rows, rows[crowded])

    return step


def _digits(text: str) -> str:
    digits = "".join(filter(str.isdecimal, text)).lstrip("0")
    return digits if len(digits) >= spellings.SHORTEST else ""
