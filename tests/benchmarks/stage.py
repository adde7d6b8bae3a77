"""What benchmarks of whole runs share: a Prefect server of their own, a firm whose bank is Fio, and a worker."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from sandbox.demo import pause_schedules
from sandbox.fio import FioServer, opened
from sandbox.fio_statement import Account, row
from sandbox.firm import firm
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import free_port, prefect_command, prefect_server, shield, wait_for_server
from sandbox.world import World
from tasks.days import prague_day

POOL = "local"
RUN_SECONDS = 300


@dataclass(frozen=True)
class Stage:
    """A Prefect server that is up, and a folder for everything that belongs to it."""

    folder: Path
    api: str
    server: int
    """The id of the server's process."""


@dataclass(frozen=True)
class Firm:
    """The sandbox's firm at work, with its account at Fio."""

    world: World
    pohoda: SandboxPohoda
    mserver: SandboxMServer
    bank: FioServer
    account: Account
    ledger: str


@contextmanager
def prefect_stage(settings: Mapping[str, str] | None = None) -> Generator[Stage]:
    """A server with these settings (names of the environment) for as long as the `with` lasts."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as made:
        folder, port = Path(made), free_port()
        shield(folder)
        api = f"http://127.0.0.1:{port}/api"
        os.environ.update(PREFECT_API_URL=api)
        with (
            prefect_server(folder, port, settings) as server,
            temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: None}),
        ):
            wait_for_server(api)
            yield Stage(folder, api, server)


@contextmanager
def fio_firm(folder: Path, *, seed: int = 1) -> Generator[Firm]:
    """The firm with everything open and its blocks saved, as `pohoda` and `fio`."""
    world = firm(seed=seed, today=prague_day(dt.datetime.now(dt.UTC)))
    pohoda = SandboxPohoda.build(world, folder)
    bank = FioServer(interval=0.2)
    account = Account(rows=[row(money) for money in world.channel("fio") if money.currency == "CZK"])
    bank.open(account)
    ledger = f"sqlite:///{(folder / 'ledger.db').as_posix()}"
    with open_mserver(pohoda, accepts_updates=True) as mserver, opened(bank) as block:
        pohoda.unit(mserver.address, ledger).save("pohoda", overwrite=True)
        block.save("fio", overwrite=True)
        yield Firm(world, pohoda, mserver, bank, account, ledger)


def deploy(*names: str) -> None:
    """The deployments of prefect.yaml of these names, their schedules asleep, and the empty flow's."""
    prefect_command(["work-pool", "create", POOL, "--type", "process"])
    prefect_command(["deploy", *(part for name in names for part in ("--name", name))])
    prefect_command(["deploy", "tests/benchmarks/empty.py:empty", "--name", "empty", "--pool", POOL])
    pause_schedules()


def run_to_end(name: str) -> FlowRun:
    """Run the deployment on its worker; raises RuntimeError when it does not complete."""
    run = cast(
        "FlowRun", run_deployment(f"{name}/{name}", timeout=RUN_SECONDS, poll_interval=0.5, as_subflow=False)
    )
    if run.state is None or not run.state.is_completed():
        raise RuntimeError(f"{name} ended as {run.state}")
    return run
