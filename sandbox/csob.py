"""
The sandbox's ČSOB: Business Connector with its list by SOAP and its files by HTTPS, both under real mutual TLS.

It follows csob.md 4: what is listed depends on when a file became available, a file may be in preparation for
some calls or fail for good, addresses expire, and too many calls block the client for a while.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from ssl import SSLObject
from typing import Any, cast

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from blocks.csob import CsobAccount
from sandbox.csob_certificates import Authority, Issued
from sandbox.csob_envelopes import Question, failure, listing, question
from sandbox.csob_money import advices_of
from sandbox.faults import Faults, Faulty
from sandbox.serving import served
from sandbox.world import Stand, World

CONTRACT = 1234567
API, DOWNLOAD = "/cebbc/api", "/ExtFileHubDown/v2/download"
MOST_CALLS, CALLS_WITHIN = 30, dt.timedelta(minutes=20)
LISTED_FOR, KEPT_FOR = dt.timedelta(days=45), dt.timedelta(days=15)


@dataclass
class BankFile:
    """One file that the bank has for its client."""

    name: str
    data: bytes
    created: dt.datetime
    available: dt.datetime | None = None
    """When it became available, if later than it was made."""
    kind: str = "AVIZO"
    format: str = "BBF"
    in_preparation: int = 0
    """In how many more listings it is still being prepared."""
    failed: bool = False
    said_size: int | None = None
    """A size that is not the true one."""
    expired_addresses: int = 0
    """How many more addresses of it will have expired when they are used."""
    naive: bool = False
    """Whether its time comes without a zone and its address with white space around."""

    @property
    def offered_from(self) -> dt.datetime:
        return self.available or self.created

    @property
    def status(self) -> str:
        return "F" if self.failed else "R" if self.in_preparation else "D"


@dataclass
class CsobServer:
    """The bank's side; `log` holds what was asked, without secrets."""

    files: list[BankFile] = field(default_factory=list[BankFile])
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    contract: int = CONTRACT
    contract_has_access: bool = True
    registered: set[str] = field(default_factory=set[str])
    """Fingerprints of the certificates that the client has registered."""
    blocked: set[str] = field(default_factory=set[str])
    demo: bool = False
    """The bank's demo ignores contract and filter and counts no calls."""
    faults: Faults = field(default_factory=Faults)
    log: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    address: str = ""
    _calls: dict[tuple[int, str], deque[dt.datetime]] = field(
        default_factory=dict[tuple[int, str], deque[dt.datetime]]
    )
    _blocked_until: dict[tuple[int, str], dt.datetime] = field(default_factory=dict[tuple[int, str], dt.datetime])
    _addresses: dict[str, BankFile] = field(default_factory=dict[str, BankFile])

    def app(self) -> ASGIApp:
        routes = [Route(API, self._api, methods=["POST"]), Route(DOWNLOAD, self._download, methods=["GET"])]
        return Faulty(Starlette(routes=routes), self.faults)

    def downloads(self) -> list[str]:
        """Names of the files that were given out, in this order."""
        return [name for what, name in self.log if what == "download"]

    async def _api(self, request: Request) -> Response:
        if request.headers.get("soapaction") != '"GetDownloadFileList_v4"':
            return failure("1000", "unknown operation")
        if not request.headers.get("content-type", "").startswith("text/xml"):
            return Response(status_code=415)
        asked = question(await request.body())
        certificate = Certified.of(request)
        self.log.append(("list", asked.since.isoformat() if asked.since else ""))
        code = None if self.demo else self._refusal(asked.contract, certificate)
        if code:
            return failure(code, "refused")
        return self._listing(asked)

    def _refusal(self, contract: int, certificate: str) -> str | None:
        if certificate in self.blocked:
            return "1012"
        if certificate not in self.registered or contract != self.contract:
            return "1011"
        if not self.contract_has_access:
            return "1002"
        return "1101" if self._too_many(contract, certificate) else None

    def _too_many(self, contract: int, certificate: str) -> bool:
        """Count the call; one that comes while the pair is blocked prolongs the block."""
        pair, now = (contract, certificate), self.now()
        calls = self._calls.setdefault(pair, deque())
        while calls and now - calls[0] >= CALLS_WITHIN:
            calls.popleft()
        if len(calls) >= MOST_CALLS or self._blocked_until.get(pair, now) > now:
            self._blocked_until[pair] = now + CALLS_WITHIN
            return True
        calls.append(now)
        return False

    def _listing(self, asked: Question) -> Response:
        now = self.now()
        details: list[dict[str, Any]] = []
        for file in sorted(self.files, key=lambda file: file.created):
            if not self.demo and not self._wanted(file, asked, now):
                continue
            details.append(
                {
                    "url": self._address_of(file) if file.status == "D" else None,
                    "name": file.name,
                    "kind": file.kind,
                    "format": None if file.kind == "KURZY" else file.format,
                    "created": file.created,
                    "naive": file.naive,
                    "size": len(file.data) if file.said_size is None else file.said_size,
                    "status": file.status,
                }
            )
            file.in_preparation = max(0, file.in_preparation - 1)
        return listing(now, details)

    def _wanted(self, file: BankFile, asked: Question, now: dt.datetime) -> bool:
        oldest = now - LISTED_FOR
        since = max(asked.since or oldest, oldest)
        return (
            since < file.offered_from <= now
            and (not asked.kinds or file.kind in asked.kinds)
            and (not asked.formats or file.kind == "KURZY" or file.format in asked.formats)
            and (not asked.name or file.name == asked.name)
            and (asked.created_after is None or file.created >= asked.created_after)
            and (asked.created_before is None or file.created <= asked.created_before)
        )

    def _address_of(self, file: BankFile) -> str:
        token = sha256(f"{file.name} {len(self._addresses)}".encode()).hexdigest()[:32]
        self._addresses[token] = file
        address = f"{self.address}{DOWNLOAD}?id={token}"
        return f"\n   {address}\n  " if file.naive else address

    async def _download(self, request: Request) -> Response:
        if not self.demo and Certified.of(request) not in self.registered - self.blocked:
            return Response(status_code=401)
        file = self._addresses.get(request.query_params.get("id", ""))
        if file is None or self.now() - file.created > KEPT_FOR:
            return Response(status_code=404)
        if file.expired_addresses:
            file.expired_addresses -= 1
            return PlainTextResponse("expired", status_code=400)
        self.log.append(("download", file.name))
        return Response(file.data, media_type="application/octet-stream")


class Certified(H11Protocol):
    """HTTP that remembers who is at the other end of each connection; ASGI does not tell."""

    seen: dict[tuple[str, int], str] = {}  # noqa: RUF012 - one for all connections on purpose

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = cast("SSLObject", transport.get_extra_info("ssl_object"))
        certificate = tls.getpeercert(binary_form=True) or b""
        self.seen[transport.get_extra_info("peername")[:2]] = sha256(certificate).hexdigest()

    @classmethod
    def of(cls, request: Request) -> str:
        """The fingerprint of the certificate that the client showed."""
        assert request.client is not None
        return cls.seen[request.client.host, request.client.port]


@dataclass(frozen=True)
class Bank:
    """The bank open for business: its server, its authority, and a client that it knows."""

    server: CsobServer
    authority: Authority
    client: Issued
    authority_file: Path

    def block(self, **settings: Any) -> CsobAccount:
        """The filled-in block of the client that the bank knows."""
        known: dict[str, Any] = {
            "contract": self.server.contract,
            "certificate": SecretStr(self.client.pem),
            "address": f"{self.server.address}{API}",
            "authority_file": str(self.authority_file),
            "seconds_between_calls": 0,
        }
        return CsobAccount(**{**known, **settings})


@contextmanager
def opened(folder: Path, server: CsobServer | None = None) -> Generator[Bank]:
    """The bank with certificates made now, which the folder keeps; open while the `with` lasts."""
    bank = server or CsobServer()
    authority = Authority()
    client = authority.client()
    bank.registered.add(client.fingerprint)
    trusted = authority.write(folder / "csob-authority.pem")
    own = authority.server().write(folder / "csob-server.pem")
    with served(bank.app(), certificate=own, key=own, client_authority=trusted, protocol=Certified) as address:
        bank.address = address
        yield Bank(bank, authority, client, trusted)


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """The bank with the advices of all money that came to the firm's accounts there."""
    files = [BankFile(*advice) for advice in advices_of(world)]
    with opened(folder, CsobServer(files)) as bank:
        yield Stand("csob", bank.block())
