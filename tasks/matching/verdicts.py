"""
Payments and documents to verdicts: gates, rules in their order, then what several claims on one document mean.

A case is one payment in one agenda; each agenda is matched by itself. Nearly all cases find one document or none
and are decided in bulk; the few where documents are shared are decided one after another (`sharing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter

import numpy as np
import pandas as pd

from blocks.matching import Matching, Rule
from tasks.matching import gates
from tasks.matching.keys import Flags, Ints
from tasks.matching.links import roots
from tasks.matching.reasons import CODE, REASONS, Reason
from tasks.matching.rules import Search
from tasks.matching.sharing import Claim, shared
from tasks.matching.words import seen_elsewhere
from tasks.tables import AGENDAS, DOCUMENTS, PAYMENTS, VERDICTS, checked

COUNTED = CODE[Reason.COUNTED]


def match(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, agendas: Sequence[str] = AGENDAS
) -> pd.DataFrame:
    """The verdicts on all payments in each of the agendas, in the order of the payments.

    Takes `PAYMENTS` and `DOCUMENTS`, gives `VERDICTS`: for each payment and agenda one row, or several that sum
    to the payment's amount when it was split. Only rows with the reason `counted` are money on a document. Pure.
    """
    payments = checked(PAYMENTS, payments)
    documents = checked(DOCUMENTS, documents)
    decisions = Decisions(payments, _within(documents, agendas), settings, agendas)
    decisions.search()
    return decisions.verdicts()


def _within(documents: pd.DataFrame, agendas: Sequence[str]) -> pd.DataFrame:
    inside = documents["agenda"].isin(list(agendas))
    return (documents if inside.all() else documents[inside]).reset_index(drop=True)


@dataclass
class Parts:
    """Parts of payments as columns: case, row of the document (-1 for none), amount, code of the reason."""

    cases: Ints
    documents: Ints
    amounts: Ints
    reasons: Ints

    def and_also(self, others: Parts) -> Parts:
        """These parts and after them the others."""
        if len(others.cases) == 0:
            return self
        pairs = zip(self._columns(), others._columns(), strict=True)
        return Parts(*(np.concatenate(columns) for columns in pairs))

    def in_order(self, cases: int) -> Parts:
        """The same by case, where the first `cases` rows already are one for each case."""
        if len(self.cases) == cases:
            return self
        later = np.argsort(self.cases[cases:], kind="stable") + cases
        return self.only(np.insert(np.arange(cases), self.cases[later] + 1, later))

    def only(self, rows: Ints | Flags) -> Parts:
        """Those in the given rows."""
        return Parts(*(column[rows] for column in self._columns()))

    def put(self, rows: Ints, by: Parts) -> None:
        """Others in place of those in the given rows."""
        for ours, theirs in zip(self._columns(), by._columns(), strict=True):
            ours[rows] = theirs

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.cases, self.documents, self.amounts, self.reasons


@dataclass
class Decisions:
    """What has been decided about each case so far."""

    payments: pd.DataFrame
    documents: pd.DataFrame
    settings: Matching
    agendas: Sequence[str]
    shared_cases: list[Ints] = field(default_factory=list[Ints])
    shared_documents: list[Ints] = field(default_factory=list[Ints])

    def __post_init__(self) -> None:
        self.width = len(self.agendas)
        self.agenda = pd.Categorical(self.documents["agenda"], list(self.agendas)).codes.astype(np.int64)
        self.amounts = self.payments["amount"].to_numpy()
        self.roots, self.depths = roots(self.payments)
        self.barred = gates.barred(self.payments, self.roots >= 0, self.settings)
        size = len(self.payments) * self.width
        self.document = np.full(size, -1, np.int64)
        self.rule = np.full(size, -1, np.int64)
        self.nearest = np.full(size, -1, np.int64)
        self.found = np.zeros(size, np.int64)
        self.keyed = np.zeros(len(self.payments), np.bool_)
        self.pending = np.repeat((self.barred == gates.PASSED) & (self.roots < 0), self.width)
        codes, names = pd.factorize(self.payments["source"])
        self.provider, self.providers = codes, [str(name).split(":")[0] for name in names]

    def search(self) -> None:
        """Ask the rules, one after another, about the payments that have no document yet."""
        eligible = (self.barred == gates.PASSED) & (self.roots < 0)
        search = Search(self.payments, self.documents, self.settings, eligible)
        pair_gates = gates.PairGates(self.payments, self.documents, self.settings)
        for number, rule in enumerate(self.settings.rules):
            for step in search.steps(rule) if rule.active else ():
                asked = self._asked(rule)
                if not asked.any():
                    break
                found = step(asked)
                self.keyed[found.keyed] = True
                self._decide(number, found.payments, found.documents, pair_gates)

    def _asked(self, rule: Rule) -> Flags:
        waiting = np.logical_or.reduce([self.pending[agenda :: self.width] for agenda in range(self.width)])
        if rule.providers:
            right = [n for n, name in enumerate(self.providers) if rule.applies_to(name)]
            waiting &= np.isin(self.provider, right)
        return waiting

    def _decide(self, rule: int, payments: Ints, documents: Ints, pair_gates: gates.PairGates) -> None:
        cases = payments * self.width + self.agenda[documents]
        new = self.pending[cases]
        if not new.all():
            payments, documents, cases = payments[new], documents[new], cases[new]
        verdicts = pair_gates.verdicts(payments, documents)
        passed = verdicts == gates.PASSED
        if not passed.all():
            np.maximum.at(self.nearest, cases[~passed], gates.NEARNESS[verdicts[~passed]])
            cases, documents = cases[passed], documents[passed]
        self.document[cases] = documents
        self.rule[cases] = rule
        self.pending[cases] = False
        np.add.at(self.found, cases, 1)
        several = self.found[cases] > 1
        if several.any():
            self.shared_cases.append(cases[several])
            self.shared_documents.append(documents[several])

    def verdicts(self) -> pd.DataFrame:
        """All decisions as a table."""
        parts = self._parts()
        parts = self._once(parts)
        parts.reasons[self._baseless(parts)] = CODE[Reason.REFUND_WITHOUT_PAYMENT]
        parts.documents[parts.reasons != COUNTED] = -1
        return self._table(parts.in_order(len(self.found)))

    def _parts(self) -> Parts:
        reasons = np.where(self.found > 0, COUNTED, self._uncounted())
        linked = np.flatnonzero(np.repeat((self.roots >= 0) & (self.barred == gates.PASSED), self.width))
        root = self.roots[linked // self.width] * self.width + linked % self.width
        for column in (self.document, self.rule, self.found, reasons):
            column[linked] = column[root]
        whole = Parts(
            np.arange(len(self.found)), self.document.copy(), np.repeat(self.amounts, self.width), reasons
        )
        if not self.shared_cases:
            return whole
        slow = self._sharing(reasons, linked)
        first = np.r_[True, slow.cases[1:] != slow.cases[:-1]]
        whole.put(slow.cases[first], slow.only(first))
        return whole.and_also(slow.only(~first))

    def _uncounted(self) -> Ints:
        """Why the cases without a document have none."""
        without = np.where(self.keyed, CODE[Reason.NO_DOCUMENT], CODE[Reason.NO_KEY])
        without = np.where(self.barred == gates.PASSED, without, self.barred)
        reasons = np.repeat(without.astype(np.int64), self.width)
        failed = self.nearest >= 0
        reasons[failed] = gates.NEAREST_CODES[self.nearest[failed]]
        return reasons

    def _sharing(self, reasons: Ints, linked: Ints) -> Parts:
        """The cases that can see a document which a case with several documents sees, decided in order."""
        cases = np.concatenate(self.shared_cases)
        documents = np.concatenate(self.shared_documents)
        touched = np.zeros(len(self.documents), np.bool_)
        touched[documents] = True
        single = np.flatnonzero((self.found == 1) & (reasons == COUNTED))
        single = single[touched[self.document[single]]]
        followers = linked[self.found[linked] > 1]
        choices: dict[int, list[int]] = {}
        for case, document in zip(cases.tolist(), documents.tolist(), strict=True):
            choices.setdefault(case, []).append(document)
        age = self._age(np.unique(documents))
        everyone = np.unique(np.r_[cases, single, followers])
        claims = [self._claim(case, choices, age) for case in self._in_order(everyone).tolist()]
        totals = dict(
            zip(
                np.flatnonzero(touched).tolist(),
                self.documents["total"].to_numpy()[touched].tolist(),
                strict=True,
            )
        )
        settled = shared(claims, totals, self.settings.oldest_first)
        rows = [(case, p.document, p.amount, p.reason) for case, parts in settled.items() for p in parts]
        rows.sort(key=itemgetter(0))
        return Parts(*np.array(rows, np.int64).T)

    def _claim(self, case: int, choices: dict[int, list[int]], age: dict[int, int]) -> Claim:
        payment, agenda = divmod(case, self.width)
        root = int(self.roots[payment])
        if root >= 0:
            return Claim(case, int(self.amounts[payment]), root=root * self.width + agenda)
        documents = choices.get(case) or [int(self.document[case])]
        return Claim(
            case,
            int(self.amounts[payment]),
            tuple(sorted(documents, key=lambda document: age.get(document, 0))),
            bool(self._words[payment]),
        )

    @cached_property
    def _words(self) -> Flags:
        """Payments that are an e-shop's word, and rows that take one back."""
        words = self.payments["kind"].eq("eshop").to_numpy(np.bool_)
        return np.where(self.roots >= 0, words[self.roots], words)

    def _in_order(self, cases: Ints) -> Ints:
        """Cases by money before words, day, source and identity; what takes a payment back comes after it."""
        payments = cases // self.width
        frame = self.payments.iloc[payments]
        booked = frame["booked_on"].to_numpy()
        later = np.where(
            self.roots[payments] >= 0, self.payments["booked_on"].to_numpy()[self.roots[payments]], booked
        )
        columns = (
            pd.factorize(frame["payment_id"], sort=True)[0],
            pd.factorize(frame["source"], sort=True)[0],
            self.depths[payments],
            np.maximum(booked, later),
            self._words[payments],
        )
        return cases[np.lexsort(columns)]

    def _age(self, documents: Ints) -> dict[int, int]:
        """The place of each document among these, oldest first."""
        frame = self.documents.iloc[documents]
        order = np.lexsort(
            (frame["id"].to_numpy(), pd.factorize(frame["number"], sort=True)[0], frame["issued_on"].to_numpy())
        )
        return {int(document): place for place, document in enumerate(documents[order])}

    def _once(self, parts: Parts) -> Parts:
        """The same with the words that money already says marked as such."""
        if not self._words.any():
            return parts
        counted = parts.reasons == COUNTED
        words = self._words[parts.cases // self.width] & counted
        places = np.zeros(len(parts.cases), np.int64)
        told = self._in_order(np.unique(parts.cases[words]))
        places[words] = pd.Index(told).get_indexer(pd.Index(parts.cases[words]))
        seen = np.zeros_like(parts.amounts)
        seen[counted] = seen_elsewhere(
            parts.documents[counted], parts.amounts[counted], words[counted], places[counted]
        )
        split = np.flatnonzero((seen != 0) & (seen != parts.amounts))
        rest = parts.only(split)
        rest.amounts = rest.amounts - seen[split]
        parts.amounts[split] = seen[split]
        parts.reasons[seen != 0] = CODE[Reason.SEEN_ELSEWHERE]
        return parts.and_also(rest)

    def _baseless(self, parts: Parts) -> Flags:
        """Refunds counted on documents for which no money is counted at all."""
        counted = parts.reasons == COUNTED
        paid = np.zeros(len(self.documents) + 1, np.bool_)
        paid[parts.documents[counted & (parts.amounts > 0)]] = True
        return counted & (parts.amounts < 0) & ~paid[parts.documents]

    def _table(self, parts: Parts) -> pd.DataFrame:
        payments, agendas = np.divmod(parts.cases, self.width)
        ids = np.r_[self.documents["id"].to_numpy(), 0]
        missing = parts.documents < 0
        names = pd.array([rule.name for rule in self.settings.rules] or [""], dtype="str")
        columns = {
            "source": self.payments["source"].array.take(payments),
            "payment_id": self.payments["payment_id"].array.take(payments),
            "agenda": pd.array(list(self.agendas), dtype="str").take(agendas),
            "document_id": pd.arrays.IntegerArray(ids[parts.documents], missing),
            "amount": parts.amounts,
            "rule": names.take(self.rule[parts.cases], allow_fill=True),
            "reason": pd.array(list(REASONS), dtype="str").take(parts.reasons),
        }
        return checked(VERDICTS, pd.DataFrame(columns, copy=False))
