"""Days: a bank's day is a date in Europe/Prague, and a period is whole days, both ends included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tasks.errors import SettingError

PRAGUE = ZoneInfo("Europe/Prague")
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, order=True)
class Days:
    """A period of whole days, `first` and `last` both included."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise SettingError(
                "A period ends before it begins",
                evidence=f"{self.first} to {self.last}",
                next_step="swap the two days in the run's parameters",
            )

    def __iter__(self) -> Iterator[dt.date]:
        return (self.first + dt.timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"

    def split(self, longest: int) -> list[Days]:
        """The same days as consecutive periods of at most `longest` days each, oldest first."""
        starts = range(0, len(self), longest)
        return [
            Days(self.first + n * ONE_DAY, min(self.first + (n + longest - 1) * ONE_DAY, self.last))
            for n in starts
        ]

    def halves(self) -> tuple[Days, Days]:
        """The older and the newer half; a single day cannot be halved and raises ValueError."""
        if len(self) < 2:
            raise ValueError("a single day has no halves")
        middle = self.first + (len(self) // 2 - 1) * ONE_DAY
        return Days(self.first, middle), Days(middle + ONE_DAY, self.last)


def periods(days: Iterable[dt.date]) -> list[Days]:
    """The fewest periods that hold just these days, oldest first."""
    found: list[Days] = []
    for day in sorted(set(days)):
        if found and day == found[-1].last + ONE_DAY:
            found[-1] = Days(found[-1].first, day)
        else:
            found.append(Days(day, day))
    return found


def in_prague(moment: dt.datetime) -> dt.datetime:
    """The same moment by the clock in Prague. The moment must know its zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone has no date in Prague")
    return moment.astimezone(PRAGUE)


def prague_day(moment: dt.datetime) -> dt.date:
    """The date in Prague at the moment, which must know its zone."""
    local = in_prague(moment)
    # Prefect's moments are of a library whose `date()` is a kind of its own, which asks not to be relied on.
    return dt.date(local.year, local.month, local.day)


def start_of(day: dt.date) -> dt.datetime:
    """The first moment of the day in Prague, aware."""
    return dt.datetime.combine(day, dt.time(), PRAGUE)
