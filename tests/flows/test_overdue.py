"""A machine that was away for a week finds a run for each hour of it waiting, and does the work once."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flow_engine import run_flow
from prefect.states import AwaitingConcurrencySlot, Late, Scheduled

from flows.fio import fio
from flows.overdue import NAME

NOW = dt.datetime.now(dt.UTC)
GIVEN: dict[str, Any] = {"account": "nobody", "unit": "nobody"}


def runs(client: SyncPrefectClient, deployment: uuid.UUID) -> list[FlowRun]:
    chosen = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    return client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_ASC)


def outcome(run: FlowRun, **more: Any) -> str:
    """What came of the run. Its block is not there, so it fails as soon as it begins its work."""
    state: Any = run_flow(fio, flow_run=run, parameters={**GIVEN, **more}, return_type="state")
    return str(state.name)


@pytest.fixture
def week(prefect: None) -> list[FlowRun]:
    """Eight hourly runs that the server made by their schedule: seven are due, the last one only soon."""
    hours = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 * * * *"), active=True)
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("fio")
        name = f"fio-{uuid.uuid4().hex[:8]}"
        deployment = client.create_deployment(flow, name, parameters=GIVEN, schedules=[hours])
        span = {
            "min_runs": 8,
            "max_runs": 8,
            "start_time": (NOW - dt.timedelta(days=7)).isoformat(),
            "end_time": (NOW - dt.timedelta(days=6, hours=15)).isoformat(),
        }
        client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment}, json=span)
        made = [
            run for run in runs(client, deployment) if run.expected_start_time and run.expected_start_time < NOW
        ]
        for run in made[:-2]:
            client.set_flow_run_state(run.id, Late(scheduled_time=run.expected_start_time))
        client.set_flow_run_state(made[-2].id, AwaitingConcurrencySlot(scheduled_time=NOW))
        return [client.read_flow_run(run.id) for run in made]


def test_of_all_runs_that_wait_the_newest_does_the_work_and_the_others_are_called_off(
    week: list[FlowRun],
) -> None:
    assert outcome(week[0]) == NAME
    with get_client(sync_client=True) as client:
        states = [client.read_flow_run(run.id).state_name for run in week]
    assert states[0] == NAME
    assert set(states[1:-2]) == {NAME}
    assert states[-2:] == ["AwaitingConcurrencySlot", "Scheduled"]
    assert outcome(week[-2]) == "Failed"


def test_a_run_that_is_asked_for_certain_days_or_tried_again_is_done(week: list[FlowRun]) -> None:
    assert outcome(week[0], first_day=NOW.date()) == "Failed"
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(week[0].id, Scheduled(name="AwaitingRetry"), force=True)
        again = client.read_flow_run(week[0].id)
    assert outcome(again) == "Failed"
