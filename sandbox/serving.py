"""Real servers on loopback, each in a thread of its own, for as long as a `with` lasts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

STARTING_SECONDS = 20.0
Around = Callable[[ASGIApp], ASGIApp]
_around: ContextVar[Around | None] = ContextVar("around", default=None)


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
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
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
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
