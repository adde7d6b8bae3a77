"""The sandbox firm on a stage where anything can be made to fail, set up anew for every scene in a moment."""

from __future__ import annotations

import datetime as dt
import importlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prefect import Task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import State

from flows import steps
from sandbox.firm import firm, truth
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks, World
from tasks.days import ONE_DAY, prague_day
from tasks.ledger.safekeeping import folder_of
from tests.faults.wire import Wire

Standing = dict[tuple[str, int], Marks | None]

HORIZON_DAYS = 24
"""Of the stage's unit: few days and few documents, so that many runs fit in little time."""
PASSING = frozenset({"run", "token", "holder", "beats"})
"""Columns of the ledger on which nothing that a run does depends."""
MOST = 8
"""How many payments of each provider the stage's firm has, beside those that they take back."""
UNPAID = 4
"""How many documents nobody pays."""


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
    mservers: dict[str, SandboxMServer] = field(default_factory=dict[str, SandboxMServer])
    """By the way of writing: it says which release of Pohoda there must be."""
    writer: str = "mserver"

    ledger_folder: Path | None = None
    """The stage's own unless given."""

    @property
    def ledger_file(self) -> Path:
        return (self.ledger_folder or self.folder) / "ledger.db"

    @property
    def name(self) -> str:
        return f"faults-{self.folder.name}".replace("_", "-").lower()

    @property
    def mserver(self) -> SandboxMServer:
        """The one that the unit writes through now."""
        return self.mservers[self.writer]

    @property
    def unit(self) -> str:
        """The name of the unit's block."""
        return f"{self.writer}-{self.name}"

    def set(self, writer: str = "mserver") -> None:
        """Everything as on the first day: Pohoda's documents, no ledger, an mServer that was never asked."""
        self.wire.calm()
        for file in [*self.folder.glob("*.db*"), *self.ledger_file.parent.glob("ledger.db*")]:
            if file.suffix != ".first":
                file.unlink(missing_ok=True)
        shutil.rmtree(folder_of(self.ledger_file), ignore_errors=True)
        for first in self.folder.glob("*.first"):
            shutil.copyfile(first, first.with_suffix(""))
        self.writer = writer
        if writer not in self.mservers:
            self._open(writer)
        self.mserver.forget()

    def _open(self, writer: str) -> None:
        """Open the mServer for this way of writing and save the unit's block that goes with it."""
        with self.wire.within("mServer"):
            opened = open_mserver(self.pohoda, accepts_updates=writer == "mserver")
            self.mservers[writer] = self.open_things.enter_context(opened)
        block = self.pohoda.unit(self.mserver.address, f"sqlite:///{self.ledger_file.as_posix()}")
        chosen = {"writer": writer, "horizon_days": HORIZON_DAYS}
        block.model_copy(update=chosen).save(self.unit, overwrite=True)

    def run(self, provider: str, **parameters: Any) -> State[Any]:
        """Run the provider's flow to its end and return its final state."""
        return flow_of(provider)(account=self.account(provider), unit=self.unit, return_state=True, **parameters)

    def free_slots(self) -> None:
        """Free what a killed run held of Prefect's limits, as a server does after a minute, the tests' not."""
        with get_client(sync_client=True) as client:
            for limit in client.read_global_concurrency_limits():
                client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=0))

    def account(self, provider: str) -> str:
        """The name of the provider's block, its server open from now on."""
        if provider not in self.accounts:
            own = self.folder / provider
            own.mkdir()
            module = importlib.import_module(f"sandbox.{provider.replace('-', '_')}")
            with self.wire.within(provider):
                stand = self.open_things.enter_context(module.stand(self.world, own))
            name = f"{provider}-{self.name}"
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

    def facts(self) -> tuple[Any, ...]:
        """All on which the next run depends but clocks and names of runs: equal facts, equal next runs."""
        asked = Counter(call for call in self.wire.calls if not call.startswith(("Pohoda", "ledger")))
        return (
            sorted(self.pohoda.marks().items()),
            sorted(self.pohoda.settled().items()),
            sorted(asked.items()),
            self._facts_of_ledger(),
        )

    def _facts_of_ledger(self) -> list[Any]:
        if not self.ledger_file.exists():
            return []
        tables = [
            str(name) for (name,) in self.kept("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        found: list[Any] = [path.name for path in self.folder.glob("*.suspect")]
        for table in tables:
            columns = [str(row[1]) for row in self.kept(f"PRAGMA table_info({table})")]
            lasting = [name for name in columns if name not in PASSING and not name.endswith("_at")]
            found.append((table, sorted(self.kept(f"SELECT {', '.join(lasting)} FROM {table}"), key=repr)))
        return found

    def payments(self) -> list[tuple[Any, ...]]:
        """Every payment in the ledger, as far as it counts."""
        return self.kept("SELECT source, payment_id, amount, currency, booked_on FROM payments ORDER BY 1, 2")


def flow_of(provider: str) -> Any:
    """The provider's flow."""
    name = provider.replace("-", "_")
    return getattr(importlib.import_module(f"flows.{name}"), name)


@contextmanager
def open_stage(
    folder: Path, *, today: dt.date | None = None, ledger_folder: Path | None = None
) -> Generator[Stage]:
    """A stage in a folder of its own; a Prefect server must be there."""
    folder.mkdir(exist_ok=True)
    world = thinned(firm(seed=1, today=today or prague_day(dt.datetime.now(dt.UTC))))
    pohoda = SandboxPohoda.build(world, folder)
    for file in folder.glob("*.db"):
        shutil.copyfile(file, file.with_suffix(".db.first"))
    with ExitStack() as open_things:
        yield Stage(folder, world, Wire(), open_things, pohoda, pohoda.marks(), ledger_folder=ledger_folder)


def thinned(world: World) -> World:
    """The same firm with a few of each provider's last payments, and the documents that they are meant for."""
    since = world.today - HORIZON_DAYS * ONE_DAY
    issued = {(paper.agenda, paper.id) for paper in world.papers if paper.issued_on > since}
    sure = [m for m in world.money if not m.doubtful and m.paid_on > since and issued >= {*m.meant_for}]
    kept: set[int | None] = set()
    for channel in {money.channel for money in sure}:
        of_channel = [money for money in sure if money.channel == channel]
        some = of_channel[:: -(-len(of_channel) // MOST)]
        kept |= {number for money in some for number in (money.number, money.takes_back)}
    money = tuple(money for money in sure if money.number in kept)
    unpaid = issued - {key for money in sure for key in money.meant_for}
    shown = {key for one in money for key in one.meant_for} | {*sorted(unpaid)[:UNPAID]}
    papers = tuple(paper for paper in world.papers if (paper.agenda, paper.id) in shown)
    return replace(world, papers=papers, money=money)


PAUSES = ("flows.steps.LONGEST_PAUSE_SECONDS", "tasks.providers.asking.LONGEST_PAUSE")
"""How long a run waits at most when the other side says for how long not to ask."""


@contextmanager
def impatient() -> Generator[None]:
    """Steps are tried again as often as ever, without the pauses in between, whoever asks for them."""
    tasks = [task for task in vars(steps).values() if isinstance(task, Task)]
    kept = [(task.retry_delay_seconds, task.retry_jitter_factor) for task in tasks]
    for task in tasks:
        task.retry_delay_seconds, task.retry_jitter_factor = 0, None
    try:
        with ExitStack() as changes:
            for pause in PAUSES:
                changes.enter_context(patch(pause, 0.0))
            yield
    finally:
        for task, (delay, jitter) in zip(tasks, kept, strict=True):
            task.retry_delay_seconds, task.retry_jitter_factor = delay, jitter
