"""One Prefect server on PostgreSQL for several clients, and machines of one client that share a ledger on it."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from sqlalchemy import URL, create_engine, select, text

from sandbox import fio, gopay
from sandbox.firm import firm, truth
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import PROJECT, free_port, prefect_command, prefect_server, prefect_worker, wait_for_server
from sandbox.world import Marks, World
from tasks.days import prague_day
from tasks.installing.deployments import deployments
from tasks.ledger.schema import leases
from tests.postgresql import Postgresql

AUTH = "firma:heslo-serveru"
PROVIDERS = ("fio", "gopay")
SHORT_LIVED = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "3660",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS": "2",
}
KEPT = ("flow_run", "flow_run_state", "task_run", "log", "artifact")
RUN_SECONDS = 400


@dataclass(frozen=True)
class Server:
    """The Prefect server that all clients share."""

    api: str
    database: URL

    @property
    def environment(self) -> dict[str, str]:
        """What a client's machine must know to reach it."""
        return {"PREFECT_API_URL": self.api, "PREFECT_API_AUTH_STRING": AUTH, "DO_NOT_TRACK": "1"}

    def count(self, table: str, run: FlowRun) -> int:
        """How many rows of the table belong to the run."""
        query = text(
            f"SELECT count(*) FROM {table} WHERE {'id' if table == 'flow_run' else 'flow_run_id'} = :run"
        )
        return self._asked(query, run=run.id)

    def age(self, run: FlowRun) -> None:
        """Let the run have ended two hours ago."""
        self._asked(text("UPDATE flow_run SET end_time = now() - interval '2 hours' WHERE id = :run"), run=run.id)

    def _asked(self, query: Any, **values: Any) -> Any:
        engine = create_engine(self.database)
        with engine.begin() as connection:
            answer = connection.execute(query, values)
            found = answer.scalar() if answer.returns_rows else None
        engine.dispose()
        return found


@dataclass(frozen=True)
class Client:
    """One client of the firm: its name is that of its pool, and the beginning of all that is its own."""

    name: str
    folder: Path
    world: World
    pohoda: SandboxPohoda
    mserver: SandboxMServer
    before: dict[tuple[str, int], Marks | None]

    def should(self, *providers: str) -> dict[tuple[str, int], Marks | None]:
        return {**self.before, **truth(self.world, providers)}


@pytest.fixture(scope="module")
def server(postgresql: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    api = f"http://127.0.0.1:{port}/api"
    with postgresql.database() as database, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            patch.delenv(name)
        patch.setenv("PREFECT_HOME", str(folder))
        settings = {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database.set(
                drivername="postgresql+asyncpg"
            ).render_as_string(hide_password=False),
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **SHORT_LIVED,
        }
        with prefect_server(folder, port, settings):
            wait_for_server(api)
            with temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: AUTH}):
                yield Server(api, database)


@contextmanager
def client_of(server: Server, name: str, seed: int, ledger: str, folder: Path) -> Generator[Client]:
    """A client with its Pohoda and its accounts, its blocks and deployments on the server under its own name."""
    folder.mkdir()
    world = firm(seed=seed, today=prague_day(dt.datetime.now(dt.UTC)))
    pohoda = SandboxPohoda.build(world, folder)
    with ExitStack() as opened:
        mserver = opened.enter_context(open_mserver(pohoda, accepts_updates=True))
        for module in (fio, gopay):
            stand = opened.enter_context(module.stand(world, folder))
            stand.block.save(f"{name}-{stand.provider}", overwrite=True)
        pohoda.unit(mserver.address, ledger).save(name, overwrite=True)
        entries = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
        accounts = {f"{provider}/{name}-{provider}": name for provider in PROVIDERS}
        content = deployments(
            [entry for entry in entries if entry["name"] in PROVIDERS],
            accounts,
            [name],
            pool=name,
            project=PROJECT,
            alone=False,
        )
        described = folder / "deployments.yaml"
        described.write_text(yaml.safe_dump(content), encoding="utf-8")
        with get_client(sync_client=True) as api:
            api.create_work_pool(WorkPoolCreate(name=name, type="process"))
        prefect_command(["deploy", "--all", "--prefect-file", str(described)], server.environment)
        yield Client(name, folder, world, pohoda, mserver, pohoda.marks())


def run_all(*names: str) -> list[FlowRun]:
    """Run these deployments at the same time, to their end; every run has completed."""

    def run(name: str) -> FlowRun:
        done = run_deployment(name, timeout=RUN_SECONDS, poll_interval=1, as_subflow=False)
        assert isinstance(done, FlowRun)
        return done

    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(copy_context().run, run, name) for name in names]
        runs = [one.result() for one in waiting]
    assert [run.state_name for run in runs] == ["Completed"] * len(runs)
    return runs


def took(log: str, run: FlowRun) -> bool:
    """Whether the worker of this log ran the run; another of the same pool may have been quicker."""
    return f"submitting flow run '{run.id}'" in log and f"Aborted submission of flow run '{run.id}'" not in log


def test_clients_share_a_server_and_machines_of_one_client_its_ledger(
    server: Server, postgresql: Postgresql, tmp_path: Path
) -> None:
    assert httpx.get(f"{server.api}/admin/version", trust_env=False).status_code == 401
    with ExitStack() as opened:
        ledger = opened.enter_context(postgresql.database())
        address = ledger.render_as_string(hide_password=False)
        novak = opened.enter_context(client_of(server, "novak", 1, address, tmp_path / "novak"))
        own = f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}"
        dvorak = opened.enter_context(client_of(server, "dvorak", 2, own, tmp_path / "dvorak"))
        machines = {"novak-1": "novak", "novak-2": "novak", "dvorak-1": "dvorak"}
        for machine, pool in machines.items():
            place = tmp_path / machine
            place.mkdir()
            home = {**server.environment, "PREFECT_HOME": str(place)}
            opened.enter_context(prefect_worker(place, pool, machine, home, limit=1))
        runs = run_all("fio/novak-fio", "gopay/novak-gopay", "fio/dvorak-fio")
        assert novak.pohoda.marks() == novak.should("fio", "gopay")
        assert dvorak.pohoda.marks() == dvorak.should("fio")
        assert [run.work_pool_name for run in runs] == ["novak", "novak", "dvorak"]
        logs = {machine: (tmp_path / machine / "worker.log").read_text("utf-8") for machine in machines}
        did = [[machine for machine, log in logs.items() if took(log, run)] for run in runs]
        assert sorted(did[:2]) == [["novak-1"], ["novak-2"]]
        assert did[2] == ["dvorak-1"]
        engine = create_engine(ledger)
        with engine.connect() as connection:
            assert connection.execute(select(leases)).all() == []
        engine.dispose()
    old, *young = runs
    assert all(server.count(table, old) for table in KEPT)
    server.age(old)
    deadline = time.monotonic() + RUN_SECONDS
    while any(server.count(table, old) for table in KEPT):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert all(server.count(table, run) for table in KEPT for run in young)
