"""Those who receive messages: a mail server with TLS and login, and a webhook's other end, both on loopback."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, TypeVar

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.services import free_port
from sandbox.serving import served

T = TypeVar("T")
LOGIN, PASSWORD = "platby@firma.cz", "p&s/s@w:?#%rd +x"
HOOK_PATH = "/services/T0KEN/tajna-adresa"
PATIENCE_SECONDS = 240.0


@dataclass
class Mailbox:
    """A mail server that takes messages over STARTTLS from one login, and everything it took."""

    port: int
    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list[tuple[list[str], EmailMessage]])

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append((list(map(str, envelope.rcpt_tos)), message))
        return "250 OK"

    def about(self, words: str) -> list[tuple[list[str], EmailMessage]]:
        return [(to, message) for to, message in self.taken if words in str(message["Subject"])]


@dataclass
class Hook:
    """The other end of a webhook, and the bodies that came to it."""

    address: str = ""
    taken: list[Any] = field(default_factory=list[Any])
    status: int = 200

    async def take(self, request: Request) -> Response:
        self.taken.append(json.loads(await request.body()))
        return Response("ok", status_code=self.status)

    def about(self, code: str) -> list[Any]:
        return [body for body in self.taken if body.get("code") == code]


def _authenticated(
    _server: object, _session: object, _envelope: object, _mechanism: str, data: Any
) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (LOGIN.encode(), PASSWORD.encode())
    return AuthResult(success=right)


@contextmanager
def mailbox(authority: trustme.CA) -> Generator[Mailbox]:
    """A mail server at `localhost` with a certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    box = Mailbox(free_port())
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=box.port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=_authenticated,
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def hook() -> Generator[Hook]:
    """The other end of a webhook on loopback."""
    end = Hook()
    with served(Starlette(routes=[Route(HOOK_PATH, end.take, methods=["POST"])])) as address:
        end.address = address + HOOK_PATH
        yield end


def eventually(look: Callable[[], T]) -> T:
    """What the look finds, as soon as it finds anything."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError("nothing came")
        time.sleep(0.2)
    return found


def trusted(authority: trustme.CA, folder: Path) -> Path:
    """A file by which a process trusts this authority."""
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file
