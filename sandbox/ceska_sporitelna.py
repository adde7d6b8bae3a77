"""
Česká spořitelna in the sandbox: its Accounts API over one firm's accounts, with its oddities as switches.

What goes wrong on the wire is planned in `faults`; the log-in service next door is `ceska_sporitelna_identity`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from sandbox.ceska_sporitelna_identity import Identity
from sandbox.ceska_sporitelna_rows import Booked, booked_of
from sandbox.faults import Faults, Faulty
from sandbox.serving import served
from sandbox.world import Stand, World
from tasks.days import prague_day

IBAN = "CZ8608000000004455667002"
CLIENT_ID = "pohoda-payments-sandbox"
CLIENT_SECRET = "sim-client-secret"
API_KEY = "sim-web-api-key"
REDIRECT_URI = "http://localhost:8765/ceska-sporitelna"
ACCOUNTS = "/webapi/api/v3/accounts"
LOGIN = "/oidc/v1"
ID_LIVES = dt.timedelta(hours=24)
KEPT_DAYS = 90
STATEMENT = b"%PDF-1.4 a statement of the sandbox"


@dataclass
class Account:
    """One account of the firm. The owner need not have given consent to it."""

    iban: str
    currency: str = "CZK"
    rows: list[Booked] = field(default_factory=list[Booked])
    in_consent: bool = True


@dataclass(frozen=True)
class Call:
    """One request that came, for assertions: never a secret."""

    place: str
    parameters: dict[str, str]


class Clock:
    """A bank's clock that stands until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **distance: float) -> None:
        self.now += dt.timedelta(**distance)


@dataclass
class CeskaSporitelnaServer:
    """The bank and its switches; `calls` is its log."""

    accounts: list[Account]
    now: Callable[[], dt.datetime]
    identity: Identity
    faults: Faults = field(default_factory=Faults)
    api_key: str = API_KEY
    key_enabled: bool = True
    fresh_authentication: bool = False
    """Whether rows older than 90 days are given; otherwise they are left out without a word."""
    most_rows: int = 10_000
    too_many_is_404: bool = False
    largest_page: int = 200
    """Pages are never longer than this, whatever was asked for."""
    static: bool = False
    """Whether dates, sorting and paging are ignored, as in the bank's own sandbox."""
    newest_first: bool = False
    """Whether rows come newest first, whatever was asked for."""
    quota: int | None = None
    """Calls per hour of the key."""
    every_call: Callable[[], None] = lambda: None
    """Done after each call of a list: time goes on, or a row arrives."""
    calls: list[Call] = field(default_factory=list[Call])
    by_hour: Counter[str] = field(default_factory=Counter[str])
    secrets_in_addresses: int = 0
    _ids: dict[str, tuple[Account, dt.datetime]] = field(default_factory=dict[str, "tuple[Account, dt.datetime]"])

    def asked(self, place: str) -> list[dict[str, str]]:
        """The parameters of every request to this place, in order."""
        return [call.parameters for call in self.calls if call.place == place]

    def app(self) -> ASGIApp:
        """The bank as an application: the API and the log-in service under one address."""
        one = f"{ACCOUNTS}/my/accounts/{{account}}"
        statement = f"{one}/statements/{{statement}}/download"
        routes = [
            Route(f"{LOGIN}/auth", self._watched("auth", self.identity.auth)),
            Route(f"{LOGIN}/token", self._watched("token", self.identity.token), methods=["POST"]),
            Route(f"{ACCOUNTS}/my/accounts", self._watched("accounts", self._guarded(self._accounts))),
            Route(f"{one}/balance", self._watched("balance", self._guarded(self._balance))),
            Route(f"{one}/transactions", self._watched("transactions", self._guarded(self._transactions))),
            Route(f"{one}/statements", self._watched("statements", self._guarded(self._statements))),
            Route(statement, self._watched("download", self._guarded(self._download))),
        ]
        return Faulty(Starlette(routes=routes), self.faults)

    def _watched(self, place: str, answer: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            if any(secret in str(request.url) for secret in self.identity.secrets() | {self.api_key}):
                self.secrets_in_addresses += 1
            shown = {} if place in ("auth", "token") else dict(request.query_params)
            self.calls.append(Call(place, shown))
            return await answer(request)

        return endpoint

    def _guarded(self, answer: Callable[[Request], Response]) -> Any:
        """The answer, if the key, the quota, the access token and the consent allow it."""

        async def endpoint(request: Request) -> Response:
            hour = self.now().isoformat()[:13]
            self.by_hour[hour] += 1
            if not self.key_enabled:
                return refusal(412, "KEY_DISABLED")
            if request.headers.get("web-api-key") != self.api_key:
                return refusal(403, "KEY_UNAUTHORIZED")
            if self.quota is not None and self.by_hour[hour] > self.quota:
                return refusal(429, "REQUEST_QUOTA_EXCEEDED")
            family = self.identity.family_of(request.headers.get("authorization", "").removeprefix("Bearer "))
            if family is None:
                return refusal(403, "TOKEN_INVALID")
            if not self.identity.is_live(family) and "account" in request.path_params:
                return refusal(401, "SCA_REQUIRED")
            try:
                return answer(request)
            except HTTPException as error:
                return refusal(error.status_code, *error.detail.split(","))

        return endpoint

    def _accounts(self, request: Request) -> Response:
        found = [_account(self._id_of(a), a) for a in self.accounts if a.in_consent]
        return self._page(request, "accounts", found, largest=999)

    def _id_of(self, account: Account) -> str:
        today = self.now().date()
        name = f"{account.iban}{account.currency}{today}".encode()
        issued = hmac.new(b"sandbox", name, hashlib.sha1).hexdigest().upper()
        self._ids.setdefault(issued, (account, self.now()))
        return issued

    def _account_of(self, request: Request) -> Account:
        account, issued = self._ids.get(request.path_params["account"], (None, self.now()))
        if account is None or not account.in_consent or self.now() - issued >= ID_LIVES:
            raise HTTPException(404, "ID_NOT_FOUND")
        return account

    def _balance(self, request: Request) -> Response:
        account = self._account_of(request)
        signs = {"CRDT": 1, "DBIT": -1}
        total = sum(
            signs[row.body["creditDebitIndicator"]] * abs(row.body["amount"]["value"]) for row in account.rows
        )
        amount = {"value": abs(total), "currency": account.currency}
        balance = {"amount": amount, "creditDebitIndicator": "CRDT" if total >= 0 else "DBIT"}
        return JSONResponse({"balances": [{**balance, "date": {"dateTime": self.now().isoformat()}}]})

    def _transactions(self, request: Request) -> Response:
        account = self._account_of(request)
        rows = account.rows if self.static else self._filtered(request, account.rows)
        answer = self._page(request, "transactions", [row.body for row in rows], largest=200)
        self.every_call()
        return answer

    def _filtered(self, request: Request, rows: Sequence[Booked]) -> list[Booked]:
        today = self.now().date()
        first, last = self._day(request, "fromDate"), self._day(request, "toDate")
        future = ["DT01" for day in (first, last) if day is not None and day > today]
        if future:
            raise HTTPException(400, ",".join(future))
        first, last = first or today - dt.timedelta(days=30), last or today
        if first > last:
            raise HTTPException(400, "PARAMETER_INVALID")
        if not self.fresh_authentication:
            first = max(first, today - dt.timedelta(days=KEPT_DAYS))
        found = [row for row in rows if first <= row.moment.astimezone(dt.UTC).date() <= last]
        newest_first = self.newest_first or request.query_params.get("order") == "DESC"
        return sorted(found, key=lambda row: row.moment, reverse=newest_first)

    def _day(self, request: Request, name: str) -> dt.date | None:
        text = request.query_params.get(name)
        try:
            return dt.date.fromisoformat(text) if text else None
        except ValueError:
            raise HTTPException(400, "DT01") from None

    def _page(self, request: Request, member: str, rows: list[Any], *, largest: int) -> Response:
        asked = {
            name: request.query_params.get(name, default) for name, default in (("size", "25"), ("page", "0"))
        }
        if not all(text.isdigit() for text in asked.values()) or not 0 < int(asked["size"]) <= largest:
            raise HTTPException(400, "PARAMETER_INVALID")
        size, page = min(int(asked["size"]), self.largest_page), 0 if self.static else int(asked["page"])
        if size * (page + 1) > self.most_rows:
            raise HTTPException(
                *((404, "PAGE_NOT_FOUND") if self.too_many_is_404 else (400, "MAX_TRANSACTIONS_EXCEEDED"))
            )
        count = -(-len(rows) // size)
        if page > 0 and page >= count:
            raise HTTPException(404, "PAGE_NOT_FOUND")
        envelope: dict[str, Any] = {"pageNumber": page, "pageCount": count, "pageSize": size}
        if page + 1 < count and not self.static:
            envelope["nextPage"] = page + 1
        return JSONResponse({**envelope, member: rows[size * page : size * (page + 1)]})

    def _statements(self, request: Request) -> Response:
        self._account_of(request)
        formats = [
            {"format": "pdf", "availability": "IMMEDIATE"},
            {"format": "mt940", "availability": "UNAVAILABLE"},
        ]
        return self._page(
            request, "accountStatements", [{"accountStatementId": "1", "formats": formats}], largest=100
        )

    def _download(self, request: Request) -> Response:
        self._account_of(request)
        wanted = request.query_params.get("format")
        if wanted is None:
            raise HTTPException(404, "PARAMETER_MISSING")
        if wanted != "pdf":
            raise HTTPException(400, "PARAMETER_INVALID")
        return Response(STATEMENT, media_type="application/pdf")


def refusal(status: int, *codes: str) -> Response:
    """An error as the bank words it."""
    return JSONResponse({"status": status, "errors": [{"error": code} for code in codes]}, status_code=status)


def _account(identity: str, account: Account) -> dict[str, Any]:
    return {
        "id": identity,
        "identification": {"iban": account.iban},
        "currency": account.currency,
        "servicer": {"bankCode": "0800", "countryCode": "CZ", "bic": "GIBACZPX"},
        # Always so for business accounts.
        "relationship": {"isOwner": False},
        "suitableScope": {},
    }


def bank(now: Callable[[], dt.datetime], *accounts: Account) -> CeskaSporitelnaServer:
    """A healthy bank with these accounts and one registered application."""
    identity = Identity(now, CLIENT_ID, CLIENT_SECRET, {REDIRECT_URI})
    return CeskaSporitelnaServer(list(accounts), now, identity)


def block_of(address: str, server: CeskaSporitelnaServer, iban: str = IBAN) -> CeskaSporitelnaAccount:
    """The filled-in block of an account to which the owner has just given consent."""
    return CeskaSporitelnaAccount(
        iban=iban,
        client_id=CLIENT_ID,
        client_secret=SecretStr(CLIENT_SECRET),
        api_key=SecretStr(API_KEY),
        refresh_token=SecretStr(server.identity.consent()),
        consent_given_on=prague_day(server.now()),
        api_address=f"{address}{ACCOUNTS}",
        identity_address=f"{address}{LOGIN}",
    )


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """The bank with everything that came to the firm's account, open while the `with` lasts."""
    rows = [booked_of(money) for money in world.channel("ceska-sporitelna")]
    server = bank(lambda: dt.datetime.now(dt.UTC), Account(IBAN, rows=rows))
    server.fresh_authentication = True
    server.identity.rotates = True
    # Whoever tries things may save the block as it first was once more.
    server.identity.grace_seconds = 3600
    with served(server.app()) as address:
        yield Stand("ceska-sporitelna", block_of(address, server))
