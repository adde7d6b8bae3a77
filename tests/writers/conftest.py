"""A small unit in the sandbox's Pohoda, and what a test needs to write to it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from blocks.pohoda import PohodaUnit
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Paper, World
from tasks.pohoda.sqlite import WAY, catalogue_beside, way

TODAY = dt.date(2026, 6, 30)
PAPERS = (
    Paper("issued_invoice", 11, "260100001", 150050, TODAY, variable_symbol="260100001"),
    Paper("issued_invoice", 12, "260100002", 20000, TODAY, variable_symbol="260100002"),
    Paper("advance_invoice", 13, "26ZF00001", 50000, TODAY, variable_symbol="26001"),
    Paper("advance_invoice", 14, "26ZF00002", 50000, TODAY, currency="EUR", variable_symbol="26002"),
    Paper("received_order", 11, "26OP00001", 150050, TODAY),
)

Sql = Callable[..., None]


@pytest.fixture(params=["odbc", "python"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the database, one after the other."""
    if request.param == "odbc" and way() != "odbc":
        pytest.skip("no ODBC driver manager with the SQLite driver on this computer")
    monkeypatch.setenv(WAY, request.param)
    return str(request.param)


@pytest.fixture
def pohoda(tmp_path: Path) -> SandboxPohoda:
    return SandboxPohoda.build(World(1, TODAY, PAPERS, ()), tmp_path)


@pytest.fixture
def unit(pohoda: SandboxPohoda) -> PohodaUnit:
    return pohoda.unit("http://127.0.0.1:444", "sqlite://").model_copy(update={"writer": "sql"})


@pytest.fixture
def sql(pohoda: SandboxPohoda) -> Sql:
    """Change what stands in the sandbox's database, past everything."""
    return lambda statement, *parameters: _execute(pohoda.path, statement, *parameters)


@pytest.fixture
def grant(pohoda: SandboxPohoda) -> Callable[[str, str, str], None]:
    """Give the sandbox's login one more right: general, table or column; where; which."""
    catalogue = catalogue_beside(pohoda.path)
    return lambda *right: _execute(catalogue, "INSERT INTO LOGIN_RIGHTS VALUES (?, ?, ?)", *right)


@pytest.fixture
def revoke(pohoda: SandboxPohoda) -> Callable[[str, str], None]:
    """Take the right to a column of a table away from the sandbox's login."""
    catalogue = catalogue_beside(pohoda.path)
    return lambda *right: _execute(catalogue, "DELETE FROM LOGIN_RIGHTS WHERE NAME = ? AND PLACE = ?", *right)


def _execute(file: Path, statement: str, *parameters: object) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, parameters)
