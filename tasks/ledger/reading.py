"""What the ledger knows: payments as they are and were, which days are complete, what is to be asked again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pandas as pd
from sqlalchemy import Row, select

from tasks.days import ONE_DAY, start_of
from tasks.ledger.schema import coverage, cursors, faults, inquiries, payments, payments_history, sources
from tasks.ledger.store import Store
from tasks.tables import INCOMING, PAYMENTS, QUESTIONS, checked, table

CLOCKS_DIFFER = dt.timedelta(minutes=5)
"""By so much the clocks of machines that share a ledger may differ."""

FRESHNESS: Mapping[str, str] = {
    "source": "str",
    "complete_until": "datetime64[us]",  # missing when no day is complete
    "last_recorded_at": "datetime64[us, UTC]",
}

VERSIONS: Mapping[str, str] = {
    **INCOMING,
    "known_at": "datetime64[us, UTC]",  # when this version came
    "replaced_at": "datetime64[us, UTC]",  # missing for the present version
    "run": "str",  # that brought this version
}

FAULTS: Mapping[str, str] = {
    "source": "str",
    "record": "str",
    "cause": "str",
    "raw": "str",
    "first_seen_at": "datetime64[us, UTC]",
    "run": "str",
}


def payments_since(store: Store, since: dt.date | None) -> pd.DataFrame:
    """All payments booked on the day `since` or later; columns `tasks.tables.PAYMENTS`, by source and id."""
    query = select(*(payments.c[name] for name in PAYMENTS))
    if since is not None:
        query = query.where(payments.c.booked_on >= since)
    with store.reading() as connection:
        found = connection.execute(query.order_by(payments.c.source, payments.c.payment_id)).fetchall()
    return framed(PAYMENTS, found)


def versions_of_payment(store: Store, source: str, payment_id: str) -> pd.DataFrame:
    """Every version of one payment, oldest first and the present one last; columns `VERSIONS`."""
    content = [name for name in VERSIONS if name in INCOMING]
    past, now = payments_history.c, payments.c
    older = select(*(past[name] for name in content), past.known_at, past.replaced_at, past.run)
    present = select(*(now[name] for name in content), now.changed_at, now.run)
    with store.reading() as connection:
        history = connection.execute(
            older.where(past.source == source, past.payment_id == payment_id).order_by(past.id)
        ).fetchall()
        standing = connection.execute(
            present.where(now.source == source, now.payment_id == payment_id)
        ).fetchall()
    return framed(VERSIONS, [*history, *((*row[:-1], None, row[-1]) for row in standing)])


def first_seen_since(store: Store, source: str, moment: dt.datetime) -> set[str]:
    """The ids of the source's payments that nobody knew before the moment."""
    query = select(payments.c.payment_id).where(payments.c.source == source, payments.c.first_seen_at >= moment)
    with store.reading() as connection:
        return set(connection.execute(query).scalars())


def completed_days(store: Store, source: str, first: dt.date, last: dt.date) -> set[dt.date]:
    """The days from `first` to `last`, both included, that were complete when they were over in Prague.

    A day fetched while it was still running does not count: payments can have come after.
    """
    query = select(coverage.c.day, coverage.c.completed_at).where(
        coverage.c.source == source, coverage.c.day.between(first, last)
    )
    with store.reading() as connection:
        return {day for day, moment in connection.execute(query) if was_over(day, moment)}


def freshness(store: Store, since: dt.date | None) -> pd.DataFrame:
    """Up to which day each source has no gap, and when anything of it was last recorded; columns `FRESHNESS`.

    The days begin with `since`, or with the first day that was ever complete.
    """
    covered = select(coverage.c.source, coverage.c.day, coverage.c.completed_at)
    with store.reading() as connection:
        known = connection.execute(select(sources.c.source, sources.c.recorded_at).order_by(sources.c.source))
        recorded = known.fetchall()
        days: dict[str, set[dt.date]] = {}
        for source, day, moment in connection.execute(covered):
            if (since is None or day >= since) and was_over(day, moment):
                days.setdefault(source, set()).add(day)
    return framed(FRESHNESS, [(name, _without_gap(days.get(name, set()), since), at) for name, at in recorded])


def was_over(day: dt.date, moment: dt.datetime) -> bool:
    """Whether the day had ended in Prague by the moment, which must have come.

    One that has not is the word of a clock that ran ahead, and says nothing of the day.
    """
    return start_of(day + ONE_DAY) <= moment <= dt.datetime.now(dt.UTC) + CLOCKS_DIFFER


def _without_gap(days: set[dt.date], since: dt.date | None) -> dt.date | None:
    day = since or min(days, default=None)
    if day is None or day not in days:
        return None
    while day + ONE_DAY in days:
        day += ONE_DAY
    return day


def cursor(store: Store, source: str, name: str) -> str | None:
    """The value last saved with a delivery of this source under this name."""
    query = select(cursors.c.value).where(cursors.c.source == source, cursors.c.name == name)
    with store.reading() as connection:
        return connection.execute(query).scalar()


def due(store: Store, source: str, questions: pd.DataFrame, now: dt.datetime) -> pd.DataFrame:
    """Those of the questions (`QUESTIONS`) that were never asked, or whose time to ask again has come.

    One asked later than `now` was asked by a clock that ran ahead; its time is not known, so it is asked.
    """
    checked(QUESTIONS, questions)
    asked = inquiries.c
    resting = select(asked.key).where(
        asked.source == source,
        asked.ask_again_at.is_(None) | ((asked.ask_again_at > now) & (asked.asked_at <= now + CLOCKS_DIFFER)),
    )
    with store.reading() as connection:
        keys = set(connection.execute(resting).scalars())
    return questions[~questions["key"].isin(keys)].reset_index(drop=True)


def kept_faults(store: Store, source: str) -> pd.DataFrame:
    """The records of one source that could not be read, oldest first; columns `FAULTS`."""
    query = select(*(faults.c[name] for name in FAULTS)).where(faults.c.source == source)
    with store.reading() as connection:
        return framed(FAULTS, connection.execute(query.order_by(faults.c.first_seen_at)).fetchall())


def framed(columns: Mapping[str, str], found: Sequence[Row[Any] | tuple[Any, ...]]) -> pd.DataFrame:
    """Rows of a query, whose columns are in this order, as a frame of these dtypes."""
    if not found:
        return table(columns)
    by_column: Iterable[tuple[Any, ...]] = zip(*found, strict=True)
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="object").astype(cast(Any, dtype))
            for (name, dtype), values in zip(columns.items(), by_column, strict=True)
        }
    )
