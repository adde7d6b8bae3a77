"""GoPay's REST interface of version 3 on loopback: tokens, account statements, payments and refunds."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import itertools
import time
import unicodedata
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from blocks.gopay import GoPayAccount
from sandbox.faults import Faults, Faulty
from sandbox.serving import served
from sandbox.world import Money, Stand, World
from tasks.days import PRAGUE

GOID = 8123456789
FORMS = ("XLS_A", "XLS_B", "XLS_C", "CSV_A", "CSV_B", "CSV_C", "CSV_D", "CSV_E", "ABO_A", "ABO_B", "PDF_A")
HEADINGS = {
    "cs": "ID pohybu;Datum;Typ;Protistrana;Subjekt/E-mail;Bank.účet - prefix;Bank.účet - číslo;"
    "Bank.účet - kód banky;ID objednávky/VS;Částka;Počáteční stav;Koncový stav;Měna;ID referenčního pohybu",
    "sk": "ID pohybu;Dátum;Typ;Protistrana;Subjekt/E-mail;Bank.účet - prefix;Bank.účet - číslo;"
    "Bank.účet - kód banky;ID objednávky/VS;Suma;Počiatočný stav;Konečný stav;Mena;ID referenčného pohybu",
    "en": "Movement ID;Date;Type;Counterparty;Subject/E-mail;Bank account - prefix;Bank account - number;"
    "Bank account - bank code;Order ID/VS;Amount;Opening balance;Closing balance;Currency;Reference movement ID",
}
TYPES = {
    "card": "GOPAY-platba",
    "transfer": "GOPAY-platba",
    "fee": "GOPAY-popl",
    "settlement": "GOPAY-vyuctovani",
}


@dataclass(frozen=True)
class Entry:
    """One movement of the account; amounts are signed hundredths."""

    id: int
    moment: dt.datetime
    type: str
    order: str
    amount: int
    currency: str = "CZK"
    counterparty: str = ""
    email: str = ""
    account: tuple[str, str, str] = ("", "", "")
    """Prefix, number, bank."""
    takes_back: int | None = None
    appears_on: dt.date | None = None
    """The first day whose calls show it, when it comes late."""


@dataclass
class GoPayServer:
    """A merchant's account at GoPay, and every way in which GoPay's answers can differ."""

    entries: list[Entry] = field(default_factory=list[Entry])
    payments: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    refunds: dict[int, list[dict[str, Any]]] = field(default_factory=dict[int, list[dict[str, Any]]])
    archived: set[int] = field(default_factory=set[int])
    goid: int = GOID
    client_id: str = "1061399163"
    secret: str = "synthetic-gopay-secret"
    currencies: tuple[str, ...] = ("CZK", "EUR")
    today: dt.date = dt.date.max
    encoding: str = "cp1250"
    language: str = "cs"
    content_type: str = "application/octet-stream"
    wrong_secret_status: int = 401
    token_seconds: int = 1800
    tokens_left: int | None = None
    granted: str = "payment-all"
    """The scope that tokens really get, when the account's rights are smaller than asked."""
    faults: Faults = field(default_factory=Faults)
    token_faults: Faults = field(default_factory=Faults)
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    """Path and, for statements, the request; never headers."""
    settle: Callable[[GoPayServer], None] = lambda server: None
    """Called before each call for refunds: lets a refund be decided after some calls."""
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])
    _numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        data = Starlette(
            routes=[
                Route("/api/accounts/account-statement", self._statement, methods=["POST"]),
                Route("/api/payments/payment/{id:int}", self._payment),
                Route("/api/payments/payment/{id:int}/refunds", self._refunds),
                Route("/api/eshops/eshop/{goid:int}/payment-instruments", self._instruments),
                Route("/{rest:path}", _of_version_4, methods=["GET", "POST"]),
            ]
        )
        app = Starlette()
        app.mount(
            "/api/oauth2",
            Faulty(Starlette(routes=[Route("/token", self._token, methods=["POST"])]), self.token_faults),
        )
        app.mount("/", Faulty(data, self.faults))
        return app

    async def _token(self, request: Request) -> Response:
        self.log.append(("token", {}))
        if self.tokens_left is not None:
            if self.tokens_left <= 0:
                return JSONResponse({}, 429, {"Retry-After": "7"})
            self.tokens_left -= 1
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _refusal(400, "G", 110, "INVALID")
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "client_credentials" or form.get("scope") not in (
            "payment-all",
            "payment-create",
        ):
            return _refusal(400, "G", 110, "INVALID")
        expected = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return _refusal(
                self.wrong_secret_status, "G", 202, "AUTH_WRONG_CREDENTIALS", message="Wrong credentials."
            )
        token = f"AAAsynthetic{next(iter(self._numbers)):04d}"
        self._tokens[token] = (time.monotonic() + self.token_seconds, self.granted)
        return JSONResponse({"token_type": "bearer", "access_token": token, "expires_in": self.token_seconds})

    def forget_tokens(self) -> None:
        """No token given so far is valid any more."""
        self._tokens.clear()

    def _refused(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        until, scope = self._tokens.get(token, (0.0, ""))
        if time.monotonic() >= until:
            return _refusal(401, "G", 200, "AUTH_ACCESS_DENIED")
        return None if scope == "payment-all" else _refusal(403, "G", 203, "AUTH_ACCESS_DENIED")

    async def _statement(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        asked = await request.json()
        self.log.append(("statement", asked))
        if wrong := self._wrong(asked):
            return wrong
        first, last = dt.date.fromisoformat(asked["date_from"]), dt.date.fromisoformat(asked["date_to"])
        return Response(self.file(asked["format"], first, last, asked["currency"]), media_type=self.content_type)

    def _wrong(self, asked: dict[str, Any]) -> Response | None:
        for name in ("date_from", "date_to", "goid", "currency", "format"):
            if name not in asked:
                return _refusal(400, "F", 110, "INVALID", field=name)
        try:
            ordered = dt.date.fromisoformat(asked["date_from"]) <= dt.date.fromisoformat(asked["date_to"])
        except ValueError:
            ordered = False
        if not ordered:
            return _refusal(400, "F", 110, "INVALID", field="date_from")
        if asked["format"] not in FORMS:
            return _refusal(400, "F", 111, "INVALID", field="format", message="Wrong value.")
        if asked["goid"] != self.goid:
            return _refusal(400, "G", 111, "INVALID", description=f"goId={asked['goid']} was not found")
        if asked["currency"] not in self.currencies:
            return _refusal(400, "F", 111, "INVALID", field="currency")
        return None

    def file(self, form: str, first: dt.date, last: dt.date, currency: str = "CZK") -> bytes:
        """The statement file of these days, both included, as this server gives it."""
        seen = sorted(
            (e for e in self.entries if e.currency == currency and (e.appears_on or dt.date.min) <= self.today),
            key=lambda e: (e.moment, e.id),
        )
        opening = sum(e.amount for e in seen if e.moment.date() < first)
        chosen = [e for e in seen if first <= e.moment.date() <= last]
        if form == "CSV_B":
            return _csv(chosen, opening, HEADINGS[self.language]).encode(self.encoding)
        if form == "ABO_A":
            return _abo(chosen, opening, self.goid, currency, first, last).encode("ascii")
        return b"\xd0\xcf\x11\xe0 opaque"

    async def _payment(self, request: Request) -> Response:
        self.log.append(("payment", {}))
        number = request.path_params["id"]
        if refused := self._refused(request):
            return refused
        if number not in self.payments or number in self.archived:
            return _refusal(404, "G", 304, "PAYMENT_NOT_FOUND")
        return JSONResponse(self.payments[number])

    async def _refunds(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        self.settle(self)
        return JSONResponse(self.refunds.get(request.path_params["id"], []))

    async def _instruments(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        if request.path_params["goid"] != self.goid:
            return _refusal(400, "G", 111, "INVALID", description="goId was not found")
        return JSONResponse({"enabledPaymentInstruments": [{"paymentInstrument": "PAYMENT_CARD"}]})


def block_for(server: GoPayServer, address: str) -> GoPayAccount:
    """The block that fits the server when it is reached at this address."""
    return GoPayAccount(
        goid=str(server.goid),
        client_id=server.client_id,
        client_secret=SecretStr(server.secret),
        currencies=list(server.currencies),
        address=f"{address}/api",
    )


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """GoPay of the sandbox's firm, with all that the world says was paid through it."""
    money = world.channel("gopay")
    currencies = tuple(sorted({m.currency for m in money} | {"CZK"}))
    server = GoPayServer(entries=[entry(m) for m in money], currencies=currencies)
    with served(server.app()) as address:
        yield Stand("gopay", block_for(server, address))


def entry(money: Money) -> Entry:
    """The movement that tells of this money."""
    refund = money.kind in ("refund", "reversal")
    prefix, _, number = money.account.split("/")[0].rpartition("-")
    bank = money.account.partition("/")[2]
    return Entry(
        id=9_100_000_000 + money.number,
        moment=dt.datetime.combine(money.paid_on, dt.time(8 + money.number % 10, money.number % 60), PRAGUE),
        type="GOPAY-storno-platby" if refund else TYPES.get(money.kind, "GOPAY-bonus"),
        order=money.reference or money.variable_symbol,
        amount=money.amount,
        currency=money.currency,
        counterparty=money.name,
        account=(prefix, number, bank) if bank else ("", "", ""),
        takes_back=None if money.takes_back is None else 9_100_000_000 + money.takes_back,
    )


def _csv(entries: list[Entry], opening: int, headings: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    text.write(headings + "\r\n")
    for e in entries:
        amounts = [_comma(n) for n in (e.amount, opening, opening + e.amount)]
        first = [e.id, e.moment.strftime("%d.%m.%Y %H:%M"), e.type, e.counterparty, e.email, *e.account, e.order]
        writer.writerow([*first, *amounts, e.currency, e.takes_back or ""])
        opening += e.amount
    return text.getvalue()


def _abo(entries: list[Entry], opening: int, goid: int, currency: str, first: dt.date, last: dt.date) -> str:
    credit = sum(e.amount for e in entries if e.amount > 0)
    debit = -sum(e.amount for e in entries if e.amount < 0)
    turnovers = f"{debit:014d}-{credit:014d}+"
    lines = [
        f"074{goid:016d}{f'UCET {currency}':20}{first:%d%m%y}{_signed(opening)}"
        f"{_signed(opening + credit - debit)}{turnovers}000{last:%d%m%y}"
    ]
    for e in entries:
        order = e.order if e.order.isdigit() and len(e.order) <= 10 else ""
        prefix, number, bank = e.account
        day, side = f"{e.moment:%d%m%y}", "1" if e.amount < 0 else "2"
        kind = unicodedata.normalize("NFKD", e.type).encode("ascii", "ignore").decode().upper()[:20]
        lines.append(
            f"075{goid:016d}{prefix:0>6}{number:0>10}{e.id:013d}{abs(e.amount):012d}{side}{order:0>10}00"
            f"{bank:0>4}{'':0>4}{'':0>10}{day}{kind:20}0110{side}{day}"
        )
    return "".join(f"{line}\r\n" for line in lines)


def _comma(amount: int) -> str:
    whole = f"{abs(amount) // 100:,}".replace(",", " ")
    return f"{'-' if amount < 0 else ''}{whole},{abs(amount) % 100:02d}"


def _signed(amount: int) -> str:
    return f"{abs(amount):014d}{'-' if amount < 0 else '+'}"


def _refusal(status: int, scope: str, code: int, name: str, **more: str) -> Response:
    error = {"scope": scope, "error_code": code, "error_name": name, **more}
    return JSONResponse({"date_issued": "2026-03-02T09:15:30.123+0100", "errors": [error]}, status)


async def _of_version_4(request: Request) -> Response:
    said = {
        "code": 404,
        "error": "NOT_FOUND",
        "message": "No such resource",
        "detail": "",
        "path": request.url.path,
    }
    return JSONResponse({**said, "timestamp": "2026-03-02T09:15:30Z"}, 404)
