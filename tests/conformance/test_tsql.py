"""Every statement that the product can send to SQL Server is T-SQL by Microsoft's own parser, none forgotten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, combinations, product
from pathlib import Path

import pytest

from tasks.checking import backup as allowed
from tasks.checking import database as checking
from tasks.pohoda import backup, catalogue, fields, finding, marking, notes, rights, sqlserver, statements
from tasks.pohoda.backup import Planned
from tasks.tables import AGENDAS, MARKS
from tests.conformance.test_sql import SELECTS
from tests.tsql import VERSIONS, refused

PRODUCT = Path(__file__).parents[2]
PLANS = (
    Planned("StwPh_12345678_2026", "x.bak", "D:\\Zálohy\\x.bak"),
    Planned("a]; DROP DATABASE b --", "f", "D:\\it's ?\\f'; --.bak"),
)
NAMED = {"amount": "VPrUhrazeno", "count": "VPrPocetPlateb", "paid": "VPrUhrazVse"}


def subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    listed = list(names)
    return list(chain.from_iterable(combinations(listed, size) for size in range(len(listed) + 1)))


UPDATES = [
    marking.update_statement(agenda, {mark: NAMED[mark] for mark in written}, empty)
    for agenda in AGENDAS
    for written in subsets(MARKS)
    if written
    for empty in subsets(written)
]
SENT: Mapping[tuple[str, str], Iterable[str]] = {
    ("tasks/checking/backup.py", "ALLOWED"): [allowed.ALLOWED],
    ("tasks/checking/database.py", "SERVER"): [checking.SERVER],
    ("tasks/checking/database.py", "LOCKS"): [checking.LOCKS],
    ("tasks/pohoda/backup.py", "EDITION"): [backup.EDITION],
    ("tasks/pohoda/backup.py", "WAIT"): [backup.WAIT],
    ("tasks/pohoda/backup.py", "backup_statement"): [
        backup.backup_statement(plan, compress=compress) for plan, compress in product(PLANS, (True, False))
    ],
    ("tasks/pohoda/backup.py", "verify_statement"): [backup.verify_statement(plan) for plan in PLANS],
    ("tasks/pohoda/backup.py", "header_statement"): [backup.header_statement(plan) for plan in PLANS],
    ("tasks/pohoda/catalogue.py", "COLUMNS"): [catalogue.COLUMNS],
    ("tasks/pohoda/catalogue.py", "CONFIGURATION"): [catalogue.CONFIGURATION],
    ("tasks/pohoda/catalogue.py", "PERIOD"): [catalogue.PERIOD],
    ("tasks/pohoda/catalogue.py", "VERSIONS"): [catalogue.VERSIONS],
    ("tasks/pohoda/fields.py", "REGISTRY"): [fields.REGISTRY],
    ("tasks/pohoda/fields.py", "LABELS"): [fields.LABELS],
    ("tasks/pohoda/finding.py", "LISTED"): [finding.LISTED],
    ("tasks/pohoda/finding.py", "CONFIRMED"): [finding.CONFIRMED],
    ("tasks/pohoda/finding.py", "ON_SERVER"): [finding.ON_SERVER],
    ("tasks/pohoda/marking.py", "EDITED"): [marking.EDITED],
    ("tasks/pohoda/marking.py", "locked_statement"): [
        marking.locked_statement(agenda, n) for agenda, n in product(AGENDAS, (1, 100))
    ],
    ("tasks/pohoda/marking.py", "update_statement"): UPDATES,
    ("tasks/pohoda/notes.py", "LENGTHS"): [notes.LENGTHS],
    ("tasks/pohoda/rights.py", "_general"): [rights.RIGHTS],
    ("tasks/pohoda/rights.py", "_tables"): [rights.RIGHTS],
    ("tasks/pohoda/rights.py", "_select"): [rights.RIGHTS],
    ("tasks/pohoda/sqlserver.py", "LOCK_TIMEOUT"): [sqlserver.LOCK_TIMEOUT],
    ("tasks/pohoda/statements.py", "_select"): [
        *SELECTS,
        *(statements.marks_statement(agenda, catalogue.Fields(), 499) for agenda in AGENDAS),
    ],
}
"""Where words of SQL stand in the product, by file and their name there, and all statements that come of them."""
FOR_SQLITE = {("tasks/pohoda/rights.py", "SANDBOX_RIGHTS"), ("tasks/pohoda/sqlite.py", "opened")}
"""Statements that only the sandbox's database ever gets."""
NAMES_OF_RIGHTS = {
    ("tasks/pohoda/rights.py", name)
    for name in ("SERVER_PERMISSIONS", "DATABASE_PERMISSIONS", "TABLE_PERMISSIONS", "beyond")
}
OTHER_DATABASES = ("tasks/ledger/", "tasks/installing/")
"""The ledger's database is the product's own, and the set-up looks after Prefect's; neither is Pohoda's."""

SQL = re.compile(
    r"\(*(SELECT|UPDATE|INSERT|DELETE|MERGE|SET|EXEC|EXECUTE|BACKUP|RESTORE|USE|WITH|CREATE|ALTER|DROP|TRUNCATE|"
    r"GRANT|DECLARE|BEGIN|DBCC|KILL|WAITFOR|ATTACH)(\s[^:]|$)"
)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_sent_is_t_sql_in_every_version_of_sql_server(version: str) -> None:
    assert refused(chain.from_iterable(SENT.values()), version) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        "BACKUP DATABASE [a] TO DISK = N'b' WITH COPY_ONLI",
        "RESTORE VERIFYONLY DISK = N'b'",
        "SELECT d.ID FROM dbo.FA AS d LIMIT 5",
        "SELECT d.ID FROM dbo.FA AS d WHERE d.ID IN (?, )",
        "UPDATE dbo.FA SET [VPrX] = CAST(? AS money WHERE ID = ?",
    ],
)
def test_the_parser_finds_the_one_that_is_not_t_sql(wrong: str) -> None:
    assert list(refused(["SELECT 1", wrong, "SELECT 2"], "2025")) == [wrong]


def test_no_words_of_sql_stand_anywhere_else_in_the_product() -> None:
    # A new place goes into SENT with every statement that comes of it.
    assert set(words_of_sql()) == {*SENT, *FOR_SQLITE, *NAMES_OF_RIGHTS}


def words_of_sql() -> Iterator[tuple[str, str]]:
    """File and name of each constant or function that holds a text which begins as a statement does."""
    for file in chain.from_iterable((PRODUCT / room).rglob("*.py") for room in ("blocks", "tasks", "flows")):
        place = file.relative_to(PRODUCT).as_posix()
        if not place.startswith(OTHER_DATABASES):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            yield from ((place, name) for name, node in named(tree.body) if holds_sql(node))


def named(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node
            case ast.ClassDef(body=inner):
                yield from named(inner)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case _:
                yield "", node


def holds_sql(node: ast.stmt) -> bool:
    texts = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return any(isinstance(text, str) and SQL.match(text) for text in texts)
