"""Every test of the ledger runs on SQLite, and on PostgreSQL as well where the environment names a server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tasks.ledger import Ledger

SERVER = "LEDGER_TEST_POSTGRESQL"
"""Names a PostgreSQL server, as postgresql+psycopg://user@server/postgres, whose user may create databases."""


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that is empty and all ours."""
    if request.param == "sqlite":
        yield f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}"
        return
    if SERVER not in os.environ:
        pytest.skip(f"no PostgreSQL server is named in {SERVER}")
    server = create_engine(os.environ[SERVER], isolation_level="AUTOCOMMIT")
    name = f"ledger_{uuid.uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(os.environ[SERVER]).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def ledger(address: str) -> Iterator[Ledger]:
    with Ledger.open(address) as opened:
        yield opened
