"""Which days and which questions a run puts to its provider: decided from the ledger, never from the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pandas as pd

from tasks.days import ONE_DAY, Days, periods
from tasks.errors import SettingError
from tasks.provider import Note

FIRST_RUN_DAYS = 90
"""How far back the first run of a source looks, when it is not told which days."""
BATCH = 500
"""Questions per step: memory stays flat, and what was answered is kept when a later step fails."""


@dataclass(frozen=True)
class Due:
    """What a run has to fetch by period."""

    fetch: tuple[Days, ...]
    """Periods to fetch, oldest first, nothing twice."""
    lost: tuple[Days, ...]
    """Periods never fetched completely that the provider no longer gives."""


def asked_days(first_day: dt.date | None, last_day: dt.date | None, today: dt.date) -> Days | None:
    """The days that a person asked for, or None when the ledger is to decide.

    One day alone means that day. Raises SettingError for days that have not come yet.
    """
    first, last = first_day or last_day, last_day or first_day
    if first is None or last is None:
        return None
    if last > today:
        raise SettingError(
            "The days asked for have not come yet",
            evidence=f"{last} is after {today}",
            next_step="choose days up to today",
        )
    return Days(first, last)


def first_begin(today: dt.date, *, reach: int | None, horizon: int) -> dt.date:
    """The day from which a source is kept complete, when a run meets it for the first time."""
    within = (FIRST_RUN_DAYS, horizon) if reach is None else (FIRST_RUN_DAYS, horizon, reach)
    return today - ONE_DAY * min(within)


def overlap_of(usual: int, today: dt.date, copied: dt.date | None) -> int:
    """How many days before today are fetched once more for late bookings.

    `copied` is the day of the copy from which the ledger was restored, while the source has not been read since:
    a late booking that came after the copy is not in it, although its day may be complete there.
    """
    return usual + max((today - copied).days, 0) if usual and copied else usual


def days_to_fetch(
    completed: Collection[dt.date],
    today: dt.date,
    *,
    begin: dt.date,
    reach: int | None,
    overlap: int,
    horizon: int,
) -> Due:
    """Today, the overlap for late bookings, and every day missed since `begin`.

    `completed` are the days of the source that the ledger holds completely, also by reruns of single days before
    `begin`, which start nothing. Days older than `horizon` no longer matter; days older than `reach` can no
    longer be fetched and are named as lost.
    """
    first = max(begin, today - ONE_DAY * horizon)
    reachable = today - ONE_DAY * (horizon if reach is None else min(reach, horizon))
    wanted = set(Days(min(first, today), today)) - (set(completed) - {today})
    wanted |= {day for day in Days(today - ONE_DAY * overlap, today) if day >= first}
    return Due(
        fetch=tuple(periods(day for day in wanted if day >= reachable)),
        lost=tuple(periods(day for day in wanted if day < reachable)),
    )


def note_of_lost(lost: Collection[Days]) -> list[Note]:
    """The sentence that tells which days can no longer be fetched, if there are any."""
    if not lost:
        return []
    listed = ", ".join(str(days) for days in lost)
    text = (
        f"Tyto dny nebyly nikdy staženy celé a poskytovatel je už nevydá: {listed}. "
        "Platby z nich zkontrolujte ručně."
    )
    return [Note("days_out_of_reach", text, urgent=True)]


def in_batches(questions: pd.DataFrame, size: int = BATCH) -> Iterator[pd.DataFrame]:
    """The questions in portions of at most `size` rows, in the same order."""
    return (questions.iloc[start : start + size] for start in range(0, len(questions), size))


def issued_within(documents: pd.DataFrame, days: Days | None) -> pd.DataFrame:
    """The documents issued on these days; all of them when no days are given."""
    if days is None:
        return documents
    issued = documents["issued_on"]
    return documents[(issued >= pd.Timestamp(days.first)) & (issued <= pd.Timestamp(days.last))]
