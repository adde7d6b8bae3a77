"""Every request on the wire, by the name of its kind, and a fault at any of them."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lxml import etree
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import RIGHT, Fault, Faults, Faulty
from sandbox.serving import surrounded


@dataclass
class Blow:
    """What goes wrong with requests of one kind."""

    fault: Fault
    lasting: bool = False
    """Whether every request of the kind goes wrong, or only one."""
    after: int = 0
    """How many requests of the kind go right first."""
    struck: int = 0
    """How many have gone wrong."""

    def next(self) -> Fault:
        if self.after:
            self.after -= 1
            return RIGHT
        if self.struck and not self.lasting:
            return RIGHT
        self.struck += 1
        return self.fault


@dataclass
class Wire:
    """Everything that is asked of anybody outside, and what is to go wrong with it."""

    calls: list[str] = field(default_factory=list[str])
    """The kind of each request, in the order in which they came."""
    plan: dict[str, Blow] = field(default_factory=dict[str, Blow])
    """By kind of request."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def within(self, server: str) -> Generator[None]:
        """Watch the servers opened while the `with` lasts, under this name."""
        with surrounded(lambda app: _Watched(app, server, self)):
            yield

    def met(self, call: str) -> Fault:
        """Note a request; what is to become of it."""
        with self._lock:
            self.calls.append(call)
            blow = self.plan.get(call)
            return blow.next() if blow else RIGHT

    def done(self, call: str) -> None:
        """What was asked has had its effect. Only who asks for it knows."""

    def calm(self) -> None:
        """Let everything go right from now on, and forget what was asked."""
        with self._lock:
            self.plan.clear()
            self.calls.clear()

    def slow(self) -> bool:
        """Whether any request is to be answered late."""
        return any(blow.fault.seconds for blow in self.plan.values())

    def kinds(self) -> list[str]:
        """Every kind of request so far, each once, in alphabetical order."""
        return sorted(set(self.calls))


class _Watched:
    def __init__(self, app: ASGIApp, server: str, wire: Wire) -> None:
        self._app = app
        self._server = server
        self._wire = wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        fault = self._wire.met(f"{self._server}: {kind_of(scope, body)}")
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await Faulty(self._app, Faults(always=fault))(scope, again, send)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def kind_of(scope: Scope, body: bytes) -> str:
    """What kind of request this is: the same for every account, day, document and token."""
    segments = [_segment(part) for part in str(scope["path"]).strip("/").split("/")]
    query = str(scope.get("query_string", b""), "latin-1")
    flags = "?" + query if query and "=" not in query else ""
    operation = _operation(dict(scope["headers"]), body)
    return f"{scope['method']} /{'/'.join(segments)}{flags}" + (f" {operation}" if operation else "")


def _segment(part: str) -> str:
    name, dot, ending = part.partition(".")
    if re.fullmatch(r"v\d+(\.\d+)?", part):
        return part
    return "…" + dot + ending if re.search(r"\d", name) else part


def _operation(headers: dict[bytes, bytes], body: bytes) -> str:
    if headers.get(b"content-encoding") == b"gzip":
        body = gzip.decompress(body)
    if body.lstrip().startswith(b"<"):
        return _element(body)
    if body.startswith(b"{"):
        query = str(json.loads(body).get("query", ""))
        return " ".join(query.replace("(", " ").split()[:2])
    grant = re.search(rb"grant_type=(\w+)", body)
    return grant[1].decode() if grant else ""


def _element(body: bytes) -> str:
    """The operation of a SOAP envelope, or what a pack for mServer asks for."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    name = etree.QName(root).localname
    if name == "Envelope":
        return etree.QName(root[-1][0]).localname
    item = root[0]
    if str(item.get("id")).startswith("PROBE"):
        return "probe"
    return {"order": "update", "invoice": "update"}.get(
        etree.QName(item[0]).localname, etree.QName(item[0]).localname
    )
