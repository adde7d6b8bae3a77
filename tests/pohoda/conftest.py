"""A small unit in the sandbox's Pohoda, read in both ways that lead to it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from blocks.pohoda import Database, PohodaUnit
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Paper, World
from tasks.pohoda.sqlite import WAY, way

TODAY = dt.date(2026, 6, 30)
PAPERS = (
    Paper("issued_invoice", 1, "260100001", 121_00, TODAY, variable_symbol="0260100001", customer=1),
    Paper("advance_invoice", 2, "260800001", 500_00, TODAY, currency="EUR", gateway_key="AB12-CD34-EF56"),
    Paper("issued_invoice", 3, "260100002", 99_90, TODAY, variable_symbol="26 010", cancelled=True),
    Paper("received_order", 1, "26OP00001", 121_00, TODAY, customer_number="2611000001", customer=2),
)

Sql = Callable[..., None]


@pytest.fixture(params=["odbc", "python"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to the database, one after the other."""
    if request.param == "odbc" and way() != "odbc":
        pytest.skip("no ODBC driver manager with the SQLite driver on this computer")
    monkeypatch.setenv(WAY, request.param)
    return request.param


@pytest.fixture
def pohoda(tmp_path: Path) -> SandboxPohoda:
    return SandboxPohoda.build(World(1, TODAY, PAPERS, ()), tmp_path)


@pytest.fixture
def unit(pohoda: SandboxPohoda) -> PohodaUnit:
    return pohoda.unit("http://127.0.0.1:444", "sqlite://")


@pytest.fixture
def sql(pohoda: SandboxPohoda) -> Sql:
    """Change what stands in the sandbox's database, past everything."""

    def execute(statement: str, *parameters: object) -> None:
        with closing(sqlite3.connect(pohoda.path)) as connection, connection:
            connection.execute(statement, parameters)

    return execute


@pytest.fixture
def server() -> Database:
    """Settings of a real SQL Server, which no test ever reaches."""
    return Database(
        server="SERVER\\POHODA", name="StwPh_12345678_2026", login="reader", password=SecretStr("p;w}d{1")
    )
