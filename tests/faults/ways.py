"""Every way in which something asked of somebody else can fail."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx
from prefect.settings import PREFECT_API_URL

from sandbox.csob_envelopes import failure
from sandbox.faults import BROKEN_OFF, GARBAGE, LOST, REFUSED, SERVER_ERROR, Fault
from tests.faults.drivers import DISK, FULL, GONE, LOCKED
from tests.faults.wire import Wire

PATIENCE = 0.4
"""How long an answer may take here, in place of the product's own minutes."""

HTTP = {
    "refused": REFUSED,
    "slow beyond the time-out": Fault(seconds=3 * PATIENCE),
    "broken off": BROKEN_OFF,
    "malformed": GARBAGE,
    "throttled": Fault(status=429),
    "server error": SERVER_ERROR,
    "answer lost": LOST,
}
"""Of a request. All but the refused, the throttled and the server's error have had their effect."""

THROTTLING = {
    "csob: POST": Fault(500, bytes(failure("1101", "too many calls").body), "text/xml"),
    "fio: ": Fault(409),
}
"""How those say that they were asked too often who do not say it with 429."""

DATABASE = {
    "refused": Fault(status=GONE),
    "locked beyond the time-out": Fault(status=LOCKED),
    "fails": Fault(status=DISK),
}
"""Of a connection or a statement to Pohoda's database."""
QUESTION = {**DATABASE, "broken off": Fault(broken_off_after=0)}
"""Of a statement that is answered with rows, or with messages while it goes on."""
ANSWERED = ("Pohoda: SELECT", "Pohoda: BACKUP", "Pohoda: RESTORE")

COMMIT = {"fails": Fault(status=DISK), "answer lost": Fault(status=DISK, lost=True)}

READING = {"locked beyond the time-out": Fault(status=LOCKED), "fails": Fault(status=DISK)}
WRITING = {**READING, "disk full": Fault(status=FULL)}
"""Of a statement to the ledger."""


def ways_of(kind: str) -> dict[str, Fault]:
    """The ways in which a request of this kind can fail, by their names."""
    if kind.startswith("Pohoda: "):
        if kind.endswith("COMMIT"):
            return COMMIT
        return QUESTION if kind.startswith(ANSWERED) else DATABASE
    if kind.startswith("ledger: COMMIT"):
        return COMMIT | {"disk full": Fault(status=FULL)}
    if kind.startswith("ledger: "):
        return READING if kind.startswith("ledger: SELECT") else WRITING
    own = [fault for start, fault in THROTTLING.items() if kind.startswith(start)]
    return {**HTTP, "throttled": own[0]} if own else HTTP


@contextmanager
def in_a_hurry(wire: Wire) -> Generator[None]:
    """Wait no longer than `PATIENCE` for an answer while somebody is slow on purpose, except for Prefect's."""
    real = httpx.HTTPTransport.handle_request
    prefect = str(PREFECT_API_URL.value())

    def quick(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if wire.slow() and not str(request.url).startswith(prefect):
            timeout: dict[str, Any] = request.extensions.get("timeout", {})
            request.extensions["timeout"] = {**timeout, "read": PATIENCE}
        return real(transport, request)

    with patch.object(httpx.HTTPTransport, "handle_request", quick):
        yield
