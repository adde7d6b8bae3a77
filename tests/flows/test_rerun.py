"""Days run again by one command, each once."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Failed

from flows.rerun import main, not_made_good, parameters_of

START = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
FIO = uuid.uuid4()


def run_of(hour: int, state: StateType, deployment: uuid.UUID | None = FIO, **parameters: Any) -> FlowRun:
    return FlowRun.model_validate(
        {
            "flow_id": uuid.uuid4(),
            "deployment_id": deployment,
            "parameters": parameters,
            "expected_start_time": START + dt.timedelta(hours=hour),
            "state_type": state,
        }
    )


def test_a_failure_that_a_later_run_made_good_is_left_alone() -> None:
    failed, good = run_of(1, StateType.FAILED), run_of(2, StateType.COMPLETED)
    assert not_made_good([good, failed]) == []
    assert not_made_good([run_of(3, StateType.CRASHED), good, failed])[0].state_type == StateType.CRASHED


def test_a_failed_day_is_not_made_good_by_a_run_of_another_day_or_account() -> None:
    day = run_of(1, StateType.FAILED, first_day="2026-11-03")
    others = [
        run_of(2, StateType.COMPLETED),
        run_of(3, StateType.COMPLETED, uuid.uuid4(), first_day="2026-11-03"),
    ]
    assert not_made_good([day, *others]) == [day]


def test_a_run_of_no_deployment_cannot_be_tried_again() -> None:
    assert not_made_good([run_of(1, StateType.FAILED, None)]) == []


def test_a_day_is_asked_for_alone() -> None:
    given = parameters_of(dt.date(2026, 11, 3), "druha", dry_run=True)
    assert given == {"first_day": "2026-11-03", "last_day": "2026-11-03", "unit": "druha", "dry_run": True}


@pytest.fixture
def deployment(prefect: None) -> str:
    """A deployment that no worker works for, so that its runs stay as they were made."""
    name = f"fio-{uuid.uuid4().hex[:8]}"
    with get_client(sync_client=True) as client:
        flow = client.create_flow_from_name("fio")
        client.create_deployment(flow_id=flow, name=name, parameters={"account": "fio"})
    return f"fio/{name}"


def made(deployment: str) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(deployment)
        return [run for run in client.read_flow_runs(limit=200) if run.deployment_id == found.id]


def test_the_same_command_again_makes_no_run_twice_unless_told_to(
    deployment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [deployment, "--from", "2026-11-01", "--to", "2026-11-03", "--wait", "0"]
    assert main(command) == 1
    assert main(command) == 1
    assert sorted(run.parameters["first_day"] for run in made(deployment)) == [
        "2026-11-01",
        "2026-11-02",
        "2026-11-03",
    ]
    main([*command, "--again"])
    assert len(made(deployment)) == 6
    assert "is a worker running?" in capsys.readouterr().out


def test_a_deployment_that_is_not_there_is_named(prefect: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing", "--from", "2026-11-01"]) == 1
    assert "There is no such deployment. Evidence: nothing." in capsys.readouterr().out


def test_a_name_that_two_flows_deployments_share_is_told_with_its_flow(
    deployment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = deployment.partition("/")[2]
    command = ["--from", "2026-11-01", "--wait", "0"]
    assert main([name, *command]) == 1
    assert len(made(deployment)) == 1
    with get_client(sync_client=True) as client:
        client.create_deployment(flow_id=client.create_flow_from_name("gopay"), name=name)
    assert main([name, *command]) == 1
    assert f"fio/{name}, gopay/{name}" in " ".join(capsys.readouterr().out.split())
    main([deployment, *command, "--again"])
    assert len(made(deployment)) == 2


def test_a_failed_run_is_tried_again_on_the_day_it_was_scheduled_for(deployment: str) -> None:
    main([deployment, "--from", "2026-11-01", "--wait", "0"])
    [run] = made(deployment)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Failed(message="the bank was away"), force=True)
    assert main([deployment, "--failed", "--wait", "0"]) == 1
    [after] = made(deployment)
    assert (after.id, after.expected_start_time) == (run.id, run.expected_start_time)
    assert after.state is not None
    assert after.state.name == "AwaitingRetry"
