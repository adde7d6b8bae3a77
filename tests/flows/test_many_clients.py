"""One Prefect server on PostgreSQL for several clients, and machines of one client that share a ledger on it."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from sqlalchemy import URL, create_engine, select, text

from sandbox.firm import firm, truth
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import PROJECT, free_port, prefect_command, prefect_server, prefect_worker, wait_for_server
from sandbox.world import Marks, World
from tasks.days import prague_day
from tasks.installing.deployments import deployments
from tasks.ledger.schema import leases
from tests.postgresql import Postgresql

AUTH = "firma:heslo-serveru"
SHORT_LIVED = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "3660",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS": "2",
}
KEPT = ("flow_run", "flow_run_state", "task_run", "log", "artifact")
LONGEST_SECONDS = 280
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Server:
    """The Prefect server that all clients share."""

    api: str
    database: URL

    @property
    def environment(self) -> dict[str, str]:
        """What a client's machine must know to reach it."""
        return {"PREFECT_API_URL": self.api, "PREFECT_API_AUTH_STRING": AUTH, "DO_NOT_TRACK": "1"}

    def count(self, table: str, run: UUID) -> int:
        """How many rows of the table belong to the run."""
        query = text(
            f"SELECT count(*) FROM {table} WHERE {'id' if table == 'flow_run' else 'flow_run_id'} = :run"
        )
        return self._asked(query, run=run)

    def age(self, run: UUID) -> None:
        """Let the run have ended two hours ago."""
        self._asked(text("UPDATE flow_run SET end_time = now() - interval '2 hours' WHERE id = :run"), run=run)

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
    providers: tuple[str, ...]
    world: World
    pohoda: SandboxPohoda
    before: dict[tuple[str, int], Marks | None]

    @property
    def accounts(self) -> dict[str, str]:
        """The unit of each of its accounts, as set-up knows them."""
        return {f"{provider}/{self.name}-{provider}": self.name for provider in self.providers}

    def deployments(self) -> list[dict[str, Any]]:
        """What is deployed for it: what set-up makes of prefect.yaml, for its own pool."""
        entries = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
        content = deployments(
            [entry for entry in entries if entry["name"] in self.providers],
            self.accounts,
            [self.name],
            pool=self.name,
            project=PROJECT,
            alone=False,
        )
        return [{**one, "pull": content["pull"]} for one in content["deployments"]]

    def stands_right(self) -> bool:
        """Whether the marks in its Pohoda are what its payments say."""
        return self.pohoda.marks() == {**self.before, **truth(self.world, self.providers)}


@pytest.fixture
def server(postgresql: Postgresql, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    folder, port = tmp_path / "server", free_port()
    folder.mkdir()
    api = f"http://127.0.0.1:{port}/api"
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(folder))
    with postgresql.database() as database:
        address = database.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        settings = {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": address,
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            **SHORT_LIVED,
        }
        with prefect_server(folder, port, settings):
            wait_for_server(api)
            with temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: AUTH}):
                yield Server(api, database)


def client_of(
    name: str, providers: tuple[str, ...], seed: int, ledger: str, folder: Path, opened: ExitStack
) -> Client:
    """A client with its Pohoda and its accounts, its pool and its blocks on the server under its own name."""
    folder.mkdir()
    world = firm(seed=seed, today=prague_day(dt.datetime.now(dt.UTC)))
    pohoda = SandboxPohoda.build(world, folder)
    mserver = opened.enter_context(open_mserver(pohoda, accepts_updates=True))
    for provider in providers:
        stand = opened.enter_context(importlib.import_module(f"sandbox.{provider}").stand(world, folder))
        stand.block.save(f"{name}-{provider}", overwrite=True)
    pohoda.unit(mserver.address, ledger).save(name, overwrite=True)
    with get_client(sync_client=True) as api:
        api.create_work_pool(WorkPoolCreate(name=name, type="process"))
    return Client(name, providers, world, pohoda, pohoda.marks())


def deploy(clients: Sequence[Client], folder: Path, server: Server) -> None:
    """Deploy for all clients at once, which is the same as for one after another but for the time it takes."""
    described = folder / "deployments.yaml"
    content = {
        "name": "pohoda-payments",
        "deployments": [one for client in clients for one in client.deployments()],
    }
    described.write_text(yaml.safe_dump(content), encoding="utf-8")
    prefect_command(["deploy", "--all", "--prefect-file", str(described)], server.environment)


def wait_until(so: Callable[[], bool]) -> None:
    """Return when it is so; fails after a time that only something stuck takes."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not so():
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)


def run_all(*names: str) -> list[FlowRun]:
    """Run these deployments at the same time, to their end; every run has completed."""
    with get_client(sync_client=True) as api:
        ids = [api.create_flow_run_from_deployment(api.read_deployment_by_name(name).id).id for name in names]

        def ended(run: UUID) -> bool:
            state = api.read_flow_run(run).state
            return state is not None and state.is_final()

        wait_until(lambda: all(map(ended, ids)))
        runs = [api.read_flow_run(run) for run in ids]
    assert [run.state_name for run in runs] == ["Completed"] * len(runs)
    return runs


def machine_of(run: FlowRun) -> str:
    """The worker that ran it, as the server knows."""
    return str(run.labels["prefect.worker.name"])


def test_clients_share_a_server_and_machines_of_one_client_its_ledger(
    server: Server, postgresql: Postgresql, tmp_path: Path
) -> None:
    assert httpx.get(f"{server.api}/admin/version", trust_env=False).status_code == 401
    with ExitStack() as opened:
        ledger = opened.enter_context(postgresql.database())
        shared = ledger.render_as_string(hide_password=False)
        own = f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}"
        novak = client_of("novak", ("fio", "gopay"), 1, shared, tmp_path / "novak", opened)
        dvorak = client_of("dvorak", ("fio",), 2, own, tmp_path / "dvorak", opened)
        for machine, client in {"novak-1": novak, "novak-2": novak, "dvorak-1": dvorak}.items():
            place = tmp_path / machine
            place.mkdir()
            home = {**server.environment, "PREFECT_HOME": str(place)}
            opened.enter_context(prefect_worker(place, client.name, machine, home, limit=1))
        deploy([novak, dvorak], tmp_path, server)
        runs = run_all("fio/novak-fio", "gopay/novak-gopay", "fio/dvorak-fio")
        assert novak.stands_right()
        assert dvorak.stands_right()
        assert [run.work_pool_name for run in runs] == ["novak", "novak", "dvorak"]
        assert sorted(map(machine_of, runs[:2])) == ["novak-1", "novak-2"]
        assert machine_of(runs[2]) == "dvorak-1"
        assert held_leases(ledger) == []
    old, *young = runs
    # The server records steps and lines of logs a moment after it has taken them.
    wait_until(lambda: all(server.count(table, run.id) for table in KEPT for run in runs))
    server.age(old.id)
    wait_until(lambda: not any(server.count(table, old.id) for table in KEPT))
    assert all(server.count(table, run.id) for table in KEPT for run in young)


def held_leases(ledger: URL) -> list[Any]:
    """The units that a run holds right now."""
    engine = create_engine(ledger)
    with engine.connect() as connection:
        held = connection.execute(select(leases)).all()
    engine.dispose()
    return list(held)
