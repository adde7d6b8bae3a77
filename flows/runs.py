"""What one run was asked to do, as Prefect knows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import prefect.runtime

from tasks.collecting import asked_days
from tasks.days import Days, prague_day


@dataclass(frozen=True)
class Run:
    """What one run was asked to do."""

    id: str
    provider: str
    unit: str
    today: dt.date
    """The Prague day of the scheduled start."""
    asked: Days | None
    dry_run: bool


def run_name() -> str:
    """Which account and which days a run is about, for the list of runs in the UI."""
    given = prefect.runtime.flow_run.parameters
    days = asked_days(_day(given.get("first_day")), _day(given.get("last_day")), dt.date.max)
    return f"{given.get('account')} {days or scheduled_day()}" + (" dry run" if given.get("dry_run") else "")


def _day(value: Any) -> dt.date | None:
    return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else value


def scheduled_day() -> dt.date:
    """The Prague day of the run's scheduled start, which a retry keeps and a late start does not change."""
    return prague_day(prefect.runtime.flow_run.scheduled_start_time)


def this_run(unit: str, first_day: dt.date | None, last_day: dt.date | None, dry_run: bool) -> Run:
    """The run that is going on, as Prefect knows it, and the days that were asked for."""
    context = prefect.runtime.flow_run
    today = scheduled_day()
    return Run(
        id=str(context.id),
        provider=str(context.flow_name),
        unit=unit,
        today=today,
        asked=asked_days(first_day, last_day, today),
        dry_run=dry_run,
    )
