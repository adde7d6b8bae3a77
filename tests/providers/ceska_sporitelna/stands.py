"""A sandbox bank for a test: its server, its clock that stands still, and the account's block."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from sandbox.ceska_sporitelna import IBAN, Account, CeskaSporitelnaServer, Clock, bank, block_of
from sandbox.ceska_sporitelna_rows import Booked
from sandbox.serving import served
from tasks.days import PRAGUE, Days
from tasks.provider import Delivery
from tasks.providers.ceska_sporitelna import CeskaSporitelna
from tests.providers.memories import Remembered

SAMPLES = Path(__file__).parent
NOON = dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC)


@dataclass
class Place:
    """The bank, and one client of it."""

    server: CeskaSporitelnaServer
    clock: Clock
    account: CeskaSporitelnaAccount
    provider: CeskaSporitelna

    def delivery(self, first: dt.date, last: dt.date | None = None) -> Delivery:
        """What the provider makes of these days."""
        (read,) = self.provider.extract(Days(first, last or first))
        return self.provider.normalize(read)

    def again(self, account: CeskaSporitelnaAccount | None = None) -> CeskaSporitelna:
        """Another provider of the account, as the next run makes it."""
        return CeskaSporitelna(account or self.account, Remembered(), self.clock)


class Address:
    """One address for all tests, since a server takes longer to close than most tests take."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


SHARED = Address()
OPEN = ExitStack()


@cache
def address() -> str:
    """Where one bank after another opens; the server ends with the tests."""
    return OPEN.enter_context(served(SHARED))


@contextmanager
def open_bank(*rows: Booked, now: dt.datetime = NOON, account: Account | None = None) -> Generator[Place]:
    """A healthy bank with one account that has these rows."""
    clock = Clock(now)
    server = bank(clock, account or Account(IBAN, rows=list(rows)))
    SHARED.app = server.app()
    block = block_of(address(), server)
    yield Place(server, clock, block, CeskaSporitelna(block, Remembered(), clock))


def sample(name: str) -> Any:
    """One of the sample answers."""
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def as_booked(body: Any) -> Booked:
    """A row booked at noon of its day."""
    day = dt.date.fromisoformat(body["bookingDate"]["date"][:10])
    return Booked(dt.datetime.combine(day, dt.time(12), PRAGUE), body)


def sample_rows() -> list[Any]:
    return [row for page in (0, 1) for row in sample(f"transactions-{page}")["transactions"]]
