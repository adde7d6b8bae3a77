"""What is to be settled now: which payments on which invoices, and how much of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.marks import KEY
from tasks.settlements.documents import DOCUMENT, PAYMENT, counted, named
from tasks.tables import CHANGES, PARTS, checked, table

MOST_AT_ONCE = 100
"""Payments of one document in one run, so that they fit into one request; further ones follow in the next run."""

Document = tuple[str, str]
Payment = tuple[str, str]
Row = Mapping[Any, Any]


@dataclass
class _Books:
    """What is settled already, and what is left of each payment."""

    done: dict[Document, dict[Payment, int]] = field(default_factory=lambda: defaultdict(dict))
    doubtful: set[Document] = field(default_factory=set[Document])
    left: dict[Payment, int] = field(default_factory=dict[Payment, int])


def settlements(
    changes: pd.DataFrame,
    verdicts: pd.DataFrame,
    payments: pd.DataFrame,
    documents: pd.DataFrame,
    settled: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of the changes (`CHANGES`) those that settlements can make, and the payments (`PARTS`) that make them.

    Here an amount is what is settled of an invoice, whoever settled it; `settled` (`SETTLED`) is what we sent.
    What somebody else settled is taken to be the one payment of that very amount, else the oldest ones, so none
    of it is settled again. No payment is settled by more than it brought, in all documents; an advance invoice
    comes before an invoice, an older document before a newer one. What we settled and no longer counts there
    stays in, without a part, although no settlement can take it away, since a person must.
    """
    known = named(documents)
    paid = counted(verdicts, payments, known)
    books = _books(settled, payments, paid, known)
    parts: list[dict[str, Any]] = []
    of_documents = paid.sort_values(["agenda", "issued_on", "document_id"], kind="stable")
    for _, due in of_documents.groupby(KEY, sort=False):
        parts += _due(due, books)
    taken = table(PARTS, parts)
    return _made_of(changes, taken, known, books), taken


def _books(settled: pd.DataFrame, payments: pd.DataFrame, paid: pd.DataFrame, known: pd.DataFrame) -> _Books:
    """A payment that counts elsewhere by now is free again once a person has taken its settlement away."""
    books = _Books()
    brought = zip(payments["source"], payments["payment_id"], payments["amount"], strict=True)
    books.left = {(source, payment_id): int(amount) for source, payment_id, amount in brought}
    rows = settled.to_dict("records")
    for row in rows:
        books.done[_document(row)][_payment(row)] = int(row["amount"])
        if row["state"] == "sent":
            books.doubtful.add(_document(row))
    here = set(zip(*(paid[name] for name in (*DOCUMENT, *PAYMENT)), strict=True))
    standing = dict(zip(zip(known["agenda"], known["document"], strict=True), known["standing"], strict=True))
    taken_away = {
        document: sum(done.values()) - int(standing[document])
        for document, done in books.done.items()
        if document in standing
    }
    for row in rows:
        document, payment, amount = _document(row), _payment(row), int(row["amount"])
        if (*document, *payment) not in here and taken_away.get(document, 0) >= amount:
            taken_away[document] -= amount
        else:
            books.left[payment] = books.left.get(payment, 0) - amount
    return books


def _due(rows: pd.DataFrame, books: _Books) -> list[dict[str, Any]]:
    """The parts of one document that are to be settled now; what they and others settle is no longer left."""
    every = rows.to_dict("records")
    document, done = _document(every[0]), books.done[_document(every[0])]
    total, standing = int(every[0]["total"]), int(every[0]["standing"])
    open_to = [row for row in every if row["amount"] > 0 and _payment(row) not in done]
    due = [max(0, min(int(row["amount"]), books.left[_payment(row)])) for row in open_to]
    back = sum(int(row["amount"]) for row in every if row["amount"] < 0)
    within = sum(due) + sum(done.get(_payment(row), 0) for row in every) + back
    room = min(sum(int(row["amount"]) for row in every), total) - standing
    taken, by_others = shared(due, room, max(0, within - total))
    for row, ours, theirs in zip(open_to, taken, by_others, strict=True):
        books.left[_payment(row)] -= ours + theirs
    if document in books.doubtful:
        return []
    return [
        {name: row[name] for name in PARTS} | {"amount": amount}
        for row, amount in zip(open_to, taken, strict=True)
        if amount
    ][:MOST_AT_ONCE]


def shared(due: Sequence[int], room: int, surplus: int) -> tuple[list[int], list[int]]:
    """What of each payment, oldest first, is to be settled, and what of it others have settled or went back.

    Together never more than `room` is to be settled. A surplus is what came last. What was settled besides is the
    one payment of just that amount, else the oldest.
    """
    taken, by_others = list(due), [0] * len(due)
    for place in reversed(range(len(taken))):
        cut = min(taken[place], surplus)
        taken[place] -= cut
        surplus -= cut
    beyond = max(0, sum(taken) - max(0, room))
    for place in [taken.index(beyond)] if beyond and beyond in taken else range(len(taken)):
        cut = min(taken[place], beyond)
        taken[place] -= cut
        by_others[place] += cut
        beyond -= cut
    return taken, by_others


def _made_of(changes: pd.DataFrame, parts: pd.DataFrame, known: pd.DataFrame, books: _Books) -> pd.DataFrame:
    """The changes that are made of parts, or that a person must take back, with what will be settled then."""
    sums: Mapping[Any, Any] = parts.groupby(KEY)["amount"].sum().to_dict()
    names: Mapping[Any, Any] = known.set_index(KEY)["document"].to_dict()
    kept: list[int] = []
    amounts: list[int] = []
    for place, change in enumerate(changes.to_dict("records")):
        key = (str(change["agenda"]), int(change["document_id"]))
        standing = 0 if pd.isna(change["old_amount"]) else int(change["old_amount"])
        goal = min(int(change["new_amount"]), int(change["total"]))
        ours = sum(books.done[key[0], str(names.get(key))].values())
        if key in sums:
            kept.append(place)
            amounts.append(standing + int(sums[key]))
        elif min(ours, standing) > goal:
            kept.append(place)
            amounts.append(goal)
    return checked(
        CHANGES, changes.iloc[kept].assign(new_amount=amounts).astype(dict(CHANGES)).reset_index(drop=True)
    )


def _document(row: Row) -> Document:
    return str(row["agenda"]), str(row["document"])


def _payment(row: Row) -> Payment:
    return str(row["source"]), str(row["payment_id"])
