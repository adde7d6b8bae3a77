"""Faults that can be switched on at any sandbox server, in the order in which requests come."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong. The default is that it goes right."""

    status: int | None = None
    """Answer this status instead of doing anything."""
    body: bytes = b""
    """The body that goes with `status`."""
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    """Wait so long before anything else."""
    refused: bool = False
    """Close the connection without an answer and without any effect."""
    lost: bool = False
    """Do what was asked, then close the connection without an answer."""
    broken_off_after: int | None = None
    """Do what was asked, send so many bytes of the body, then close the connection."""
    rewrite: Callable[[bytes], bytes] | None = None
    """Do what was asked and answer with the body changed so (malformed, truncated, with markup …)."""


RIGHT = Fault()
REFUSED = Fault(refused=True)
LOST = Fault(lost=True)
BROKEN_OFF = Fault(broken_off_after=20)
TRUNCATED = Fault(rewrite=lambda body: body[: len(body) // 2])
GARBAGE = Fault(rewrite=lambda body: b"\x00\xff<html>not what was asked</html>")
UNAVAILABLE = Fault(status=503, body=b"<html>Service Unavailable</html>", content_type="text/html")
THROTTLED = Fault(status=429, headers=(("retry-after", "1"),))
SERVER_ERROR = Fault(status=500)


@dataclass
class Faults:
    """The plan of one server: `plan` is used up request by request, then `always` applies to each."""

    plan: deque[Fault] = field(default_factory=deque)
    always: Fault = RIGHT
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Fault:
        with self._lock:
            return self.plan.popleft() if self.plan else self.always

    def then(self, *faults: Fault) -> None:
        """Add these to the plan, for the next requests in this order."""
        with self._lock:
            self.plan.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self.plan.clear()
            self.always = RIGHT


class Faulty:
    """An ASGI app around another one that lets `faults` have their way."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        fault = self._faults.next()
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.refused:
            return await _hang_up(receive, send)
        if fault.status is not None:
            return await _answer(send, fault.status, fault.body, fault.content_type, fault.headers)
        if fault is RIGHT or not (fault.lost or fault.rewrite or fault.broken_off_after is not None):
            return await self._app(scope, receive, send)
        start, body = await self._done(scope, receive)
        if fault.lost:
            return await _hang_up(receive, send)
        if fault.rewrite is not None:
            body = fault.rewrite(body)
        headers = [(k, v) for k, v in start.get("headers", []) if k.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        if fault.broken_off_after is not None:
            await send({"type": "http.response.body", "body": body[: fault.broken_off_after], "more_body": True})
            raise ConnectionAbortedError("broken off on purpose")
        await send({"type": "http.response.body", "body": body})

    async def _done(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start, bytes(body)


async def _hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without a byte; ASGI has no word for that, and raising would answer 500."""
    send.__self__.transport.abort()  # pyright: ignore[reportFunctionMemberAccess]
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(
    send: Send, status: int, body: bytes, content_type: str, headers: tuple[tuple[str, str], ...]
) -> None:
    listed = [("content-type", content_type), ("content-length", str(len(body))), *headers]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(k.encode(), v.encode()) for k, v in listed],
        }
    )
    await send({"type": "http.response.body", "body": body})
