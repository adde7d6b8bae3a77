"""A PostgreSQL server of the tests' own, or the one that the environment names."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text

from sandbox.services import free_port

NAMED = "LEDGER_TEST_POSTGRESQL"
"""Names a PostgreSQL server, as postgresql+psycopg://user@server/postgres, whose user may create databases."""
LEFT_OUT = f"PostgreSQL is not installed, and no server is named in {NAMED}"
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What a server may do without whose data nobody needs after a power cut."""


@dataclass(frozen=True)
class Postgresql:
    """A running server, reached as a user who may make databases."""

    url: URL

    @contextmanager
    def database(self) -> Generator[URL]:
        """A new, empty database for as long as the `with` lasts; the address names the driver psycopg."""
        name = f"tests_{uuid.uuid4().hex}"
        self._command(f"CREATE DATABASE {name}")
        try:
            yield self.url.set(database=name)
        finally:
            self._command(f"DROP DATABASE {name} WITH (FORCE)")

    def _command(self, sql: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()


def programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max(debian, key=lambda file: int(file.parts[-3]), default=None) or shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def postgresql(*settings: str) -> Generator[Postgresql | None]:
    """A server with these settings ("name=value") for as long as the `with` lasts; None where there is none.

    One that the environment names is taken as it is.
    """
    if NAMED in os.environ:
        yield Postgresql(make_url(os.environ[NAMED]))
    elif (home := programs()) is None:
        yield None
    else:
        with _started(home, settings) as url:
            yield Postgresql(url)


@contextmanager
def _started(home: Path, settings: tuple[str, ...]) -> Generator[URL]:
    """Not among pytest's folders, which only this user may enter: as root the server runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="postgresql-", ignore_cleanup_errors=True) as made:
        folder, port, password = Path(made), free_port(), secrets.token_hex()
        (folder / "password").write_text(password, encoding="ascii")
        for path in (folder, folder / "password"):
            _give(path)
        data = ["-D", str(folder / "data")]
        chosen = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", *settings)
        options = " ".join(f"-c {setting}" for setting in chosen)
        login = ["-U", "tests", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        _run(home / "initdb", *data, *login, "--encoding=UTF8", "--no-locale", "--no-sync")
        _run(home / "pg_ctl", *data, "-w", "-t", "300", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield URL.create("postgresql+psycopg", "tests", password, "127.0.0.1", port, "postgres")
        finally:
            _run(home / "pg_ctl", *data, "-w", "-m", "immediate", "stop")


def _run(*command: str | Path) -> None:
    """Run one of the server's programs; as root they refuse to work, so they run as Debian's user for them."""
    other: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if _as_root() else {}
    # The server inherits the outputs and keeps them open, so they are no pipe whose end would be waited for.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", **other)
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[0]} failed:\n{said.read().decode(errors='replace')}")


def _give(path: Path) -> None:
    if _as_root():
        shutil.chown(path, "postgres", "postgres")


def _as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
