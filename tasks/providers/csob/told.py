"""How far advices speak, where nothing else tells whether the bank's application still delivers them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from tasks.providers.csob.bbf import Advices

NEWEST = "newest advice"
"""The cursor by which the newest day that an advice spoke of is remembered: each file is read only once."""


@dataclass(frozen=True)
class Told:
    """What is known before the files are read."""

    today: dt.date
    newest: str | None
    """The newest day that advices read earlier speak of, in ISO; None when there were none."""


def days_of(advices: Advices) -> set[dt.date]:
    """The days on which the advices book, and on which they were made: their numbers begin so (csob.md 2.4)."""
    found = {day.date() for day in advices.movements["booking_date"].unique()}
    for block in advices.blocks:
        if block.complete and (made := re.match("[0-9]{8}", block.number)):
            with suppress(ValueError):
                found.add(dt.date.fromisoformat(made[0]))
    return found


def complete(
    days: Iterable[dt.date], told: Told, spoken: Iterable[dt.date]
) -> tuple[tuple[dt.date, ...], tuple[tuple[str, str], ...]]:
    """Which of the days are complete when these were `spoken` of, and the cursor to keep.

    A day yet to come is a mistake of its advice and says nothing.
    """
    known = [dt.date.fromisoformat(told.newest)] if told.newest else []
    newest = max([*known, *(day for day in spoken if day <= told.today)], default=None)
    if newest is None:
        return (), ()
    return tuple(day for day in days if day <= newest), ((NEWEST, newest.isoformat()),)
