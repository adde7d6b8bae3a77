"""One open door for many sandbox servers, since opening and closing a real one takes longer than most tests."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.serving import served


class Door:
    """Leads to whichever server stands behind it now."""

    def __init__(self) -> None:
        self.address = ""
        self.behind: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.behind is not None
        await self.behind(scope, receive, send)


@contextmanager
def open_door() -> Generator[Door]:
    """A door on a real socket, for as long as a `with` lasts."""
    door = Door()
    with served(door) as door.address:
        yield door
