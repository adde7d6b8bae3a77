"""
Comgate in the sandbox: both of its protocols over one small shop, with its oddities and its ways to go wrong.

`ComgateServer` is the shop and its switches; what goes wrong on the wire is planned in its `faults`, and the
faults that only Comgate has are here. `/admin/payment` seeds payments from outside.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import random
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from blocks.comgate import ComgateShop
from sandbox.comgate_payouts import PayoutBook, PayoutRow
from sandbox.faults import Fault, Faults, Faulty
from sandbox.serving import served
from sandbox.world import Stand, World

MERCHANT = "418207"
SECRET = "tajne-heslo-obchodu"
PAYOUT_DAYS = 2

MAINTENANCE = Fault(status=302, headers=(("location", "https://maintenance.example/"),))
BAD_GATEWAY = Fault(status=502, body=b"<html><title>502 Bad Gateway</title></html>", content_type="text/html")
TOO_LARGE = Fault(rewrite=lambda body: body + b" " * 2**21)


def code(number: int, message: str = "unknown error") -> Fault:
    """An answer with an error code and HTTP 200, as Comgate is wont to."""
    body = json.dumps({"code": number, "message": message}).encode()
    return Fault(status=200, body=body, content_type="application/json")


@dataclass
class GatewayPayment:
    """One payment at the gateway. Amounts are hundredths."""

    key: str
    price: int
    status: str = "PAID"
    currency: str = "CZK"
    order: str = ""
    method: str = "CARD_CZ_COMGATE"
    test: bool = False
    merchant: str = MERCHANT
    after_polls: tuple[int, str] | None = None
    """The status that it takes after so many questions: PENDING ones are paid or expire while one watches."""
    captured: int | None = None
    """What was captured of an authorised payment, when less than all."""


@dataclass
class ComgateServer:
    """The shop's state and the server's switches; `log` holds (operation, key or day) of every request."""

    payments: dict[str, GatewayPayment] = field(default_factory=dict[str, GatewayPayment])
    payouts: PayoutBook = field(default_factory=lambda: PayoutBook(MERCHANT))
    faults: Faults = field(default_factory=Faults)
    log: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    foreign_address: str = ""
    """When set, the gateway says that the caller comes from this address, which is not allowed."""
    refusal_status: int = 401
    """HTTP status of refused credentials in v2.0; the real one is unknown (comgate.md 5)."""
    errors_as: str = "code"
    """The name under which v1.0 tells an error's number: code or error."""
    numbers: bool = False
    """Send numbers and truth as themselves, not as text."""
    restless: random.Random | None = None
    """When given, optional fields come and go and unknown ones appear."""
    price_follows_capture: bool = True
    allowed_per_second: int | None = None
    seconds: float = 0.0
    """How long each answer takes."""
    at_once: int = 0
    most_at_once: int = 0
    _recent: deque[float] = field(default_factory=deque[float])

    def app(self) -> ASGIApp:
        """The server, with its faults around it."""
        routes = [
            Route("/v2.0/payment/transId/{key}.json", self._v2_status),
            Route("/v2.0/method.json", self._v2_methods),
            Route("/v2.0/transferList/date/{key}.json", self._v2_list),
            Route("/v2.0/singleTransfer/transferId/{key}.json", self._v2_rows),
            Route("/v2.0/csvSingleTransfer/transferId/{key}.json", self._v2_file),
            Route("/v2.0/csvDownload/date/{key}", self._v2_zip),
            Route("/v1.0/{operation}", self._v1, methods=["POST"]),
            Route("/admin/payment", self._seed, methods=["POST"]),
        ]
        return Faulty(Starlette(routes=routes), self.faults)

    async def _seed(self, request: Request) -> Response:
        payment = GatewayPayment(**await request.json())
        self.payments[payment.key] = payment
        return Response(status_code=204)

    async def _v2_status(self, request: Request) -> Response:
        return await self._v2("status", request)

    async def _v2_methods(self, request: Request) -> Response:
        return await self._v2("methods", request)

    async def _v2_list(self, request: Request) -> Response:
        return await self._v2("transferList", request)

    async def _v2_rows(self, request: Request) -> Response:
        return await self._v2("singleTransfer", request)

    async def _v2_file(self, request: Request) -> Response:
        return await self._v2("csvSingleTransfer", request)

    async def _v2_zip(self, request: Request) -> Response:
        return await self._v2("csvDownload", request)

    async def _v2(self, operation: str, request: Request) -> Response:
        expected = "Basic " + base64.b64encode(f"{MERCHANT}:{SECRET}".encode()).decode()
        key = str(request.path_params.get("key", ""))
        known = request.headers.get("authorization") == expected
        content = await self._content(operation, key, known)
        if isinstance(content, bytes):
            return Response(content, media_type="application/zip")
        refused = isinstance(content, dict) and "nauthorized" in str(content.get("message"))
        return JSONResponse(content, status_code=self.refusal_status if refused else 200)

    async def _v1(self, request: Request) -> Response:
        fields = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        operation = request.path_params["operation"]
        key = fields.get("transId") or fields.get("date") or fields.get("transferId") or ""
        known = (fields.get("merchant"), fields.get("secret")) == (MERCHANT, SECRET)
        content = await self._content(operation, key, known)
        if isinstance(content, bytes):
            return Response(content, media_type="application/zip")
        if operation != "status" and known:
            return JSONResponse(content)
        assert isinstance(content, dict)
        if content["code"] == 1400 and "not found" in str(content["message"]):
            echo = "".join(f"\n  '{name}' => '{value}'," for name, value in fields.items())
            content["message"] = f"Payment not found (status), params: array ({echo}\n)"
        if content["code"] in (0, "0"):
            content["secret"] = SECRET
        else:
            content = {self.errors_as: content["code"], "message": content["message"]}
        form = {name: str(value).lower() if isinstance(value, bool) else value for name, value in content.items()}
        return Response(urlencode(form), media_type="application/x-www-form-urlencoded")

    async def _content(self, operation: str, key: str, known: bool) -> dict[str, Any] | list[Any] | bytes:
        self.log.append((operation, key))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            return self._answer(operation, key, known)
        finally:
            self.at_once -= 1

    def _answer(self, operation: str, key: str, known: bool) -> dict[str, Any] | list[Any] | bytes:
        if self._too_often():
            return _error(1500, "unexpected error")
        if self.foreign_address:
            return _error(1400, f"Access from unauthorized location [{self.foreign_address}]!")
        if not known:
            return _error(1400, "Unauthorized access!")
        match operation:
            case "status":
                return self._status(key)
            case "transferList":
                return self.payouts.listed(dt.date.fromisoformat(key))
            case "singleTransfer":
                return self.payouts.payout(int(key))
            case "csvSingleTransfer":
                return self.payouts.file(int(key))
            case "csvDownload":
                return self.payouts.packed(dt.date.fromisoformat(key))
            case _:
                return {"code": 0, "message": "OK", "methods": [{"id": "CARD_CZ_COMGATE"}]}

    def _too_often(self) -> bool:
        now = time.monotonic()
        while self._recent and now - self._recent[0] > 1:
            self._recent.popleft()
        self._recent.append(now)
        return self.allowed_per_second is not None and len(self._recent) > self.allowed_per_second

    def _status(self, key: str) -> dict[str, Any]:
        payment = self.payments.get(key)
        if payment is None or payment.merchant != MERCHANT:
            return _error(1400, "Payment not found (status), params: array (…)")
        if payment.after_polls:
            polls, status = payment.after_polls
            payment.after_polls = (polls - 1, status) if polls > 1 else None
            payment.status = status if polls <= 1 else payment.status
        return self._shaped(payment)

    def _shaped(self, payment: GatewayPayment) -> dict[str, Any]:
        price = payment.price
        if payment.captured is not None and payment.status == "PAID" and self.price_follows_capture:
            price = payment.captured
        body: dict[str, Any] = {
            "code": 0 if self.numbers else "0",
            "message": "OK",
            "merchant": MERCHANT,
            "test": payment.test if self.numbers else str(payment.test).lower(),
            "price": price if self.numbers else str(price),
            "curr": payment.currency,
            "label": "Objednávka",
            "refId": payment.order,
            "method": payment.method,
            "email": "jana+shop@example.cz",
            "name": "Zimní bunda & šála",
            "transId": payment.key,
            "status": payment.status,
            "payerName": "Jana Dvořáková",
            "fee": "unknown",
            "vs": "884120537",
        }
        if self.restless:
            for name in ("label", "method", "email", "name", "payerName", "fee", "vs", "merchant"):
                if self.restless.random() < 0.5:
                    del body[name]
            body["novinka"] = {"a": [1, 2.5]}
        return body


def _error(number: int, message: str) -> dict[str, Any]:
    return {"code": number, "message": message}


def server_of(world: World) -> ComgateServer:
    """A gateway that knows the world's Comgate payments, pending ones for other keys, and its payouts."""
    server = ComgateServer()
    for paper in world.papers:
        if paper.gateway_key:
            key = paper.gateway_key
            server.payments[key] = GatewayPayment(key, paper.total, "PENDING", paper.currency, paper.number)
    keys: dict[int, str] = {}
    for money in world.channel("comgate"):
        taken_back = money.takes_back is not None
        key = keys[money.takes_back] if money.takes_back is not None else money.reference
        keys[money.number] = key
        if not taken_back:
            order = money.variable_symbol
            server.payments[key] = GatewayPayment(key, money.amount, currency=money.currency, order=order)
        day = min(money.paid_on + dt.timedelta(days=PAYOUT_DAYS), world.today)
        row = PayoutRow(
            key, money.amount, money.variable_symbol, money.currency, money.paid_on, 3 if taken_back else 1
        )
        currencies = sorted({other.currency for other in world.channel("comgate")})
        number = day.toordinal() * 10 + currencies.index(money.currency)
        server.payouts.add(day, number, row)
    return server


def shop(address: str, **settings: Any) -> ComgateShop:
    """The block for a gateway in the sandbox, which needs no politeness."""
    given: dict[str, Any] = {"pause_seconds": 0, **settings}
    return ComgateShop(merchant=MERCHANT, secret=SecretStr(SECRET), address=address, **given)


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """Comgate with the world's payments, open for business; `folder` is not needed."""
    with served(server_of(world).app()) as address:
        yield Stand("comgate", shop(address))
