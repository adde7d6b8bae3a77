"""Why a document or a payment stands as it does: every pair that was considered, each gate and each rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from blocks.matching import Matching
from tasks.marks import wanted
from tasks.matching import gates
from tasks.matching.links import roots
from tasks.matching.reasons import REASONS, Reason, State
from tasks.matching.rules import Search
from tasks.matching.suggestions import IDENTITY, suggest
from tasks.matching.verdicts import match
from tasks.tables import AGENDAS


@dataclass(frozen=True)
class GateVerdict:
    """One gate: the reason that it gives when it does not let pass, and whether it did let pass."""

    reason: Reason
    passed: bool


@dataclass(frozen=True)
class RuleVerdict:
    """One rule on one pair: whether it is used for the payment's source, found a key, and found it equal."""

    rule: str
    used: bool
    keyed: bool
    equal: bool


@dataclass(frozen=True)
class Outcome:
    """What became of a part of a payment in the agenda; `document_id` is missing for money on no document."""

    document_id: int | None
    amount: int
    rule: str
    reason: Reason


@dataclass(frozen=True)
class Considered:
    """One payment and one document that had anything to do with each other."""

    source: str
    payment_id: str
    booked_on: dt.date
    amount: int
    currency: str
    agenda: str
    document_id: int
    number: str
    gates: tuple[GateVerdict, ...]
    rules: tuple[RuleVerdict, ...]
    outcomes: tuple[Outcome, ...]
    suggestion: str = ""
    """Why the document is suggested for the payment, in Czech; empty when it is not."""


@dataclass(frozen=True)
class DocumentExplained:
    """How a document stands, and all payments that were considered for it, oldest first."""

    agenda: str
    document_id: int
    number: str
    total: int
    currency: str
    amount: int
    count: int
    paid: bool
    state: State
    considered: tuple[Considered, ...]


@dataclass(frozen=True)
class PaymentExplained:
    """What became of a payment in each agenda, and all documents that were considered for it."""

    source: str
    payment_id: str
    booked_on: dt.date
    amount: int
    currency: str
    outcomes: dict[str, tuple[Outcome, ...]]
    considered: tuple[Considered, ...]


def explain_document(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, agenda: str, document_id: int
) -> DocumentExplained:
    """Everything that was considered for one document. Raises KeyError when there is no such document."""
    documents = documents.reset_index(drop=True)
    chosen = documents[(documents["agenda"] == agenda) & (documents["id"] == document_id)]
    if chosen.empty:
        raise KeyError(f"{agenda} {document_id}")
    trace = _Trace(payments.reset_index(drop=True), documents, settings)
    marks = wanted(trace.verdicts, chosen, settings)
    amount, count, paid, state = (
        tuple(marks.iloc[0][["amount", "count", "paid", "state"]]) if len(marks) else (0, 0, False, State.UNPAID)
    )
    row = chosen.iloc[0]
    return DocumentExplained(
        agenda=agenda,
        document_id=document_id,
        number=str(row["number"]),
        total=int(row["total"]),
        currency=str(row["currency"]),
        amount=int(amount),
        count=int(count),
        paid=bool(paid),
        state=State(state),
        considered=trace.of(range(len(trace.payments)), chosen.index.tolist()),
    )


def explain_payment(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, source: str, payment_id: str
) -> PaymentExplained:
    """Everything that was considered for one payment. Raises KeyError when there is no such payment."""
    payments = payments.reset_index(drop=True)
    chosen = payments[(payments["source"] == source) & (payments["payment_id"] == payment_id)]
    if chosen.empty:
        raise KeyError(f"{source} {payment_id}")
    trace = _Trace(payments, documents.reset_index(drop=True), settings)
    row = chosen.iloc[0]
    return PaymentExplained(
        source=source,
        payment_id=payment_id,
        booked_on=row["booked_on"].date(),
        amount=int(row["amount"]),
        currency=str(row["currency"]),
        outcomes={agenda: trace.outcomes(int(chosen.index[0]), agenda) for agenda in AGENDAS},
        considered=trace.of(chosen.index.tolist(), range(len(documents))),
    )


class _Trace:
    """One matching, looked at again pair by pair."""

    def __init__(self, payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching) -> None:
        self.payments, self.documents, self._settings = payments, documents, settings
        self.verdicts = match(payments, documents, settings)
        self._suggested = self._suggestions()
        self._roots = roots(payments)[0]
        self._barred = gates.barred(payments, self._roots >= 0, settings)
        self._gates = gates.PairGates(payments, documents, settings)

    def of(self, payments: Sequence[int], documents: Sequence[int]) -> tuple[Considered, ...]:
        """All pairs of these payments and documents that had anything to do with each other."""
        met = set(self._met(list(payments), list(documents)))
        booked = self.payments["booked_on"]
        order = sorted(met, key=lambda pair: (booked[pair[0]], pair))
        return tuple(self._considered(*pair) for pair in order)

    def _met(self, payments: list[int], documents: list[int]) -> Iterator[tuple[int, int]]:
        """Pairs that any rule finds, of which one takes the other's payment back, or that are suggested."""
        roots = [root if (root := int(self._roots[payment])) >= 0 else payment for payment in payments]
        ours, theirs = self.payments.iloc[roots], self.documents.iloc[documents]
        search = Search(ours, theirs, self._settings, np.ones(len(ours), np.bool_))
        for rule in self._settings.rules:
            for step in search.steps(rule) if rule.active else ():
                found = step(np.ones(len(ours), np.bool_))
                for place, other in zip(found.payments.tolist(), found.documents.tolist(), strict=True):
                    yield payments[place], documents[other]
        asked = set(payments), set(documents)
        yield from (pair for pair in self._suggested if pair[0] in asked[0] and pair[1] in asked[1])

    def _suggestions(self) -> dict[tuple[int, int], str]:
        """Why a document (by its row) is suggested for a payment (by its row)."""
        found = suggest(self.payments, self.documents, self.verdicts, self._settings)
        ours = self.payments[IDENTITY].reset_index(names="payment")
        theirs = self.documents[["agenda", "id"]].reset_index(names="document")
        pairs = (
            found.rename(columns={"document_id": "id"})
            .merge(ours, on=IDENTITY)
            .merge(theirs, on=["agenda", "id"])
        )
        rows = zip(pairs["payment"].tolist(), pairs["document"].tolist(), strict=True)
        return dict(zip(rows, pairs["why"].tolist(), strict=True))

    def outcomes(self, payment: int, agenda: str) -> tuple[Outcome, ...]:
        """What became of the parts of a payment in an agenda."""
        row, verdicts = self.payments.iloc[payment], self.verdicts
        mine = verdicts[
            (verdicts["source"] == row["source"])
            & (verdicts["payment_id"] == row["payment_id"])
            & (verdicts["agenda"] == agenda)
        ]
        return tuple(
            Outcome(
                None if pd.isna(part["document_id"]) else int(part["document_id"]),
                int(part["amount"]),
                "" if pd.isna(part["rule"]) else str(part["rule"]),
                Reason(part["reason"]),
            )
            for _, part in mine.iterrows()
        )

    def _considered(self, payment: int, document: int) -> Considered:
        ours, theirs = self.payments.iloc[payment], self.documents.iloc[document]
        return Considered(
            source=str(ours["source"]),
            payment_id=str(ours["payment_id"]),
            booked_on=ours["booked_on"].date(),
            amount=int(ours["amount"]),
            currency=str(ours["currency"]),
            agenda=str(theirs["agenda"]),
            document_id=int(theirs["id"]),
            number=str(theirs["number"]),
            gates=tuple(self._gate_verdicts(payment, document)),
            rules=tuple(self._rule_verdicts(payment, document)),
            outcomes=self.outcomes(payment, str(theirs["agenda"])),
            suggestion=self._suggested.get((payment, document), ""),
        )

    def _gate_verdicts(self, payment: int, document: int) -> Iterator[GateVerdict]:
        barred = Reason(REASONS[int(self._barred[payment])])
        for reason in gates.BARS:
            yield GateVerdict(reason, barred != reason)
        failures = self._gates.failures(np.array([payment]), np.array([document]))
        for reason in gates.NEAREST:
            yield GateVerdict(reason, not failures[reason][0])

    def _rule_verdicts(self, payment: int, document: int) -> Iterator[RuleVerdict]:
        ours, theirs = self.payments.iloc[[payment]], self.documents.iloc[[document]]
        everyone = np.ones(1, np.bool_)
        search = Search(ours, theirs, self._settings, everyone)
        provider = str(ours["source"].iloc[0]).split(":")[0]
        for rule in self._settings.rules:
            found = [step(everyone) for step in search.steps(rule)]
            keyed, equal = (any(len(rows) for rows in some) for some in (
                (one.keyed for one in found), (one.payments for one in found)
            ))  # fmt: skip
            yield RuleVerdict(rule.name, rule.applies_to(provider), keyed, equal)
