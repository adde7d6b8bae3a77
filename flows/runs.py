"""What one run was asked to do, as Prefect knows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, TypeVar

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from pydantic import ValidationError

from blocks.pohoda import PohodaUnit
from flows.steps import locate
from tasks.collecting import asked_days
from tasks.days import Days, prague_day
from tasks.errors import SettingError
from tasks.installing.answers import problems

B = TypeVar("B", bound=Block)


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
    started: dt.datetime
    """When this run, or this try of it, began by the clock; aware."""


def run_name() -> str:
    """Which account and which days a run is about, for the list of runs in the UI."""
    given = flow_run.parameters
    first, last = day_in(given.get("first_day")), day_in(given.get("last_day"))
    asked = " to ".join(str(day) for day in dict.fromkeys((first or last, last or first)) if day)
    return f"{given.get('account')} {asked or scheduled_day()}" + (" dry run" if given.get("dry_run") else "")


def day_in(value: Any) -> dt.date | None:
    """The day of a parameter, which before a run is checked may still be text."""
    return dt.date.fromisoformat(value[:10]) if isinstance(value, str) else value


def scheduled_day() -> dt.date:
    """The Prague day of the run's scheduled start, which a retry keeps and a late start does not change."""
    return prague_day(flow_run.scheduled_start_time)


def this_run(unit: str, first_day: dt.date | None, last_day: dt.date | None, dry_run: bool) -> Run:
    """The run that is going on, as Prefect knows it, and the days that were asked for."""
    today = scheduled_day()
    return Run(
        id=str(flow_run.id),
        provider=str(flow_run.flow_name),
        unit=unit,
        today=today,
        asked=asked_days(first_day, last_day, today),
        dry_run=dry_run,
        started=dt.datetime.now(dt.UTC),
    )


def unit_named(name: str) -> PohodaUnit:
    """The accounting unit saved under this name, its databases found where they are not typed in."""
    unit = block_named(PohodaUnit, name)
    return unit if unit.database.name else locate(unit, scheduled_day())


def is_saved(kind: type[Block], name: str) -> bool:
    """Whether there is a block of this kind and name."""
    with get_client(sync_client=True) as client:
        try:
            client.read_block_document_by_name(name, kind.get_block_type_slug(), include_secrets=False)
        except ObjectNotFound:
            return False
        return True


def block_named(kind: type[B], name: str) -> B:
    """The block of this kind saved under this name. Raises SettingError when there is none that can be used."""
    wanted = f"{kind.get_block_type_slug()}/{name}"
    try:
        found = kind.load(name)
    except (ValueError, RuntimeError) as error:
        # Prefect wraps what is wrong with the contents. Its own text quotes what was filled in, secrets included.
        wrong = error if isinstance(error, ValidationError) else error.__cause__
        if isinstance(wrong, ValidationError):
            raise SettingError(
                f"The block {wanted} is not filled in as it must be",
                evidence="; ".join(problems(wrong)),
                next_step="correct these fields in the Prefect UI under Blocks and save the block again",
            ) from None
        raise SettingError(
            f"The block {wanted} cannot be loaded",
            evidence="Prefect knows no usable block of that name",
            next_step="create it in the Prefect UI under Blocks, or correct the name in the run's parameters",
        ) from None
    if not isinstance(found, kind):
        raise TypeError(f"{wanted} was loaded as {type(found).__name__}")
    return found
