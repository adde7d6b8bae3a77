"""A unit in memory with an mServer on loopback in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.mserver import SandboxMServer, open_mserver
from tasks.mserver.client import MServerClient
from tests.mserver.firm import ICO, Memory, MemoryUnit, settings_of


@pytest.fixture
def firm() -> MemoryUnit:
    return MemoryUnit()


@pytest.fixture
def mserver(firm: MemoryUnit) -> Iterator[SandboxMServer]:
    """A release with the published schema: it refuses updates unless a test switches them on."""
    with open_mserver(firm) as opened:
        yield opened


@pytest.fixture
def client(mserver: SandboxMServer) -> MServerClient:
    return MServerClient(settings_of(mserver), ICO, read_seconds=2, quick_seconds=2)


@pytest.fixture
def memory() -> Memory:
    return Memory()
