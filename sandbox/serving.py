"""Real servers on loopback, each in a thread of its own, for as long as a `with` lasts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

STARTING_SECONDS = 120.0
ANSWERING_SECONDS = 1.0
"""How long answers on their way may take when their server ends."""
Around = Callable[[ASGIApp], ASGIApp]
_around: ContextVar[Around | None] = ContextVar("around", default=None)


class Server(uvicorn.Server):
    """Ends as soon as it is told to and the answers on their way are out.

    uvicorn itself sleeps in tenths of a second, and waits for connections that nobody uses any more.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Tell it to end, from any thread, whether it has started or not."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop is closed: it has ended by itself
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for door in [*self.servers, *(sockets or [])]:
            door.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=ANSWERING_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@contextmanager
def surrounded(around: Around) -> Generator[None]:
    """Let every server that is opened while the `with` lasts serve what `around` makes of its app."""
    token = _around.set(around)
    try:
        yield
    finally:
        _around.reset(token)


@contextmanager
def served(
    app: ASGIApp,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    client_authority: Path | None = None,
    protocol: type[asyncio.Protocol] | None = None,
) -> Generator[str]:
    """Serve the app on a free port of 127.0.0.1 and yield its address, without a trailing slash.

    With `certificate` and `key` it speaks TLS; with `client_authority` too it demands a client's certificate
    that this authority signed. `protocol` takes the place of uvicorn's own way of speaking HTTP.
    """
    if around := _around.get():
        app = around(app)
    # Without the protocol's name asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        app,
        http=protocol or "auto",
        log_level="critical",
        access_log=False,
        lifespan="off",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=str(client_authority) if client_authority else None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if client_authority else ssl.CERT_NONE,
    )
    server = Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + STARTING_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("a sandbox server did not start")
            time.sleep(0.01)
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        server.end()
        thread.join(timeout=10)
        listener.close()
