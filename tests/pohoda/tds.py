"""
As much of a SQL Server as a driver meets on the wire: TDS 7.4 with its encryption, logins, errors and typed rows.

It runs no SQL; each statement is answered with the rows that it was given for it. So real drivers can be met with
what a real server says to them, where no server can be had (MS-TDS 2.2; pohoda-sql.md 13.2).
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import struct
import threading
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BATCH, RPC, REPLY, LOGIN, PRELOGIN = 1, 3, 4, 16, 18
OFF, ON, NOT_SUPPORTED = 0, 1, 2
CZECH = struct.pack("<IB", 0x0405 | 0x00D0_0000, 0)
"""Czech_CI_AS: its language, what comparing ignores, and no sort order of its own. Its code page is 1250."""

Rows = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""The kinds of the columns (int, money, bit, datetime or varchar) and the rows; an empty value is None."""


@dataclass
class Server:
    """What the server does. Its fields may be changed while it runs."""

    encryption: int = ON
    tls: ssl.SSLContext | None = None
    refuses: Sequence[tuple[int, str]] = ()
    """The errors with which it answers a login, each a number and a text."""
    cuts_after: int = 0
    """The kind of message after which it closes the connection without a word."""
    answers: dict[str, Rows] = field(default_factory=dict)
    """Rows by the statement's beginning; any other statement has none."""
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Errors by the statement's beginning."""
    heard: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def listening(server: Server, address: str = "127.0.0.1") -> Generator[Server]:
    """The server on a free port of its own, as long as the `with` lasts."""
    with socket.create_server((address, 0)) as listener:
        server.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):  # closed from outside, which is how it ends
                while True:
                    caller, _ = listener.accept()
                    threading.Thread(target=_served, args=(server, caller), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def browsing(address: str, instance: str, port: int) -> Generator[None]:
    """SQL Server Browser, which tells the port of a named instance to whoever asks."""
    told = f"ServerName;SERVER;InstanceName;{instance};IsClustered;No;Version;15.0.2000.5;tcp;{port};;"
    answer = struct.pack("<BH", 5, len(told)) + told.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as browser:
        browser.bind((address, 1434))

        def answered() -> None:
            with suppress(OSError):
                while True:
                    asked, caller = browser.recvfrom(1024)
                    if instance.encode().lower() in asked.lower():
                        browser.sendto(answer, caller)

        threading.Thread(target=answered, daemon=True).start()
        yield


def _served(server: Server, caller: socket.socket) -> None:
    with closing(caller), suppress(OSError, EOFError):
        _Session(server, _Wire(caller)).run()


class _Wire:
    """TDS messages on a socket, in the clear or within TLS."""

    def __init__(self, caller: socket.socket) -> None:
        self._caller = caller
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._secured: ssl.SSLObject | None = None

    def message(self) -> tuple[int, bytes]:
        """The kind and the body of the next message, however many packets it came in."""
        body, last = b"", False
        kind = 0
        while not last:
            kind, status, length = struct.unpack(">BBH4x", self._read(8))
            body += self._read(length - 8)
            last = bool(status & 1)
        return kind, body

    def send(self, body: bytes, kind: int = REPLY) -> None:
        step = 4088
        for start in range(0, len(body), step):
            part = body[start : start + step]
            last = start + step >= len(body)
            self._write(struct.pack(">BBHHBB", kind, int(last), len(part) + 8, 0, 1, 0) + part)

    def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands, the parts of which travel within messages of their own kind."""
        secured = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        done = False
        while not done:
            try:
                secured.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                self._flush_within_messages()
                self._incoming.write(self.message()[1])
        self._flush_within_messages()
        self._secured = secured

    def unsecure(self) -> None:
        """From now on in the clear: only the login was to be hidden."""
        self._secured = None

    def _flush_within_messages(self) -> None:
        if said := self._outgoing.read():
            self.send(said, PRELOGIN)

    def _read(self, length: int) -> bytes:
        found = b""
        while len(found) < length:
            part = self._some(length - len(found))
            if not part:
                raise EOFError
            found += part
        return found

    def _some(self, length: int) -> bytes:
        if self._secured is None:
            return self._caller.recv(length)
        while True:
            try:
                return self._secured.read(length)
            except ssl.SSLWantReadError:
                came = self._caller.recv(8192)
                if not came:
                    return b""
                self._incoming.write(came)

    def _write(self, body: bytes) -> None:
        if self._secured is None:
            self._caller.sendall(body)
            return
        self._secured.write(body)
        self._caller.sendall(self._outgoing.read())


class _Session:
    """One connection from its first message to its last."""

    def __init__(self, server: Server, wire: _Wire) -> None:
        self._server, self._wire = server, wire

    def run(self) -> None:
        _, asked = self._wire.message()
        wanted = _option(asked, 1)[0]
        agreed = self._agreed(wanted)
        self._wire.send(_prelogin(agreed))
        if self._server.cuts_after == PRELOGIN:
            return
        if self._server.tls and agreed != NOT_SUPPORTED:
            self._wire.secure(self._server.tls)
        self._wire.message()
        if agreed == OFF:
            self._wire.unsecure()
        if self._server.cuts_after == LOGIN:
            return
        if self._server.refuses:
            self._wire.send(b"".join(_error(*each) for each in self._server.refuses) + _done(failed=True))
            return
        self._wire.send(_LOGGED_IN + _done())
        while True:
            kind, body = self._wire.message()
            self._wire.send(self._answer(kind, body))

    def _agreed(self, wanted: int) -> int:
        if self._server.encryption == NOT_SUPPORTED or wanted == NOT_SUPPORTED:
            return NOT_SUPPORTED
        return ON if ON in (wanted, self._server.encryption) else OFF

    def _answer(self, kind: int, body: bytes) -> bytes:
        text = body.decode("utf-16-le", "ignore") if kind == BATCH else _within_call(body)
        begins = next((word for word in (*self._server.answers, *self._server.errors) if word in text), "")
        self._server.heard.append(text)
        if begins in self._server.errors:
            return _error(*self._server.errors[begins]) + _done(failed=True)
        if not begins:
            return _done()
        kinds, rows = self._server.answers[begins]
        return _columns(kinds) + b"".join(_row(kinds, row) for row in rows) + _done(len(rows))


def _within_call(body: bytes) -> str:
    """A remote call's texts, whichever way they are aligned; its numbers come out as signs that nobody wrote."""
    return body.decode("utf-16-le", "ignore") + body[1:].decode("utf-16-le", "ignore")


def _option(prelogin: bytes, wanted: int) -> bytes:
    place = 0
    while prelogin[place] != 0xFF:
        token, offset, length = struct.unpack_from(">BHH", prelogin, place)
        if token == wanted:
            return prelogin[offset : offset + length]
        place += 5
    return b"\0"


def _prelogin(encryption: int) -> bytes:
    options = ((0, bytes((15, 0, 0x07, 0xD0, 0, 0))), (1, bytes((encryption,))), (2, b"\0"), (3, b""), (4, b"\0"))
    head, body = b"", b""
    for token, value in options:
        head += struct.pack(">BHH", token, 5 * len(options) + 1 + len(body), len(value))
        body += value
    return head + b"\xff" + body


def _short(text: str) -> bytes:
    return bytes((len(text),)) + text.encode("utf-16-le")


def _long(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def _error(number: int, text: str) -> bytes:
    body = struct.pack("<IBB", number, 1, 14) + _long(text) + _short("SERVER") + _short("") + struct.pack("<I", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body


def _done(rows: int | None = None, *, failed: bool = False) -> bytes:
    status = 2 if failed else 0 if rows is None else 0x10
    return struct.pack("<BHHQ", 0xFD, status, 0xC1 if rows is not None else 0, rows or 0)


def _changed(what: int, new: bytes) -> bytes:
    body = bytes((what,)) + new + b"\0"
    return b"\xe3" + struct.pack("<H", len(body)) + body


def _logged_in() -> bytes:
    body = b"\x01" + struct.pack(">I", 0x74000004) + _short("Microsoft SQL Server") + bytes((15, 0, 0x07, 0xD0))
    collation = _changed(7, bytes((5,)) + CZECH)
    size = _changed(4, _short("4096"))
    return collation + size + b"\xad" + struct.pack("<H", len(body)) + body


_LOGGED_IN = _logged_in()
_TYPES = {
    "int": b"\x26\x04",
    "bit": b"\x68\x01",
    "money": b"\x6e\x08",
    "datetime": b"\x6f\x08",
    "varchar": b"\xa7" + struct.pack("<H", 250) + CZECH,
}
_NULLABLE = 1


def _columns(kinds: Sequence[str]) -> bytes:
    described = (struct.pack("<IH", 0, _NULLABLE) + _TYPES[kind] + _short("") for kind in kinds)
    return b"\x81" + struct.pack("<H", len(kinds)) + b"".join(described)


def _row(kinds: Sequence[str], row: Sequence[Any]) -> bytes:
    return b"\xd1" + b"".join(_value(kind, value) for kind, value in zip(kinds, row, strict=True))


def _value(kind: str, value: Any) -> bytes:
    if value is None:
        return b"\xff\xff" if kind == "varchar" else b"\0"
    if kind == "varchar":
        text = str(value).encode("cp1250")
        return struct.pack("<H", len(text)) + text
    body = _fixed(kind, value)
    return bytes((len(body),)) + body


def _fixed(kind: str, value: Any) -> bytes:
    match kind:
        case "int":
            return struct.pack("<i", value)
        case "bit":
            return bytes((int(value),))
        case "money":
            high, low = divmod(int(Decimal(value) * 10_000), 2**32)
            return struct.pack("<iI", high, low)
        case _:
            since = value - dt.datetime(1900, 1, 1)  # noqa: DTZ001 - as SQL Server keeps it, without a zone
            return struct.pack("<iI", since.days, since.seconds * 300)
