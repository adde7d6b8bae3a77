"""The reports of a day and of a month over all sources of one accounting unit. They only read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from blocks.pohoda import PohodaUnit
from flows.fetching import BEGIN
from flows.forms import DAY_FIELD, Unit, titled
from flows.history import FAILED, ended_runs
from flows.runs import day_in, scheduled_day, this_run, unit_named
from flows.settling import decision, drift_policy, payments_horizon
from flows.telling import leave, masked_logs, told
from tasks.collecting import asked_days
from tasks.days import ONE_DAY, Days
from tasks.ledger import Ledger
from tasks.reporting import key_of
from tasks.reporting.overview import FailedRun, Overview, moments, month_of
from tasks.reporting.overview_page import overview_page, overview_summary

DAYS_BEFORE = 13
"""So many days before its own the picture of a day shows."""


def day_name() -> str:
    """Which unit and day a report is about, for the list of runs in the UI."""
    given = flow_run.parameters
    return f"{given.get('unit')} {day_in(given.get('day')) or yesterday()}"


def month_name() -> str:
    """Which unit and month a report is about, for the list of runs in the UI."""
    given = flow_run.parameters
    return f"{given.get('unit')} {day_in(given.get('month')) or last_month():%Y-%m}"


def yesterday() -> dt.date:
    """The day before the run's scheduled start: the last one that is over."""
    return scheduled_day() - ONE_DAY


def last_month() -> dt.date:
    """A day of the month before the run's scheduled start."""
    return scheduled_day().replace(day=1) - ONE_DAY


@flow(name="day-report", flow_run_name=day_name)
def day_report(
    day: Annotated[dt.date | None, DAY_FIELD, titled("Den")] = None, unit: Unit = "pohoda"
) -> State[Any]:
    """Sestaví přehled jednoho dne ze všech zdrojů: co přišlo, co se označilo, co čeká a co chybí. Nic nemění.

    Args:
        day: Den, o kterém přehled je; prázdné znamená včerejšek.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """
    return told(lambda: reported("denni-prehled", unit, one_day(day or yesterday())))


@flow(name="month-report", flow_run_name=month_name)
def month_report(
    month: Annotated[dt.date | None, DAY_FIELD, titled("Měsíc")] = None, unit: Unit = "pohoda"
) -> State[Any]:
    """Sestaví přehled jednoho měsíce ze všech zdrojů, se součty po dnech ke srovnání s výpisy. Nic nemění.

    Args:
        month: Kterýkoli den měsíce, o kterém přehled je; prázdné znamená minulý měsíc.
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """
    return told(lambda: reported("mesicni-prehled", unit, month_of(month or last_month())))


def one_day(day: dt.date) -> Days:
    """The day as a period. Raises SettingError when it has not come yet."""
    return asked_days(day, day, scheduled_day()) or Days(day, day)


def reported(kind: str, unit: str, days: Days) -> State[Any]:
    """Leave the report of these days where the UI shows it, one history per kind and unit."""
    pohoda = unit_named(unit)
    with masked_logs(pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
        found = overview_of(pohoda, ledger, unit, days)
    summary = overview_summary(found)
    get_run_logger().info("Reported %s of %s over %d sources", days, unit, len(found.sources))
    leave(overview_page(found), key_of(kind, unit), f"{days}: {summary}")
    return Completed(message=summary)


def overview_of(pohoda: PohodaUnit, ledger: Ledger, unit: str, days: Days) -> Overview:
    """All that the report tells, read from the ledger, from Pohoda, and of failed runs from Prefect."""
    run = this_run(unit, None, None, dry_run=True)
    start, end = moments(days)
    shown = days if len(days) > 1 else Days(days.first - ONE_DAY * DAYS_BEFORE, days.last)
    freshness = ledger.freshness()
    begins = {str(source): ledger.cursor(str(source), BEGIN) for source in freshness["source"]}
    return Overview(
        unit=unit,
        days=days,
        shown=shown,
        now=run.started,
        decided=decision(pohoda, ledger, run),
        seen=ledger.first_seen(run.today - ONE_DAY * payments_horizon(pohoda)),
        writes=ledger.written_between(pohoda.ico, start, end),
        faults=ledger.faults_between(start, end),
        freshness=freshness,
        completed=ledger.completed_by_source(shown.first, shown.last),
        begins={source: dt.date.fromisoformat(day) for source, day in begins.items() if day},
        drift_policy=drift_policy(pohoda),
        failed_runs=failed_of(unit, start, end),
    )


def failed_of(unit: str, start: dt.datetime, end: dt.datetime) -> list[FailedRun]:
    """The unit's runs within these moments that failed or crashed, newest first."""
    return [
        FailedRun(
            str(run.id), run.name, run.expected_start_time or start, (run.state and run.state.message) or ""
        )
        for run in ended_runs(start, end, *FAILED)
        if run.parameters.get("unit") == unit
    ]
