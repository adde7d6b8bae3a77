"""Every test of the ledger runs on SQLite, and on PostgreSQL as well where there is a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.ledger import Ledger
from tests.postgresql import Postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that is empty and all ours."""
    if request.param == "sqlite":
        yield f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}"
        return
    server: Postgresql = request.getfixturevalue("postgresql")
    with server.database() as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def ledger(address: str) -> Iterator[Ledger]:
    with Ledger.open(address) as opened:
        yield opened
