"""
The sandbox's POHODA mServer: takes and answers requests as the real one does (pohoda-mserver.md 1 to 3 and 5).

By default it is a release with the published schema: it knows no update of documents and refuses such an item by
its schema. `accepts_updates` makes it a release in which Stormware has switched on what the schema of orders has
prepared, and the same for invoices; no such release is known to exist.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox import mserver_answers as answers
from sandbox.faults import Faults, Faulty
from sandbox.mserver_validation import (
    NOT_VALID,
    Invalid,
    Item,
    Malformed,
    PackRefused,
    Value,
    read_item,
    read_pack,
    typed,
)
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, MSERVER_PASSWORD, MSERVER_USER, PAID_FIELD
from sandbox.serving import served
from tasks.xml import Element

FIELDS = {AMOUNT_FIELD: "currencyValue", COUNT_FIELD: "integerValue", PAID_FIELD: "booleanValue"}
METHODS = ["GET", "POST", "PUT", "DELETE"]


class Unit(Protocol):
    """What an mServer needs of the accounting unit that it has open."""

    ico: str
    year: int
    company: str

    @property
    def database_name(self) -> str: ...

    def find(self, agenda: str, row_id: int) -> str | None:
        """The number of the agenda's document with this id, or None."""
        ...

    def apply(self, agenda: str, row_id: int, values: Mapping[str, Value | None]) -> bool:
        """Set user fields or notes of a document; False when there is none. KeyError for an unknown field."""
        ...

    def settle(self, agenda: str, row_id: int, amount: Decimal) -> bool:
        """Settle so much of an invoice that is there; False, and nothing done, when less is open."""
        ...


@dataclass(frozen=True)
class Logged:
    """One request as it came, without its login."""

    method: str
    path: str
    instance: str
    compressed: bool
    check_duplicity: bool
    body: bytes

    @property
    def imports(self) -> bool:
        """Whether it asks for more than to read."""
        return re.search(rb"<\w+:(order|invoice|liquidationWithoutLink)[ >]", self.body) is not None


@dataclass
class SandboxMServer:
    """One mServer. Its fields may be changed while it runs."""

    unit: Unit
    accepts_updates: bool
    user: str
    password: str
    address: str = ""
    faults: Faults = field(default_factory=Faults)
    release: str = answers.RELEASE
    ico: str = ""
    """The company number of the unit it really has open; the unit's own unless changed."""
    database: str = ""
    year: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    """The user fields and the kinds of value that they take."""
    seconds: float = 0.0
    """How long each request takes in Pohoda; further ones wait for their turn."""
    frozen: bool = False
    """Takes connections and never answers."""
    lets_into_unit: bool = True
    may_import: bool = True
    when_not_found: Literal["inner_error", "ok", "item_error"] = "inner_error"
    """How an update of a missing document is answered; what real ones do is not documented (2.5)."""
    tells_company: bool = True
    """Whether `companyDetail` names the database and the year."""
    stored_note: Callable[[str], str] = str
    """What becomes of the text of a note when it is stored; nothing, unless a test thinks otherwise."""
    log: list[Logged] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    """Ids of items that made a new document. There must never be one."""
    settled: list[tuple[str, int, Decimal, str]] = field(default_factory=list)
    """Agenda, id, amount and day of every settlement that was done."""
    busiest: int = 0
    """How many requests were ever in work at once, waiting ones included."""
    _imported: dict[tuple[str, str], tuple[str, int, str]] = field(default_factory=dict)
    _waiting: int = 0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.ico = self.ico or self.unit.ico
        self.database = self.database or self.unit.database_name
        self.year = self.year or str(self.unit.year)
        routes = [Route("/xml", self._xml, methods=METHODS), Route("/status", self._status, methods=METHODS)]
        self._app = Faulty(Starlette(routes=routes), self.faults)

    @property
    def import_requests(self) -> list[Logged]:
        """The requests that asked Pohoda to do something."""
        return [entry for entry in self.log if entry.imports]

    def forget(self) -> None:
        """Be as one that was never asked for anything."""
        self.log.clear()
        self.created.clear()
        self._imported.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.frozen and scope["type"] == "http":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await self._app(scope, receive, send)

    async def _status(self, request: Request) -> Response:
        await self._logged(request)
        detail = "companyDetail" in request.query_params
        if detail and (denied := self._denied(request)):
            return Response(status_code=denied)
        told = {
            "message": "Response from POHODA mServer",
            "server": self.address,
            "name": "platby",
            "processing": str(self._waiting),
            "status": "working" if self._waiting else "idle",
        }
        company = {"company": self.unit.company}
        if self.tells_company:
            period = f"1.1.{self.year} - 31.12.{self.year}"
            company |= {"databaseName": self.database, "year": self.year, "period": period}
        return _answer(request, answers.status(told, company if detail else {}))

    async def _xml(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        entry = await self._logged(request)
        if denied := self._denied(request):
            return Response(status_code=denied)
        self._waiting += 1
        self.busiest = max(self.busiest, self._waiting)
        try:
            async with self._turn:
                await asyncio.sleep(self.seconds)
                return _answer(request, await asyncio.to_thread(self._done, entry))
        except Malformed:
            return Response(status_code=400)
        finally:
            self._waiting -= 1

    async def _logged(self, request: Request) -> Logged:
        body = await request.body()
        compressed = request.headers.get("content-encoding") == "gzip"
        entry = Logged(
            request.method,
            request.url.path,
            request.headers.get("stw-instance", ""),
            compressed,
            request.headers.get("stw-check-duplicity") == "true",
            gzip.decompress(body) if compressed else body,
        )
        self.log.append(entry)
        return entry

    def _denied(self, request: Request) -> int | None:
        """401 or 403 when the request may not go on (1.8). The standard Authorization header does not count."""
        scheme, _, pair = request.headers.get("stw-authorization", "").partition(" ")
        if scheme != "Basic" or pair != base64.b64encode(f"{self.user}:{self.password}".encode()).decode():
            return 401
        return None if self.lets_into_unit else 403

    def _done(self, entry: Logged) -> Element:
        try:
            if not self.may_import:
                raise PackRefused("Uživatel není oprávněn importovat XML soubory.")
            pack = read_pack(entry.body)
            if pack.get("ico", self.ico) != self.ico:
                raise PackRefused("IČO dávky neodpovídá IČO účetní jednotky.")
        except PackRefused as refusal:
            return answers.pack("", self.ico, str(refusal), self.release, refused=True)
        pack_id = pack.get("id", "")
        answer = answers.pack(pack_id, self.ico, pack.get("note", ""), self.release)
        for item in pack:
            self._item(answer, (pack_id, item.get("id", "")), item, entry.check_duplicity)
        return answer

    def _item(self, answer: Element, key: tuple[str, str], item: Element, check_duplicity: bool) -> None:
        try:
            asked = read_item(item, self.accepts_updates)
        except Invalid as invalid:
            answers.item(answer, key[1], "error", f"{NOT_VALID} {invalid}")
            return
        if check_duplicity and key in self._imported:
            told = answers.item(answer, key[1], "error", "Doklad již existuje, dávka je duplicitní.")
            answers.duplicity(told, *self._imported[key])
            return
        match asked.action:
            case "list":
                self._list(answer, key[1], asked)
            case "add":
                self._add(answer, key, asked)
            case "update":
                self._update(answer, key, asked)
            case "settle":
                self._settle(answer, key, asked)
            case _:
                self._refuse(answer, key[1], asked, 101, "K odstranění dokladu nemáte právo.")

    def _list(self, answer: Element, item_id: str, asked: Item) -> None:
        row_id, number = self._found(asked)[1:]
        found = {row_id: number} if number is not None else {}
        answers.listed(answers.item(answer, item_id, "ok"), asked.agendas[0], found)

    def _add(self, answer: Element, key: tuple[str, str], asked: Item) -> None:
        self.created.append(key[1])
        row_id, number = 900_000 + len(self.created), f"NOVY{len(self.created):05}"
        self._imported[key] = asked.agendas[0], row_id, number
        answers.produced(
            answers.inner(answers.item(answer, key[1], "ok"), asked.element, "ok"), row_id, number, "add"
        )

    def _update(self, answer: Element, key: tuple[str, str], asked: Item) -> None:
        agenda, row_id, number = self._found(asked)
        if number is None:
            return self._not_found(answer, key[1], asked)
        kinds = {name.lower(): kind for name, kind in self.fields.items()}
        for name, (kind, _) in asked.values.items():
            if kinds.get(name.lower()) != kind:
                return self._refuse(answer, key[1], asked, 110, f"Parametr {name} typu {kind} neexistuje.")
        notes = {column: self.stored_note(text) for column, text in asked.notes.items()}
        if asked.values or notes:
            values = {name: typed(*value) for name, value in asked.values.items()}
            self.unit.apply(agenda, row_id, values | notes)
        self._imported[key] = agenda, row_id, number
        told = answers.inner(answers.item(answer, key[1], "ok"), asked.element, "ok")
        answers.produced(told, row_id, number, "update")

    def _settle(self, answer: Element, key: tuple[str, str], asked: Item) -> None:
        """What a real one does when less is open than is to be settled is not documented; this one refuses."""
        agenda, row_id, number = self._found(asked)
        if number is None:
            return self._not_found(answer, key[1], asked)
        if asked.amount <= 0 or not self.unit.settle(agenda, row_id, asked.amount):
            return self._refuse(answer, key[1], asked, 111, "Částka likvidace přesahuje částku k likvidaci.")
        self._imported[key] = agenda, row_id, number
        self.settled.append((agenda, row_id, asked.amount, asked.day))
        told = answers.inner(answers.item(answer, key[1], "ok"), asked.element, "ok")
        answers.produced(told, row_id, "", "liquidationWithoutLink")

    def _found(self, asked: Item) -> tuple[str, int, str | None]:
        row_id = asked.row_id or 0
        for agenda in asked.agendas:
            if (number := self.unit.find(agenda, row_id)) is not None:
                return agenda, row_id, number
        return asked.agendas[0], row_id, None

    def _not_found(self, answer: Element, item_id: str, asked: Item) -> None:
        match self.when_not_found:
            case "item_error":
                answers.item(answer, item_id, "error", "Záznam nebyl nalezen.")
            case "ok":
                answers.inner(answers.item(answer, item_id, "ok"), asked.element, "ok")
            case _:
                self._refuse(answer, item_id, asked, 109, "Záznam nebyl nalezen.")

    def _refuse(self, answer: Element, item_id: str, asked: Item, errno: int, note: str) -> None:
        told = answers.inner(answers.item(answer, item_id, "error"), asked.element, "error")
        answers.complaint(told, errno, note)


def _answer(request: Request, root: Element) -> Response:
    body = answers.windows_1250(root)
    headers = {"content-type": "text/xml"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body)
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers)


@contextmanager
def open_mserver(
    pohoda: Unit,
    *,
    accepts_updates: bool = False,
    user: str = MSERVER_USER,
    password: str = MSERVER_PASSWORD,
) -> Generator[SandboxMServer]:
    """An mServer with this unit open, on loopback, for as long as the `with` lasts."""
    mserver = SandboxMServer(pohoda, accepts_updates, user, password)
    with served(mserver) as address:
        mserver.address = address
        yield mserver
