"""Waiting at the door of this computer for the owner's browser to come back from the bank."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from blocks.ceska_sporitelna import LOOPBACK
from tasks.errors import SettingError
from tasks.providers.ceska_sporitelna.consent import Request

LOOK_SECONDS = 0.5
THANKS = "Banka odpověděla. Toto okno můžete zavřít a vrátit se k příkazu."
NOT_OURS = "Tato stránka k probíhajícímu udělení souhlasu nepatří."


def comes_back_here(request: Request) -> bool:
    """Whether the bank sends the browser back to this computer, where it can be waited for."""
    target = urlsplit(request.holder.redirect_uri)
    return target.scheme == "http" and target.hostname in LOOPBACK


def answer_from_browser(request: Request, opened: Callable[[str], object], seconds: float) -> str:
    """Path and query with which the browser came back after `opened` sent it to the bank.

    Whatever else knocks meanwhile, without the state of this request, is sent away and changes nothing. Raises
    SettingError when nobody came in time, or when the port is taken.
    """
    found: list[str] = []

    class Door(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            ours = request.is_answered_by(self.path)
            body = f"<!doctype html><meta charset=utf-8><p>{THANKS if ours else NOT_OURS}".encode()
            self.send_response(200 if ours else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)
            if ours:
                found.append(self.path)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the address carries the code."""

    port = urlsplit(request.holder.redirect_uri).port or 80
    try:
        door = ThreadingHTTPServer(("127.0.0.1", port), Door)
    except OSError as error:
        raise SettingError(
            "The browser has nowhere to come back to on this computer",
            evidence=f"port {port}: {type(error).__name__}",
            next_step="end the program that uses the port, or change redirect_uri in the block and in the portal",
        ) from None
    with door:
        door.timeout = LOOK_SECONDS
        opened(request.address())
        until = time.monotonic() + seconds
        while not found and time.monotonic() < until:
            door.handle_request()
    if not found:
        raise SettingError(
            "Nobody confirmed the consent in the browser in time",
            evidence=f"waited {seconds:.0f} s",
            next_step="run the command again",
        )
    return found[0]
