"""API Bankovnictví of Fio banka on loopback, with the bank's own ways of saying no (fio.md 12)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from blocks.fio import FioAccount
from sandbox.faults import Fault, Faults, Faulty
from sandbox.fio_statement import Account, Row, Shape, row, written_statement
from sandbox.serving import served
from sandbox.world import Stand, World
from tasks.days import prague_day
from tasks.secrets import MASK

TOKEN = "SandboxFio" + "0" * 54
FREE_DAYS = 90
ACTIVE_AFTER = dt.timedelta(minutes=5)
UNLOCKED_FOR = dt.timedelta(minutes=10)

OUTAGE = Fault(
    status=200,
    body="<response><result><errorCode>15</errorCode><status>error</status>"
    "<message>Služba je momentálně nedostupná</message></result></response>".encode(),
    content_type="text/xml",
)
"""An outage as the bank tells of it: XML, although JSON was asked for (S10)."""


@dataclass
class Access:
    """A token: which account it opens, since when and until when, and what the bank remembers of it."""

    account: Account
    made_at: dt.datetime
    expires_at: dt.datetime | None = None
    last_attempt: dt.datetime | None = None
    pointer: int | None = None
    unlocked_until: dt.datetime | None = None

    def is_active(self, now: dt.datetime) -> bool:
        return self.made_at + ACTIVE_AFTER <= now and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True)
class Call:
    """One request as it arrived, whatever became of it."""

    at: dt.datetime
    path: str
    """With every token masked."""
    user_agent: str


@dataclass
class FioServer:
    """The bank, and every way in which its answers can differ."""

    accesses: dict[str, Access] = field(default_factory=dict[str, Access])
    interval: float = 30.0
    """Seconds between two calls with one token; less only to be quick."""
    refusal_restarts_interval: bool = False
    most_rows: int = 50_000
    locked_answer: Literal["dated", "undated", "empty"] = "dated"
    shape: Shape = "usual"
    trickle: float = 0.0
    """Seconds before each of the four pieces in which a statement is then sent."""
    ahead: dt.timedelta = dt.timedelta()
    """How far the bank's clock is from the real one."""
    faults: Faults = field(default_factory=Faults)
    log: list[Call] = field(default_factory=list[Call])
    imports: int = 0

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead

    def set_clock(self, moment: dt.datetime) -> None:
        """Let it be this moment now; the clock goes on from there."""
        self.ahead = moment - dt.datetime.now(dt.UTC)

    def open(self, account: Account, token: str = TOKEN) -> Access:
        """A token that was made long enough ago to be active."""
        self.accesses[token] = Access(account, self.now() - 2 * ACTIVE_AFTER)
        return self.accesses[token]

    def unlock(self, token: str = TOKEN) -> None:
        """What the account's owner does at the padlock in internet banking (S5)."""
        self.accesses[token].unlocked_until = self.now() + UNLOCKED_FOR

    def app(self) -> ASGIApp:
        routes = [
            Route("/v1/rest/periods/{token}/{first}/{last}/transactions.{form}", self._periods),
            Route("/v1/rest/last/{token}/transactions.{form}", self._last),
            Route("/v1/rest/set-last-id/{token}/{to}/", self._set_last),
            Route("/v1/rest/set-last-date/{token}/{to}/", self._set_last),
            Route("/v1/rest/lastStatement/{token}/statement", self._last_statement),
            Route("/v1/rest/import/", self._import, methods=["POST"]),
            Route("/{rest:path}", _nothing, methods=["GET", "POST"]),
        ]
        return _Logged(Faulty(Starlette(routes=routes), self.faults), self)

    def _admitted(self, request: Request) -> Access | Response:
        """The token's access, or the bank's refusal: unknown tokens get 500 (S3), hurried ones 409 (S2)."""
        access = self.accesses.get(request.path_params["token"])
        now = self.now()
        if access is None or not access.is_active(now):
            return Response(status_code=500)
        waited = None if access.last_attempt is None else (now - access.last_attempt).total_seconds()
        refused = waited is not None and waited < self.interval
        if not refused or self.refusal_restarts_interval:
            access.last_attempt = now
        return Response(status_code=409) if refused else access

    async def _periods(self, request: Request) -> Response:
        access = self._admitted(request)
        if isinstance(access, Response):
            return access
        try:
            first, last = (dt.date.fromisoformat(request.path_params[name]) for name in ("first", "last"))
        except ValueError:
            return Response(status_code=404)
        if first > last or request.path_params["form"] != "json":
            return Response(status_code=404)
        if self._is_locked(access, first):
            return self._locked()
        rows = [row for row in access.account.rows if first <= row.day <= last]
        if len(rows) > self.most_rows:
            return Response(status_code=413)
        return self._statement(access, rows, first, last)

    async def _last(self, request: Request) -> Response:
        """Moves the pointer before a byte is sent: an answer that is lost takes its payments with it (S8)."""
        access = self._admitted(request)
        if isinstance(access, Response):
            return access
        rows = [row for row in access.account.rows if access.pointer is None or row.id > access.pointer]
        if rows and self._is_locked(access, min(row.day for row in rows)):
            return self._locked()
        before, access.pointer = access.pointer, max((row.id for row in rows), default=access.pointer)
        days = [row.day for row in rows] or [prague_day(self.now())]
        return self._statement(access, rows, min(days), max(days), before)

    async def _set_last(self, request: Request) -> Response:
        access = self._admitted(request)
        if isinstance(access, Response):
            return access
        to = request.path_params["to"]
        if to.isdigit():
            access.pointer = int(to)
        else:
            older = [row.id for row in access.account.rows if row.day < dt.date.fromisoformat(to)]
            access.pointer = max(older, default=0)
        return Response()

    async def _last_statement(self, request: Request) -> Response:
        access = self._admitted(request)
        return access if isinstance(access, Response) else PlainTextResponse("2025,10")

    async def _import(self, request: Request) -> Response:
        self.imports += 1
        return Response(status_code=500)

    def _is_locked(self, access: Access, first: dt.date) -> bool:
        unlocked = access.unlocked_until is not None and self.now() < access.unlocked_until
        return first < self._free_since() and not unlocked

    def _free_since(self) -> dt.date:
        return prague_day(self.now()) - dt.timedelta(days=FREE_DAYS)

    def _locked(self) -> Response:
        dated = f" (od {self._free_since():%d.%m.%Y})" if self.locked_answer == "dated" else ""
        text = (
            "Data není možné poskytnout bez silné autorizace. Autorizujte se u tokenu v internetovém "
            f"bankovnictví, autorizace platí 10 minut, nebo žádejte novější data{dated}."
        )
        return PlainTextResponse("" if self.locked_answer == "empty" else text, 422)

    def _statement(
        self, access: Access, rows: Sequence[Row], first: dt.date, last: dt.date, pointer: int | None = None
    ) -> Response:
        statement = written_statement(access.account, rows, first, last, self.shape, pointer)
        return self._sent(json.dumps(statement, ensure_ascii=False).encode())

    def _sent(self, body: bytes) -> Response:
        if not self.trickle:
            return Response(body, media_type="application/json")
        return StreamingResponse(_pieces(body, self.trickle), media_type="application/json")


class _Logged:
    """Notes every request before anything else happens to it (S20)."""

    def __init__(self, app: ASGIApp, server: FioServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", [])}
        path = re.sub(r"(?<=/)[A-Za-z0-9]{64}(?=/)", MASK, scope.get("path", ""))
        self._server.log.append(Call(self._server.now(), path, headers.get("user-agent", "")))
        await self._app(scope, receive, send)


@contextmanager
def opened(server: FioServer, *, token: str = TOKEN) -> Generator[FioAccount]:
    """The server on a socket, and the block that fits one of its tokens."""
    account = server.accesses[token].account
    with served(server.app()) as address:
        yield FioAccount(
            token=SecretStr(token),
            iban=account.iban,
            currency=account.currency,
            address=f"{address}/v1/rest",
            # As the bank's 30 s and our 31 s: requests do not all take the same time on their way.
            seconds_between_calls=1.5 * server.interval,
        )


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """Fio of the sandbox's firm, with all that the world says came to this account."""
    server = FioServer(interval=0.2)
    server.ahead = world.today - prague_day(server.now())
    server.open(Account(rows=[row(money) for money in world.channel("fio") if money.currency == "CZK"]))
    with opened(server) as account:
        yield Stand("fio", account)


async def _pieces(body: bytes, pause: float) -> AsyncIterator[bytes]:
    size = len(body) // 4 + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(pause)
        yield body[start : start + size]


async def _nothing(request: Request) -> Response:
    return Response(status_code=404)
