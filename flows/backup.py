"""A backup of the databases of one accounting unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from blocks.pohoda import PohodaUnit
from flows.forms import Unit
from flows.runs import scheduled_day, unit_named
from flows.steps import back_up
from flows.telling import leave, masked_logs, told
from tasks.errors import PohodaPaymentsError
from tasks.pohoda.backup import Made, planned
from tasks.pohoda.kept import tidied
from tasks.reporting.backup import backup_key, backup_markdown, backup_summary


def backup_name() -> str:
    """Which unit and day a backup is of, for the list of runs in the UI."""
    return f"{flow_run.parameters.get('unit')} {scheduled_day()}"


@flow(name="backup", flow_run_name=backup_name)
def backup(unit: Unit = "pohoda") -> State[Any]:
    """Zazálohuje databáze účetní jednotky do složky na SQL Serveru a zálohy hned ověří.

    Kam, na jak dlouho a čím přihlášen, stojí v bloku účetní jednotky v části Zálohování. Záloha je kopie navíc
    a do řady záloh správce nezasáhne.

    Args:
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """

    def story() -> State[Any]:
        pohoda = unit_named(unit)
        with masked_logs(pohoda):
            made, failures = _all(pohoda)
            deleted = _tidied(pohoda, made, failures)
        done = backup_summary(made, failures)
        leave(backup_markdown(unit, made, failures, deleted), backup_key(unit), done)
        return Failed(message=f"{done}. {failures[0]}") if failures else Completed(message=done)

    return told(story)


def _all(pohoda: PohodaUnit) -> tuple[list[Made], list[str]]:
    """Every database, whatever becomes of the others."""
    made: list[Made] = []
    failures: list[str] = []
    for plan in planned(pohoda, dt.datetime.now(dt.UTC)):
        try:
            made.append(back_up(pohoda, plan))
        except PohodaPaymentsError as error:
            get_run_logger().error("%s: %s", plan.database, error)
            failures.append(f"{plan.database}: {error}")
    return made, failures


def _tidied(pohoda: PohodaUnit, made: Sequence[Made], failures: list[str]) -> list[str] | None:
    """The old backups that were deleted; None where the folder is not to be seen from here."""
    if not pohoda.backup.reached_as:
        return None
    try:
        folder = Path(pohoda.backup.reached_as)
        return tidied(folder, made, dt.datetime.now(dt.UTC), pohoda.backup.days_kept)
    except PohodaPaymentsError as error:
        failures.append(str(error))
        return []
