"""Every statement that reading can send is valid T-SQL, only reads, and keeps to what SQLite understands too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import expressions as e

from sandbox.firm import firm
from sandbox.pohoda import SandboxPohoda
from tasks.pohoda import catalogue, connection, sqlserver
from tasks.pohoda.catalogue import Fields
from tasks.pohoda.documents import read_documents, read_marks
from tasks.pohoda.notes import LENGTHS
from tasks.pohoda.statements import documents_statement, marks_statement, notes_statement
from tasks.tables import AGENDAS

pytestmark = pytest.mark.no_cover

TODAY = dt.date(2026, 6, 30)
FIELDS = (
    Fields(),
    Fields(settled=True),
    Fields("VPrUhrazeno", "VPrPocetPlateb", "VPrUhrazVse", "PDoklad", "VPrPlatbaKlic"),
    Fields("Pozn2", "Pozn2", "Pozn2"),
    Fields("VPrUhrazeno", None, "Pozn"),
)
SELECTS = (
    catalogue.COLUMNS,
    catalogue.CONFIGURATION,
    catalogue.PERIOD,
    catalogue.VERSIONS,
    *(documents_statement(agenda, fields) for agenda, fields in product(AGENDAS, FIELDS)),
    *(marks_statement(agenda, fields, n) for agenda, fields, n in product(AGENDAS, FIELDS, (1, 500))),
    *(notes_statement(agenda, note, n) for agenda, note, n in product(AGENDAS, ("Pozn2", "Pozn"), (1, 100))),
    LENGTHS,
)


@pytest.mark.parametrize("statement", SELECTS, ids=lambda text: text[:40])
def test_every_statement_is_one_select_in_tsql(statement: str) -> None:
    parsed = sqlglot.parse(statement, dialect="tsql")
    assert len(parsed) == 1
    assert isinstance(parsed[0], e.Select)
    assert not list(parsed[0].find_all(e.Star))


@pytest.mark.parametrize("statement", SELECTS, ids=lambda text: text[:40])
def test_every_table_is_named_with_its_schema(statement: str) -> None:
    tables = list(sqlglot.parse_one(statement, dialect="tsql").find_all(e.Table))
    assert {table.db for table in tables} <= {"dbo", "INFORMATION_SCHEMA"}
    assert tables


@pytest.mark.parametrize("statement", SELECTS, ids=lambda text: text[:40])
def test_nothing_is_said_that_only_one_of_the_two_understands(statement: str) -> None:
    parsed = sqlglot.parse_one(statement, dialect="tsql")
    assert not list(parsed.find_all(e.Add, e.Limit, e.Lock, e.Anonymous))
    assert parsed.sql(dialect="tsql").upper().count("ISNULL(") == 0


def test_the_wait_for_locks_is_set_in_tsql() -> None:
    assert isinstance(sqlglot.parse_one(sqlserver.LOCK_TIMEOUT, dialect="tsql"), e.Set)


def test_reading_sends_no_other_statements_than_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def listening(read: Callable[..., Any]) -> Callable[..., Any]:
        def heard(opened: Any, sql: str, parameters: Any = ()) -> Any:
            sent.append(sql)
            return read(opened, sql, parameters)

        return heard

    for module, name in (("catalogue", "read_rows"), ("documents", "read_portions")):
        monkeypatch.setattr(f"tasks.pohoda.{module}.{name}", listening(getattr(connection, name)))
    pohoda = SandboxPohoda.build(firm(seed=1, today=TODAY), tmp_path)
    unit = pohoda.unit("http://127.0.0.1:444", "sqlite://")
    read_documents(unit, TODAY)
    read_marks(unit, "issued_invoice", range(501))
    fields = Fields("VPrUhrazeno", "VPrPocetPlateb", "VPrUhrazVse", None, "VPrPlatbaKlic")
    known = {*SELECTS, *(documents_statement(agenda, fields) for agenda in AGENDAS)}
    known |= {marks_statement("issued_invoice", fields, n) for n in (1, 500)}
    assert len(sent) == 9
    assert set(sent) <= known
