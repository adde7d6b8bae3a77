"""The sandbox firm on a stage where anything can be made to fail, set up anew for every scene in a moment."""

from __future__ import annotations

import datetime as dt
import importlib
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State

from flows import steps
from sandbox.firm import firm, truth
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks, World
from tasks.days import prague_day
from tasks.ledger.safekeeping import folder_of
from tests.faults.wire import Wire

Standing = dict[tuple[str, int], Marks | None]


@dataclass
class Stage:
    """One firm, the providers that were asked for, and what is to go wrong on the way to them."""

    folder: Path
    world: World
    wire: Wire
    open_things: ExitStack
    pohoda: SandboxPohoda
    before: Standing
    accounts: dict[str, str] = field(default_factory=dict[str, str])
    scene: ExitStack = field(default_factory=ExitStack)
    mserver: SandboxMServer = field(init=False)

    @property
    def ledger_file(self) -> Path:
        return self.folder / "ledger.db"

    @property
    def unit(self) -> str:
        return f"faults-{self.folder.name}".replace("_", "-").lower()

    def set(self, **unit: Any) -> None:
        """Everything as on the first day: Pohoda's documents, an empty ledger, an mServer that was never asked.

        `unit` are fields of the accounting unit's block.
        """
        self.wire.calm()
        for file in self.folder.glob("*.db*"):
            if file.suffix != ".first":
                file.unlink()
        shutil.rmtree(folder_of(self.ledger_file), ignore_errors=True)
        for first in self.folder.glob("*.first"):
            shutil.copyfile(first, first.with_suffix(""))
        self.scene.close()
        with self.wire.within("mServer"):
            accepts = unit.get("writer", "mserver") == "mserver"
            self.mserver = self.scene.enter_context(open_mserver(self.pohoda, accepts_updates=accepts))
        block = self.pohoda.unit(self.mserver.address, f"sqlite:///{self.ledger_file.as_posix()}")
        block.model_copy(update=unit).save(self.unit, overwrite=True)

    def run(self, provider: str, **parameters: Any) -> State[Any]:
        """Run the provider's flow to its end and return its final state."""
        name = provider.replace("-", "_")
        flow = getattr(importlib.import_module(f"flows.{name}"), name)
        return flow(account=self.account(provider), unit=self.unit, return_state=True, **parameters)

    def account(self, provider: str) -> str:
        """The name of the provider's block, its server open from now on."""
        if provider not in self.accounts:
            own = self.folder / provider
            own.mkdir()
            module = importlib.import_module(f"sandbox.{provider.replace('-', '_')}")
            with self.wire.within(provider):
                stand = self.open_things.enter_context(module.stand(self.world, own))
            name = f"{provider}-{self.unit}"
            stand.block.save(name, overwrite=True)
            self.accounts[provider] = name
        return self.accounts[provider]

    def should(self, *providers: str) -> Standing:
        """What should stand on every document once these providers' payments are counted."""
        return {**self.before, **truth(self.world, providers)}

    def kept(self, query: str) -> list[tuple[Any, ...]]:
        """What the ledger answers to a query of the test's own."""
        with closing(sqlite3.connect(self.ledger_file)) as ledger:
            return ledger.execute(query).fetchall()

    def payments(self) -> list[tuple[Any, ...]]:
        """Every payment in the ledger, as far as it counts."""
        return self.kept("SELECT source, payment_id, amount, currency, booked_on FROM payments ORDER BY 1, 2")


@contextmanager
def open_stage(folder: Path) -> Generator[Stage]:
    """A stage in an empty folder; a Prefect server must be there."""
    world = firm(seed=1, today=prague_day(dt.datetime.now(dt.UTC)))
    pohoda = SandboxPohoda.build(world, folder)
    for file in folder.glob("*.db"):
        shutil.copyfile(file, file.with_suffix(".db.first"))
    with ExitStack() as open_things:
        stage = Stage(folder, world, Wire(), open_things, pohoda, pohoda.marks())
        open_things.callback(stage.scene.close)
        yield stage


@contextmanager
def impatient() -> Generator[None]:
    """Steps are tried again as often as ever, without the pauses in between."""
    tasks = [task for task in vars(steps).values() if isinstance(task, Task)]
    kept = [(task.retry_delay_seconds, task.retry_jitter_factor) for task in tasks]
    for task in tasks:
        task.retry_delay_seconds, task.retry_jitter_factor = 0, None
    try:
        yield
    finally:
        for task, (delay, jitter) in zip(tasks, kept, strict=True):
            task.retry_delay_seconds, task.retry_jitter_factor = delay, jitter
