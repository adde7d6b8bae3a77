"""
A run in a process of its own. It can be made to stop at any call, there to be killed or let go on.

The servers that it asks stay in the parent's process, so that what they have done survives; so do the files.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from sandbox.demo import PROVIDERS
from sandbox.faults import RIGHT, Fault
from tests.faults.drivers import watched_databases
from tests.faults.stage import Stage, flow_of, impatient
from tests.faults.wire import Wire, kind_of

LONGEST_SECONDS = 240
FLOWS = {provider: flow_of(provider) for provider in PROVIDERS}
FORKS = "forkserver" in multiprocessing.get_all_start_methods()
CONTEXT = multiprocessing.get_context("forkserver") if FORKS else multiprocessing.get_context("spawn")
if FORKS:  # from a process that has imported everything; Windows imports it anew each time
    CONTEXT.set_forkserver_preload(["tests.faults.child", "tasks.ledger.migrating"])


@dataclass(frozen=True)
class Point:
    """A place in a run: before, or right after, the n-th call of a kind."""

    kind: str
    nth: int = 1
    after: bool = False


@dataclass
class Child:
    """A run in a process of its own, and the line to it."""

    process: BaseProcess
    line: Connection

    def reached(self) -> bool:
        """Whether it stands at its point now; False when it ended without coming there."""
        return self._told() == "here"

    def go_on(self) -> None:
        """Let it go on from its point."""
        self.line.send("go on")

    def kill(self) -> None:
        """End it where it is, with no chance to clear up."""
        self.process.kill()
        self.process.join()

    def ended(self) -> tuple[str, str, list[str]]:
        """The type and message of its final state, and all that it asked for, once it has ended."""
        told = self._told()
        self.process.join()
        if not isinstance(told, tuple):
            raise RuntimeError(f"a run said {told!r} instead of ending; exit code {self.process.exitcode}")
        return told

    def _told(self) -> Any:
        if not self.line.poll(LONGEST_SECONDS):
            raise RuntimeError("a run in a process of its own says nothing")
        try:
            return self.line.recv()
        except EOFError:
            return None


@contextmanager
def started(stage: Stage, provider: str, point: Point | None = None) -> Generator[Child]:
    """A run of this provider's flow on the stage, in a process that is gone when the `with` ends."""
    ours, theirs = CONTEXT.Pipe()
    port = httpx.URL(stage.mserver.address).port
    asked = (provider, stage.account(provider), stage.unit, str(stage.folder), port, point)
    process = CONTEXT.Process(target=run, args=(PREFECT_API_URL.value(), *asked, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Child(process, ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def run(
    api: str,
    provider: str,
    account: str,
    unit: str,
    folder: str,
    mserver_port: int,
    point: Point | None,
    line: Connection,
) -> None:
    """What the process does."""
    wire = Announcing(point, line)
    quiet: dict[Any, Any] = {
        PREFECT_API_URL: api,
        PREFECT_CLIENT_MAX_RETRIES: 2,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with ExitStack() as changes:
        changes.enter_context(temporary_settings(quiet))
        changes.enter_context(watched_databases(wire))
        changes.enter_context(watched_requests(wire, {mserver_port: "mServer"}, provider, api))
        changes.enter_context(impatient())
        watch_files(wire, Path(folder))
        state = FLOWS[provider](account=account, unit=unit, return_state=True)
    line.send((state.type.value, str(state.message), wire.calls))


class Announcing(Wire):
    """A wire on which everything goes right, and that says when the point is reached, and waits there."""

    def __init__(self, point: Point | None, line: Connection) -> None:
        super().__init__()
        self._point = point
        self._line = line
        self._counts: Counter[Point] = Counter()

    def met(self, call: str) -> Fault:
        self.calls.append(call)
        self._at(Point(call))
        return RIGHT

    def done(self, call: str) -> None:
        self._at(Point(call, after=True))

    def _at(self, place: Point) -> None:
        with self._lock:
            self._counts[place] += 1
            here = Point(place.kind, self._counts[place], place.after)
        if here == self._point:
            self._line.send("here")
            self._line.recv()


@contextmanager
def watched_requests(wire: Wire, servers: dict[int, str], others: str, prefect: str) -> Generator[None]:
    """Let the wire know of every request over the network but Prefect's, by the server at its port."""
    real = httpx.HTTPTransport.handle_request

    def watched(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(prefect):
            return real(transport, request)
        path, _, query = request.url.raw_path.partition(b"?")
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        scope = {"method": request.method, "path": path.decode(), "query_string": query, "headers": headers}
        call = f"{servers.get(request.url.port or 0, others)}: {kind_of(scope, request.read())}"
        wire.met(call)
        answer = real(transport, request)
        wire.done(call)
        return answer

    with patch.object(httpx.HTTPTransport, "handle_request", watched):
        yield


def watch_files(wire: Wire, folder: Path) -> None:
    """Let the wire know before a file in the folder is written, moved or deleted, until the process ends."""
    done = {"os.rename": "move", "os.remove": "delete", "os.mkdir": "make folder"}

    def noted(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            what = "write" if writes and isinstance(arguments[0], str | Path) else ""
        else:
            what = done.get(event, "")
        path = Path(os.fsdecode(arguments[0])) if what else folder
        if folder in path.parents:
            wire.met(f"file: {what} {re.sub('[0-9a-f]*[0-9][0-9a-f-]*', '…', path.name)}")

    sys.addaudithook(noted)
