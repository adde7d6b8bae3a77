"""The sandbox firm at work: its Pohoda, its mServer and a provider, with real flows running against them."""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prefect import Task
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from flows import steps
from sandbox.demo import PROVIDERS
from sandbox.firm import firm, truth
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks, World
from tasks.days import prague_day
from tasks.secrets import secrets_of

Standing = dict[tuple[str, int], Marks | None]


@dataclass
class Firm:
    """One sandbox firm with everything open, and its flows."""

    world: World
    pohoda: SandboxPohoda
    mserver: SandboxMServer
    folder: Path
    open_things: ExitStack
    before: Standing
    opened: set[str] = field(default_factory=set[str])
    secrets: list[SecretStr] = field(default_factory=list[SecretStr])

    @property
    def ledger(self) -> str:
        """The address of this firm's ledger."""
        return f"sqlite:///{(self.folder / 'ledger.db').as_posix()}"

    def run(self, provider: str, **parameters: Any) -> State[Any]:
        """Run the provider's flow to its end and return its final state."""
        name = provider.replace("-", "_")
        account = self.opened_account(provider)
        flow = getattr(importlib.import_module(f"flows.{name}"), name)
        return flow(account=account, unit=self.unit, return_state=True, **parameters)

    def opened_account(self, provider: str) -> str:
        """The name of the provider's block, its server open from now on."""
        if provider not in self.opened:
            own = self.folder / provider
            own.mkdir()
            module = importlib.import_module(f"sandbox.{provider.replace('-', '_')}")
            stand = self.open_things.enter_context(module.stand(self.world, own))
            stand.block.save(self.block_name(provider), overwrite=True)
            self.secrets += secrets_of(stand.block)
            self.opened.add(provider)
        return self.block_name(provider)

    @property
    def unit(self) -> str:
        return self.folder.name.replace("_", "-").lower()

    def block_name(self, provider: str) -> str:
        return f"{provider}-{self.unit}"

    def payment_ids(self) -> list[str]:
        """The identities of all payments in the ledger."""
        with sqlite3.connect(self.folder / "ledger.db") as ledger:
            return [str(row[0]) for row in ledger.execute("SELECT payment_id FROM payments ORDER BY 1")]

    def should(self, *providers: str) -> Standing:
        """What should stand on every document once these providers' payments are counted."""
        return {**self.before, **truth(self.world, providers)}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are tried again as often as ever, without the pauses in between."""
    for task in vars(steps).values():
        if isinstance(task, Task):
            monkeypatch.setattr(task, "retry_delay_seconds", [0] * steps.RETRIES)
            monkeypatch.setattr(task, "retry_jitter_factor", None)


@pytest.fixture
def open_firm(prefect: None, tmp_path: Path) -> Generator[Callable[..., Firm]]:
    """Makes a firm; `accepts_updates=False` gives it a Pohoda release as they are today, and `user_fields=False`
    one without the edition E1."""
    with ExitStack() as open_things:

        def opened(*, seed: int = 1, accepts_updates: bool = True, user_fields: bool = True, **unit: Any) -> Firm:
            world = firm(seed=seed, today=prague_day(dt.datetime.now(dt.UTC)))
            pohoda = SandboxPohoda.build(world, tmp_path)
            if not user_fields:
                pohoda.remove_user_fields()
            mserver = open_things.enter_context(open_mserver(pohoda, accepts_updates=accepts_updates))
            made = Firm(world, pohoda, mserver, tmp_path, open_things, pohoda.marks())
            block = pohoda.unit(mserver.address, made.ledger)
            block.model_copy(update=unit).save(made.unit, overwrite=True)
            made.secrets += [block.mserver.password]
            return made

        yield opened


@pytest.fixture
def story() -> Generator[list[str]]:
    """What runs have told their log, line by line, as it leaves for the server."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler = Kept(logging.INFO)
    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lines
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    """Each provider in turn."""
    return str(request.param)
