"""The journal of writes: every mark is noted before it is sent, and settled when its outcome is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from sqlalchemy import bindparam, func, insert, select, update

from tasks.ledger.reading import framed
from tasks.ledger.recording import rows
from tasks.ledger.safekeeping import note_again
from tasks.ledger.schema import writes
from tasks.ledger.store import Store
from tasks.tables import CHANGES, checked

INTENDED = "intended"
WRITTEN = "written"
UNKNOWN = "unknown"

MAYBE = (INTENDED, UNKNOWN)
"""Outcomes after which nobody knows whether the marks arrived. A refused write left nothing behind."""

MARKED: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "total": "int64",  # the document's when we wrote
    "amount": "int64",
    "count": "int64",
    "paid": "bool",
    "confirmed": "bool",  # False: nobody knows whether the write arrived
}

OUTCOMES: Mapping[str, str] = {"agenda": "str", "document_id": "int64", "outcome": "str", "note": "str"}

WRITES: Mapping[str, str] = {
    "id": "int64",
    "run": "str",
    "writer": "str",
    **CHANGES,
    "intended_at": "datetime64[us, UTC]",
    "outcome": "str",
    "note": "str",
    "settled_at": "datetime64[us, UTC]",
}


class Journal:
    """Where one run notes what it writes to one accounting unit."""

    def __init__(self, store: Store, *, unit: str, run: str, writer: str) -> None:
        self._store = store
        self._stamp = {"unit": unit, "run": run, "writer": writer}

    def intend(self, batch: pd.DataFrame) -> list[int]:
        """Note the changes (`tasks.tables.CHANGES`) before they are sent; one id for each, in their order.

        A ledger that is a file notes them beside it as well, since nobody else could tell them again.
        """
        now = dt.datetime.now(dt.UTC)
        entry = {**self._stamp, "intended_at": now, "outcome": INTENDED, "note": ""}
        noted = [{**row, **entry} for row in rows(checked(CHANGES, batch))]
        with self._store.writing("journal") as connection:
            first = 1 + connection.execute(select(func.coalesce(func.max(writes.c.id), 0))).scalar_one()
            ids = list(range(first, first + len(noted)))
            numbered = [{"id": id, **row} for id, row in zip(ids, noted, strict=True)]
            if numbered:
                connection.execute(insert(writes), numbered)
        note_again(self._store, writes, numbered, now)
        return ids

    def settle(self, ids: Sequence[int], outcomes: Sequence[str], notes: Sequence[str]) -> None:
        """Save what became of the writes: one outcome and one note ("" for none) for each id."""
        now = dt.datetime.now(dt.UTC)
        settled = [
            {"of": id, "outcome": outcome, "note": note, "settled_at": now}
            for id, outcome, note in zip(ids, outcomes, notes, strict=True)
        ]
        if settled:
            with self._store.writing("journal") as connection:
                connection.execute(update(writes).where(writes.c.id == bindparam("of")), settled)
            note_again(self._store, writes, [{"id": row.pop("of"), **row} for row in settled], now)


def marked(store: Store, unit: str, writers: Collection[str] | None = None) -> pd.DataFrame:
    """The documents whose marks are, or may be, ours, with what we last wrote; columns `MARKED`.

    Per agenda, number and id the newest confirmed write counts, and beside it a newer one of which nobody knows
    whether it arrived (`confirmed` is False then). A confirmed write that took our marks away (nothing paid, no
    payment, no) makes the document no longer ours. Only writes by these writers count, all of them without any.
    """
    w = writes.c
    takes_away = (w.new_amount == 0) & (w.new_count == 0) & ~w.new_paid
    sure = w.outcome == WRITTEN
    by_them = (w.unit == unit) if writers is None else (w.unit == unit) & w.writer.in_(writers)
    document = (w.agenda, w.number, w.document_id)
    newest_sure = select(func.max(w.id)).where(by_them, sure).group_by(*document)
    newest = select(func.max(w.id)).where(by_them, sure | w.outcome.in_(MAYBE)).group_by(*document)
    values = (w.agenda, w.document_id, w.number, w.total, w.new_amount, w.new_count, w.new_paid, sure)
    counting = w.id.in_(newest_sure) | w.id.in_(newest)
    query = select(*values).where(counting, ~(sure & takes_away)).order_by(*document, w.id)
    with store.reading() as connection:
        return framed(MARKED, connection.execute(query).fetchall())


def written_by(store: Store, unit: str, run: str) -> pd.DataFrame:
    """What became of the writes of one run, each document once with its last outcome; columns `OUTCOMES`."""
    w = writes.c
    query = select(*(w[name] for name in OUTCOMES)).where(w.unit == unit, w.run == run).order_by(w.id)
    with store.reading() as connection:
        found = framed(OUTCOMES, connection.execute(query).fetchall())
    return found.drop_duplicates(["agenda", "document_id"], keep="last", ignore_index=True)


def history(store: Store, unit: str, agenda: str, number: str) -> pd.DataFrame:
    """Every write that was ever meant for one document, oldest first; columns `WRITES`."""
    w = writes.c
    query = select(*(w[name] for name in WRITES)).where(w.unit == unit, w.agenda == agenda, w.number == number)
    with store.reading() as connection:
        return framed(WRITES, connection.execute(query.order_by(w.id)).fetchall())
