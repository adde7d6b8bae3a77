"""Runs that fell due while nobody could do them: of many only the newest is done, as it does the work of all."""

from __future__ import annotations

import datetime as dt

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.runtime import flow_run
from prefect.states import Cancelled

from flows.deployed import paged

LATE = dt.timedelta(hours=1)
"""A run that is less late than this is not asked about; no schedule of ours comes more often."""
WAITING = ["Late", "AwaitingConcurrencySlot"]
"""States of runs that are due by the server's clock; this machine's may be wrong."""
NAME = "Přeskočeno"
TEXT = "Počítač nebo worker neběžel. Všechny dny, které chybějí, dožene novější běh téhož rozvrhu, který už čeká."


def is_replaced() -> bool:
    """Whether a newer run of the same schedule waits behind this one, which then is the one to go.

    Those between the two are called off here, as each would take a process only to find out the same. A run that
    somebody started or tries again goes on.
    """
    if dt.datetime.now(dt.UTC) - flow_run.scheduled_start_time < LATE:
        return False
    with get_client(sync_client=True) as client:
        this = client.read_flow_run(flow_run.id)
        if not (this.auto_scheduled and this.deployment_id and this.run_count <= 1):
            return False
        found = paged(
            client.read_flow_runs, flow_run_filter=_behind(this), sort=FlowRunSort.EXPECTED_START_TIME_DESC
        )
        waiting = [run for run in found if run.auto_scheduled and run.parameters == this.parameters]
        for run in waiting[1:]:
            client.set_flow_run_state(run.id, Cancelled(name=NAME, message=TEXT))
    return bool(waiting)


def _behind(run: FlowRun) -> FlowRunFilter:
    after = {"after_": run.expected_start_time + dt.timedelta(seconds=1)} if run.expected_start_time else {}
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[run.deployment_id] if run.deployment_id else []),
        expected_start_time=FlowRunFilterExpectedStartTime.model_validate(after),
        state=FlowRunFilterState(name=FlowRunFilterStateName(any_=WAITING)),
    )
