"""
Days run again by one command: `python -m flows.rerun fio --from 2026-11-01 --to 2026-11-07`.

Each day is a run of the deployment, one after another; the same command again starts none twice. With `--failed`
the runs that failed and were not made good since are tried again instead, on the day they were scheduled for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import FlowRunWaitTimeout
from prefect.flow_runs import wait_for_flow_run
from prefect.states import AwaitingRetry
from prefect.utilities.asyncutils import run_coro_as_sync
from rich.console import Console

from flows.command_line import add_home, prefect_of
from flows.history import FAILED, ended_runs
from flows.on_server import standing_deployments
from tasks.days import Days, prague_day
from tasks.errors import PohodaPaymentsError, SettingError

console = Console()
GOOD = StateType.COMPLETED


def parameters_of(day: dt.date, unit: str | None, dry_run: bool) -> dict[str, Any]:
    """What a run of this one day is given beside the deployment's own parameters."""
    given: dict[str, Any] = {"first_day": day.isoformat(), "last_day": day.isoformat()}
    return given | ({"unit": unit} if unit else {}) | ({"dry_run": True} if dry_run else {})


def key_for(deployment: str, given: dict[str, Any], again: bool) -> str:
    """What makes the same order the same run, unless it is to be done again."""
    words = [deployment, *(f"{name}={value}" for name, value in sorted(given.items()))]
    return "rerun " + " ".join([*words, uuid.uuid4().hex] if again else words)


def not_made_good(runs: Iterable[FlowRun]) -> list[FlowRun]:
    """Of ended runs the last ones of each deployment and parameters, where they failed; oldest first."""
    last: dict[str, FlowRun] = {}
    for run in sorted(runs, key=lambda run: str(run.expected_start_time)):
        last[f"{run.deployment_id} {sorted(run.parameters.items())}"] = run
    return [run for run in last.values() if run.deployment_id and run.state_type in FAILED]


def deployment_named(name: str) -> str:
    """The full name, flow/deployment, of the one deployment that is called so. Raises SettingError otherwise."""
    found = [full for full in sorted(standing_deployments()) if name in (full, full.partition("/")[2])]
    if len(found) != 1:
        raise SettingError(
            "Several deployments have this name" if found else "There is no such deployment",
            evidence=", ".join(found) or name,
            next_step="take its name from the page Deployments, with its flow before a slash",
        )
    return found[0]


def rerun_days(deployment: str, days: Days, unit: str | None, dry_run: bool, again: bool, wait: float) -> bool:
    """Run the deployment for each of the days in turn, waiting for each so many seconds. Whether all is well."""
    well = True
    for day in days:
        given = parameters_of(day, unit, dry_run)
        key = key_for(deployment, given, again)
        run = run_deployment(deployment, parameters=given, timeout=wait, idempotency_key=key, as_subflow=False)
        well &= ended(str(day), cast(FlowRun, run))
    return well


def retry_failed(deployment: str | None, days: int, wait: float) -> bool:
    """Try again what failed in the last days, of one deployment or of all. Whether all ended well."""
    now = dt.datetime.now(dt.UTC)
    found = not_made_good(ended_runs(now - dt.timedelta(days=days), now, GOOD, *FAILED))
    with get_client(sync_client=True) as client:
        if deployment:
            only = client.read_deployment_by_name(deployment).id
            found = [run for run in found if run.deployment_id == only]
        if not found:
            console.print("Nothing failed that later runs did not make good.")
        for run in found:
            client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
    return all([ended(run.name, awaited(run, wait)) for run in found])


def awaited(run: FlowRun, wait: float) -> FlowRun:
    """The run once it has ended, or as it stands after so many seconds."""
    try:
        return run_coro_as_sync(wait_for_flow_run(run.id, timeout=int(wait), poll_interval=2)) or run
    except FlowRunWaitTimeout:
        with get_client(sync_client=True) as client:
            return client.read_flow_run(run.id)


def ended(what: str, run: FlowRun) -> bool:
    """Tell how the run stands; whether it ended well."""
    state = run.state
    if state is None or not state.is_final():
        console.print(f"{what}: has not ended yet ({run.name}); is a worker running?", style="yellow")
        return False
    console.print(f"{what}: {state.name}. {state.message or ''}", style="" if state.is_completed() else "red")
    return state.is_completed()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every run ended well."""
    parser = argparse.ArgumentParser(prog="python -m flows.rerun", description=__doc__)
    parser.add_argument(
        "deployment", nargs="?", help="its name, or flow/name where several flows have one of this name"
    )
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, help="first day")
    parser.add_argument("--to", dest="last", type=dt.date.fromisoformat, help="last day; else the first alone")
    parser.add_argument("--unit", help="name of the accounting unit's block, instead of the deployment's own")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be written")
    parser.add_argument("--again", action="store_true", help="also days that this command has run before")
    parser.add_argument("--failed", action="store_true", help="what failed and was not made good since")
    parser.add_argument("--days", type=int, default=7, help="with --failed: how far back (7)")
    parser.add_argument("--wait", type=float, default=3600.0, help="seconds to wait for each run (3600)")
    add_home(parser)
    asked = parser.parse_args(arguments)
    if not asked.failed and not (asked.deployment and asked.first):
        parser.error("name a deployment and --from, or give --failed")
    try:
        with prefect_of(asked.home):
            if asked.failed:
                only = deployment_named(asked.deployment) if asked.deployment else None
                return 0 if retry_failed(only, asked.days, asked.wait) else 1
            name = deployment_named(asked.deployment)
            days = Days(asked.first, asked.last or asked.first)
            if days.last > prague_day(dt.datetime.now(dt.UTC)):
                parser.error("--to is a day that has not come yet")
            return 0 if rerun_days(name, days, asked.unit, asked.dry_run, asked.again, asked.wait) else 1
    except PohodaPaymentsError as error:
        console.print(str(error), style="red")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
