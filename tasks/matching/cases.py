"""
Which documents each case may pay: gates and rules, for all payments at once.

A case is one payment in one agenda, numbered payment by payment. The first rule whose key finds a document that
passes the gates decides which documents a case may pay; nearly always that is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from blocks.matching import Matching, Rule
from tasks.matching import gates
from tasks.matching.keys import Flags, Ints
from tasks.matching.links import roots
from tasks.matching.reasons import CODE, Reason
from tasks.matching.rules import Found, Search


class Cases:
    """All cases and what the search has found for them."""

    def __init__(
        self, payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, agendas: Sequence[str]
    ) -> None:
        self.payments, self.documents, self.settings, self.agendas = payments, documents, settings, agendas
        self.width = len(agendas)
        self.agenda = pd.Categorical(documents["agenda"], list(agendas)).codes.astype(np.int64)
        self.roots, self.depths = roots(payments)
        self.barred = gates.barred(payments, self.roots >= 0, settings)
        self.outgoing = self._outgoing()
        size = len(payments) * self.width
        self.document: Ints = np.full(size, -1, np.int32)
        """Row of a document that the case may pay, the only one where `found` is 1; -1 for none."""
        self.found: Ints = np.zeros(size, np.int32)
        """How many documents the case may pay."""
        self.rule: Ints = np.full(size, -1, np.int16)
        self.nearest: Ints = np.full(size, -1, np.int8)
        """Of the gates that documents found by its keys failed, the last one, as a place in `gates.NEAREST`."""
        self.keyed = np.zeros(len(payments), np.bool_)
        """Payments that carry any key at all."""
        self.several: list[tuple[Ints, Ints]] = []
        """Cases with more than one document, in pairs with them."""
        self._pending = np.repeat(self._eligible, self.width)
        self._gates = gates.PairGates(payments, documents, settings)

    @cached_property
    def words(self) -> Flags:
        """Payments that are an e-shop's word, and rows that take one back."""
        kinds, names = pd.factorize(self.payments["kind"].to_numpy(dtype=object))
        words = np.isin(kinds, np.flatnonzero(names == "eshop"))
        return np.where(self.roots >= 0, words[self.roots], words)

    @cached_property
    def _eligible(self) -> Flags:
        return ((self.barred == gates.PASSED) | self.outgoing) & (self.roots < 0)

    def _outgoing(self) -> Flags:
        """Our own payments that may be refunds: they are if they go to the account that paid their document."""
        if not self.settings.refunds_to_payers:
            return np.zeros(len(self.payments), np.bool_)
        rows = np.flatnonzero(self.barred == CODE[Reason.OUTGOING])
        known = ~pd.isna(self.payments["counterparty"].to_numpy(dtype=object)[rows])
        flags = np.zeros(len(self.payments), np.bool_)
        flags[rows[known]] = True
        return flags

    def search(self) -> None:
        """Ask the rules, one after another, about the payments that have no document yet."""
        search = Search(self.payments, self.documents, self.settings, self._eligible)
        outgoing: list[tuple[int, Found]] = []
        for number, rule in enumerate(self.settings.rules):
            for step in search.steps(rule) if rule.active else ():
                asked = self._asked(rule)
                if not asked.any():
                    break
                found = step(asked)
                self.keyed[found.keyed] = True
                back = self.outgoing[found.payments]
                if back.any():
                    outgoing.append((number, found.only(back)))
                    found = found.only(~back)
                self._decide(number, found)
        self._give_back(outgoing)

    def _asked(self, rule: Rule) -> Flags:
        waiting = np.logical_or.reduce([self._pending[agenda :: self.width] for agenda in range(self.width)])
        if rule.providers:
            codes, names = self._providers
            waiting &= np.isin(codes, [n for n, name in enumerate(names) if rule.applies_to(name)])
        return waiting

    def from_sources(self, providers: Sequence[str]) -> Flags:
        """Payments that one of these providers tells of."""
        codes, names = self._providers
        return np.isin(codes, [n for n, name in enumerate(names) if name in providers])

    @cached_property
    def _providers(self) -> tuple[Ints, list[str]]:
        codes, sources = pd.factorize(self.payments["source"].to_numpy(dtype=object))
        return codes.astype(np.int64), [str(source).split(":")[0] for source in sources]

    def _decide(self, rule: int, found: Found) -> None:
        payments, documents = found.payments, found.documents
        cases = payments * self.width + self.agenda[documents]
        new = self._pending[cases]
        if not new.all():
            payments, documents, cases = payments[new], documents[new], cases[new]
        verdicts = self._gates.verdicts(payments, documents)
        passed = verdicts == gates.PASSED
        if not passed.all():
            np.maximum.at(self.nearest, cases[~passed], gates.NEARNESS[verdicts[~passed]])
            cases, documents = cases[passed], documents[passed]
        self.document[cases] = documents
        self.rule[cases] = rule
        self._pending[cases] = False
        np.add.at(self.found, cases, 1)
        several = self.found[cases] > 1
        if several.any():
            self.several.append((cases[several], documents[several]))
        if len(found.crowded):
            self._give_up(rule, found.crowded)

    def _give_up(self, rule: int, payments: Ints) -> None:
        """A key that hundreds of documents share tells nothing: many documents, and none to choose from."""
        cases = (payments[:, None] * self.width + np.arange(self.width)).ravel()
        cases = cases[self._pending[cases]]
        self.rule[cases] = rule
        self.found[cases] = 2
        self._pending[cases] = False
        self.several.append((cases[:0], cases[:0]))

    def _give_back(self, outgoing: list[tuple[int, Found]]) -> None:
        """Let outgoing payments be refunds of the documents that were paid from the very account they go to."""
        if not outgoing:
            return
        asked = np.zeros(len(self.documents) + 1, np.bool_)
        for _, found in outgoing:
            asked[found.documents] = True
        paid, payers = self._payers(asked)
        accounts = self.payments["counterparty"].to_numpy(dtype=object)
        for rule, found in outgoing:
            texts, _ = pd.factorize(np.concatenate([accounts[payers], accounts[found.payments]]))
            theirs = texts[: len(payers)] + paid * len(accounts)
            ours = texts[len(payers) :] + found.documents * len(accounts)
            self._decide(rule, found.only(np.isin(ours, theirs)))

    def _payers(self, asked: Flags) -> tuple[Ints, Ints]:
        """Of the documents asked about, in pairs with them, the payments that may have paid them."""
        single = np.flatnonzero(asked[self.document] & (self.found == 1))
        pairs = [(single, self.document[single])]
        pairs += [(cases[asked[documents]], documents[asked[documents]]) for cases, documents in self.several]
        cases, documents = (np.concatenate(column) for column in zip(*pairs, strict=True))
        known = ~pd.isna(self.payments["counterparty"].to_numpy(dtype=object)[cases // self.width])
        return documents[known].astype(np.int64), cases[known] // self.width

    def uncounted(self) -> Ints:
        """The code of the reason why a case has no document, for all cases."""
        without = np.where(self.keyed, np.int8(CODE[Reason.NO_DOCUMENT]), np.int8(CODE[Reason.NO_KEY]))
        without = np.where(self.barred == gates.PASSED, without, self.barred)
        reasons = np.repeat(without, self.width)
        failed = (self.nearest >= 0) & np.repeat(self.barred == gates.PASSED, self.width)
        reasons[failed] = gates.NEAREST_CODES[self.nearest[failed]]
        return reasons
