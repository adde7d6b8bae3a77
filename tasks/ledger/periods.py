"""What the ledger knows of a period: when payments were first seen, what was written, what could not be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd
from sqlalchemy import select

from tasks.ledger.journal import WRITES, WRITTEN
from tasks.ledger.reading import FAULTS, framed, was_over
from tasks.ledger.schema import coverage, faults, payments, writes
from tasks.ledger.store import Store

FIRST_SEEN: Mapping[str, str] = {
    "source": "str",
    "payment_id": "str",
    "first_seen_at": "datetime64[us, UTC]",
    "run": "str",  # that brought the payment as it is now
}

COMPLETED: Mapping[str, str] = {"source": "str", "day": "datetime64[us]"}


def first_seen(store: Store, since: dt.date | None) -> pd.DataFrame:
    """When each payment booked on the day `since` or later was first recorded; columns `FIRST_SEEN`."""
    query = select(*(payments.c[name] for name in FIRST_SEEN))
    if since is not None:
        query = query.where(payments.c.booked_on >= since)
    with store.reading() as connection:
        found = connection.execute(query.order_by(payments.c.source, payments.c.payment_id)).fetchall()
    return framed(FIRST_SEEN, found)


def written_between(store: Store, unit: str, start: dt.datetime, end: dt.datetime) -> pd.DataFrame:
    """The writes that were confirmed from `start` up to, not including, `end`, oldest first; columns `WRITES`."""
    w = writes.c
    query = select(*(w[name] for name in WRITES)).where(
        w.unit == unit, w.outcome == WRITTEN, w.settled_at >= start, w.settled_at < end
    )
    with store.reading() as connection:
        return framed(WRITES, connection.execute(query.order_by(w.id)).fetchall())


def faults_between(store: Store, start: dt.datetime, end: dt.datetime) -> pd.DataFrame:
    """The records first found unreadable from `start` up to, not including, `end`; columns `FAULTS`."""
    f = faults.c
    query = select(*(f[name] for name in FAULTS)).where(f.first_seen_at >= start, f.first_seen_at < end)
    with store.reading() as connection:
        return framed(FAULTS, connection.execute(query.order_by(f.first_seen_at, f.record)).fetchall())


def completed_by_source(store: Store, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Of every source the days from `first` to `last`, both included, that are complete; columns `COMPLETED`.

    A day fetched while it was still running does not count.
    """
    c = coverage.c
    query = select(c.source, c.day, c.completed_at).where(c.day.between(first, last))
    with store.reading() as connection:
        days = connection.execute(query.order_by(c.source, c.day)).fetchall()
    return framed(COMPLETED, [(source, day) for source, day, moment in days if was_over(day, moment)])
