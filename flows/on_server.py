"""What set-up makes and asks on the Prefect server: pool, blocks, deployments, and the first runs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import httpx
import yaml
from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectAlreadyExists

from blocks.notification import Notification
from blocks.pohoda import PohodaUnit
from flows.automations import BLOCK as NOTIFICATION
from flows.deployed import deployed
from flows.providers import PROVIDERS
from flows.runs import is_saved
from tasks.errors import SettingError, Unavailable
from tasks.installing.answers import Answers, understood
from tasks.installing.deployments import deployments, full_name
from tasks.installing.home import Installation, write_privately

STARTING_SECONDS = 180.0
STOPPING_SECONDS = 60.0
LONGEST_RUN_SECONDS = 1800.0
PAUSE_SECONDS = 2.0
DEPLOYMENTS = "deployments.yaml"


def wait_for_server(api: str) -> None:
    """Return when the Prefect server answers and lets us in. Raises SettingError or Unavailable otherwise."""
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            with get_client(sync_client=True) as client:
                client.read_work_pools(limit=1)
        except httpx.HTTPStatusError as error:
            if error.response.status_code in (401, 403):
                raise SettingError(
                    "The Prefect server does not let us in",
                    evidence=f"{api} answered {error.response.status_code}",
                    next_step="correct auth in the answers: user:password as the server has it",
                ) from None
            raise Unavailable(
                "The Prefect server does not work", evidence=f"{api} answered {error.response.status_code}"
            ) from None
        except httpx.TransportError as error:
            if time.monotonic() > deadline:
                raise Unavailable(
                    "The Prefect server does not answer",
                    evidence=f"{api}: {type(error).__name__}",
                    next_step="look into the server's log in the installation's folder, or correct its address",
                ) from None
            time.sleep(PAUSE_SECONDS)
        else:
            return


def answers(api: str) -> bool:
    """Whether a Prefect server answers there right now."""
    try:
        return httpx.get(f"{api}/health", timeout=5).status_code == int(httpx.codes.OK)
    except httpx.TransportError:
        return False


def is_silent(api: str) -> bool:
    """Whether the server there has ended, after waiting for a server that was told to end."""
    deadline = time.monotonic() + STOPPING_SECONDS
    while answers(api):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def make_pool(pool: str) -> None:
    """The work pool of this machine, if it is not there yet."""
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        except ObjectAlreadyExists:
            return


def register_kinds(kinds: Iterable[type[Block]]) -> None:
    """Make these kinds of blocks, as this version has them, known to the forms of the UI."""
    for kind in kinds:
        cast("Any", kind.register_type_and_schema)()


def blocks_of(told: Answers, home: Path) -> list[tuple[str, Block]]:
    """All blocks that are told, by name. Raises SettingError for the first that is wrong."""
    made: list[tuple[str, Block]] = []
    for name, fields in told.units.items():
        unit = understood(PohodaUnit, fields, f"units.{name}")
        if unit.ledger is None:
            # Named, since services may run under another account than the people who ask on this machine.
            file = (home / f"ledger-{unit.ico}.db").as_posix()
            unit = understood(PohodaUnit, {**fields, "ledger": f"sqlite:///{file}"}, f"units.{name}")
        made.append((name, unit))
    for provider, accounts in told.accounts.items():
        if provider not in PROVIDERS:
            raise SettingError(
                "There is no such provider",
                evidence=f"accounts.{provider}",
                next_step=f"write one of {', '.join(PROVIDERS)}",
            )
        for name, given in accounts.items():
            fields = {field: value for field, value in given.items() if field != "unit"}
            made.append((name, understood(PROVIDERS[provider][0], fields, f"accounts.{provider}.{name}")))
    if told.notification:
        made.append((NOTIFICATION, understood(Notification, told.notification, "notification")))
    return made


def save_new(made: Iterable[tuple[str, Block]]) -> list[str]:
    """Save those blocks that are not there yet: what people changed in the UI stays. Returns what was saved."""
    saved: list[str] = []
    for name, block in made:
        if not is_saved(type(block), name):
            block.save(name)
            saved.append(f"{block.get_block_type_slug()}/{name}")
    return saved


def standing_deployments() -> set[str]:
    """The full names of all deployments on the server."""
    with get_client(sync_client=True) as client:
        return {f"{flow}/{one.name}" for flow, one in deployed(client)}


def deploy(installation: Installation, home: Path) -> list[str]:
    """Deploy for the accounts in use from the current version's folder; returns the full names.

    The file that it is done from stays in the home folder for people to read.
    """
    project = installation.current.folder
    entries = yaml.safe_load((project / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    content = deployments(
        entries,
        installation.accounts,
        installation.units,
        pool=installation.pool,
        project=project,
        alone=installation.local_server,
        standing=standing_deployments(),
    )
    file = home / DEPLOYMENTS
    write_privately(file, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    command = [str(installation.current.python), "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(  # noqa: S603
        [*command, "--prefect-file", str(file)],
        cwd=project,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        told = " ".join((done.stdout + done.stderr).decode("utf-8", "replace").split())
        raise SettingError(
            "Prefect did not take the deployments",
            evidence=told[-600:],
            next_step="send this to support; nothing else was changed, and set-up can be run again",
        )
    return [full_name(one) for one in content["deployments"]]


def switch_on(deployment: str) -> None:
    """Switch all schedules of the deployment of this full name on."""
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(deployment)
        for schedule in found.schedules:
            client.update_deployment_schedule(found.id, schedule.id, active=True)


def run(deployment: str, **parameters: Any) -> FlowRun:
    """Run a deployment on this machine's worker and wait for its end."""
    found = run_deployment(
        deployment,
        parameters=parameters,
        timeout=LONGEST_RUN_SECONDS,
        poll_interval=PAUSE_SECONDS,
        as_subflow=False,
    )
    return cast("FlowRun", found)


def wait_until_idle(pool: str, seconds: float) -> bool:
    """Whether no run of the pool is going on any more, after waiting so long at most."""
    deadline = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while _going_on(client, pool):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
    return True


def _going_on(client: SyncPrefectClient, pool: str) -> bool:
    busy = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=busy))
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    # One is enough to know, and the server may have any number of other clients' runs.
    return bool(client.read_flow_runs(flow_run_filter=FlowRunFilter(state=state), work_pool_filter=ours, limit=1))


def pause(pool: str, paused: bool) -> None:
    """Keep the pool from starting runs, or let it start them again; none is lost in between."""
    with get_client(sync_client=True) as client:
        client.update_work_pool(pool, WorkPoolUpdate(is_paused=paused))
