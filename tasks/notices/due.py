"""What of all that stands open is to be told now, so that nobody hears the same thing each hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from tasks.days import ONE_DAY
from tasks.notices.matter import Matter

Told = Mapping[str, dt.date]
"""By the key of each matter, the day on which it was last told."""


def due(
    found: Sequence[Matter], told: Told, today: dt.date, *, remembered_days: int = 0
) -> tuple[list[Matter], dict[str, dt.date]]:
    """The matters to be told on this day, and what is told then, to be kept for the next time.

    A matter that is no longer found is forgotten `remembered_days` after it was told, so that one which a look at
    other days does not find is not new again soon.
    """
    kept = {key: day for key, day in told.items() if day > today - remembered_days * ONE_DAY}
    new: dict[str, Matter] = {}
    for matter in found:
        last = told.get(matter.key)
        if last is None or (matter.remind_after and last + matter.remind_after * ONE_DAY <= today):
            new.setdefault(matter.key, matter)
        else:
            kept[matter.key] = last
    return list(new.values()), kept | dict.fromkeys(new, today)
