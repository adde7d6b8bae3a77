"""Many clients' workers in one process: Prefect's own worker and engine, but for the process that a run is."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio.abc
from prefect import Flow, flow, get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, FlowRun
from prefect.flow_engine import run_flow_async
from prefect.states import Scheduled
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from blocks.fio import FioAccount
from blocks.pohoda import PohodaUnit
from flows.service import PREFETCH_SECONDS
from flows.telling import masked_logs

KIND = "shared-process"
PAGE = 200
LONGEST_SECONDS = 900
LOOK_SECONDS = 3
AT_ONCE = 8


@dataclass(frozen=True)
class Idle:
    """What a run with nothing new was seen to do: its steps, its lines of log, and its report."""

    steps: tuple[str, ...]
    lines: tuple[str, ...]
    report: str


class Machine(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """A client's worker. Its runs are done by Prefect's engine in this very process."""

    type = KIND
    job_configuration = BaseJobConfiguration
    story: Flow[Any, Any]

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """Do the run as `python -m prefect.engine` would."""
        if task_status is not None:
            task_status.started(1)
        await run_flow_async(self.story, flow_run=flow_run, parameters=flow_run.parameters, return_type="state")
        return BaseWorkerResult(status_code=0, identifier=str(flow_run.id))


def idle_flow(seen: Idle) -> Flow[Any, Any]:
    """A flow that asks and tells the server what the run that was seen did, and does nothing else."""
    steps = [task(name=name, cache_policy=NO_CACHE, persist_result=False)(_step) for name in seen.steps]

    async def idle(unit: str) -> None:
        await PohodaUnit.aload("pohoda")
        await FioAccount.aload("fio")
        with masked_logs():
            for line in seen.lines:
                get_run_logger().info(line)
            for step in steps:
                await step()
            await acreate_markdown_artifact(seen.report, key=f"uhrady-fio-{unit}", description=seen.lines[-1])

    return flow(name="idle", persist_result=False)(idle)


async def _step() -> None:
    """Nothing is to be done."""


@asynccontextmanager
async def machines(names: Sequence[str], story: Flow[Any, Any]) -> AsyncGenerator[None]:
    """A worker for each of these pools, looking for work as workers do, for as long as the `with` lasts."""
    working: list[asyncio.Task[None]] = []
    for name in names:
        machine = Machine(work_pool_name=name, name=name, prefetch_seconds=PREFETCH_SECONDS)
        machine.story = story
        working.append(asyncio.create_task(machine.start(printer=lambda *_: None)))
    try:
        yield
    finally:
        for one in working:
            one.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def deployed(client: PrefectClient, names: Sequence[str]) -> list[UUID]:
    """A pool and a deployment for each name."""
    flow_id = await client.create_flow_from_name("idle")
    template = Machine.get_default_base_job_template()

    async def one(name: str) -> UUID:
        await client.create_work_pool(WorkPoolCreate(name=name, type=KIND, base_job_template=template))
        return await client.create_deployment(
            flow_id,
            name,
            work_pool_name=name,
            entrypoint="clients.py:idle",
            parameters={"unit": name},
            concurrency_limit=1,
            concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        )

    return await a_few_at_once(one(name) for name in names)


async def scheduled(
    client: PrefectClient, deployments: Sequence[UUID], first: dt.datetime, window: float
) -> list[UUID]:
    """A run of each deployment, spread over so many seconds from `first`, made before that."""

    async def one(number: int, deployment: UUID) -> UUID:
        time = first + dt.timedelta(seconds=window * number / len(deployments))
        return (await client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=time))).id

    return await a_few_at_once(one(number, name) for number, name in enumerate(deployments))


async def a_few_at_once(calls: Iterable[Coroutine[Any, Any, UUID]]) -> list[UUID]:
    """The answers to all calls, of which only some are under way at any moment."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def waiting(call: Coroutine[Any, Any, UUID]) -> UUID:
        async with limit:
            return await call

    return list(await asyncio.gather(*map(waiting, calls)))


async def ended(client: PrefectClient, runs: Sequence[UUID]) -> list[FlowRun]:
    """The runs, when all of them have completed. Raises RuntimeError if they do not."""
    deadline = asyncio.get_running_loop().time() + LONGEST_SECONDS
    while True:
        found = await _read(client, runs)
        left = [run.name for run in found if run.state is None or not run.state.is_final()]
        if not left:
            break
        if asyncio.get_running_loop().time() > deadline:
            raise RuntimeError(f"{len(left)} of {len(runs)} runs have not ended")
        await asyncio.sleep(LOOK_SECONDS)
    if bad := [run.name for run in found if run.state is None or not run.state.is_completed()]:
        raise RuntimeError(f"{len(bad)} of {len(runs)} runs did not complete")
    return found


async def _read(client: PrefectClient, runs: Sequence[UUID]) -> list[FlowRun]:
    of_these = FlowRunFilter(id=FlowRunFilterId(any_=list(runs)))
    found: list[FlowRun] = []
    while page := await client.read_flow_runs(flow_run_filter=of_these, limit=PAGE, offset=len(found)):
        found += page
    return found
