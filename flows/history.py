"""Earlier runs, as the Prefect server knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from flows.deployed import paged

FAILED = (StateType.FAILED, StateType.CRASHED)


def ended_runs(start: dt.datetime, end: dt.datetime, *states: StateType) -> Iterator[FlowRun]:
    """The runs of any flow that were to start within these moments and ended so, newest first."""
    chosen = FlowRunFilter(
        expected_start_time=FlowRunFilterExpectedStartTime.model_validate({"after_": start, "before_": end}),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))),
    )
    with get_client(sync_client=True) as client:
        yield from paged(client.read_flow_runs, flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_DESC)
