"""Every way in which something asked of somebody else can fail."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx

from sandbox.faults import BROKEN_OFF, GARBAGE, LOST, REFUSED, SERVER_ERROR, Fault
from tests.faults.drivers import DISK, FULL, GONE, LOCKED

PATIENCE = 0.3
"""How long an answer may take here, in place of the product's own minutes."""

HTTP = {
    "refused": REFUSED,
    "slow beyond the time-out": Fault(seconds=4 * PATIENCE),
    "broken off": BROKEN_OFF,
    "malformed": GARBAGE,
    "throttled": Fault(status=429),
    "server error": SERVER_ERROR,
    "answer lost": LOST,
}
"""Of a request. All but the refused, the throttled and the server's error have had their effect."""

DATABASE = {
    "refused": Fault(status=GONE),
    "locked beyond the time-out": Fault(status=LOCKED),
    "broken off": Fault(broken_off_after=0),
    "fails": Fault(status=DISK),
}
"""Of a statement to Pohoda's database."""

COMMIT = {"fails": Fault(status=DISK), "answer lost": Fault(status=DISK, lost=True)}

READING = {"locked beyond the time-out": Fault(status=LOCKED), "fails": Fault(status=DISK)}
WRITING = {**READING, "disk full": Fault(status=FULL)}
"""Of a statement to the ledger."""


def ways_of(kind: str) -> dict[str, Fault]:
    """The ways in which a request of this kind can fail, by their names."""
    if kind.startswith("Pohoda: "):
        return COMMIT if kind.endswith("COMMIT") else DATABASE
    if kind.startswith("ledger: COMMIT"):
        return COMMIT | {"disk full": Fault(status=FULL)}
    if kind.startswith("ledger: "):
        return READING if kind.startswith("ledger: SELECT") else WRITING
    return HTTP


@contextmanager
def in_a_hurry() -> Generator[None]:
    """Wait for no answer longer than `PATIENCE`, except for Prefect's."""
    real = httpx.HTTPTransport.handle_request
    prefect = os.environ.get("PREFECT_API_URL", "")

    def quick(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if not str(request.url).startswith(prefect or "nowhere"):
            timeout: dict[str, Any] = request.extensions.get("timeout", {})
            request.extensions["timeout"] = {**timeout, "read": PATIENCE}
        return real(transport, request)

    with patch.object(httpx.HTTPTransport, "handle_request", quick):
        yield
