"""Marks go into user fields only where what was read still stands, by a login that can do little else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from sqlglot import exp

from blocks.pohoda import Agenda, Database, PohodaUnit, SqlWriting
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, SandboxPohoda
from sandbox.world import Marks
from tasks.errors import OutcomeUnknown, Refused, SettingError, Unavailable
from tasks.pohoda import connection as connections
from tasks.pohoda.catalogue import TABLE
from tasks.pohoda.connection import connected
from tasks.pohoda.marking import EDITED, KIND, locked_statement, parameters, update_statement
from tasks.pohoda.rights import RIGHTS, SANDBOX_RIGHTS, Rights, listed
from tasks.tables import AGENDAS
from tasks.writers import Written
from tasks.writers.choice import writer_for
from tasks.writers.settlement import NOTHING_DUE
from tasks.writers.sql import LOCKED, MOVED, OPEN, SqlWriter, writing_database
from tests.mserver import firm
from tests.mserver.firm import Memory, changes
from tests.writers.conftest import PAPERS, Sql

INVOICE, SECOND, ADVANCE = ("issued_invoice", 11), ("issued_invoice", 12), ("advance_invoice", 13)
ORDER = ("received_order", 11)
NUMBERS = {(paper.agenda, paper.id): paper.number for paper in PAPERS}
ALL = {"amount": AMOUNT_FIELD, "count": COUNT_FIELD, "paid": PAID_FIELD}
PAID = Marks(150050, 1, True)
OLD: dict[str, Any] = {"old_amount": 150050, "old_count": 1, "old_paid": True}

names = st.from_regex(r"VPr[A-Za-z0-9_]{1,13}", fullmatch=True)
columns = st.dictionaries(st.sampled_from(sorted(ALL)), names, min_size=1)


@pytest.fixture
def writer(unit: PohodaUnit) -> SqlWriter:
    return SqlWriter(unit)


def test_marks_of_all_agendas_go_in_by_either_way_and_nothing_else_changes(
    writer: SqlWriter, pohoda: SandboxPohoda, any_way: str
) -> None:
    before = rows(pohoda)
    batch = changes(change(INVOICE), change(ADVANCE, amount=1, new_paid=False), change(ORDER))
    assert writer.write(batch, [1, 2, 3]) == [Written("accepted")] * 3
    standing = pohoda.marks()
    assert standing[INVOICE] == standing[ORDER] == PAID
    assert standing[ADVANCE] == Marks(1, 1, False)
    assert [(t, i, name) for t, i, name in changed(before, rows(pohoda)) if not name.startswith("VPr")] == []


def test_the_same_marks_again_are_left_out_because_the_old_ones_are_gone(
    writer: SqlWriter, pohoda: SandboxPohoda, any_way: str
) -> None:
    writer.write(changes(change(INVOICE)), [1])
    assert writer.write(changes(change(INVOICE)), [2]) == [MOVED]
    assert writer.write(changes(change(INVOICE, new_count=2, **OLD)), [3]) == [Written("accepted")]
    assert pohoda.marks()[INVOICE] == Marks(150050, 2, True)


@pytest.mark.parametrize(
    "moved",
    [
        {"old_amount": 150051},
        {"old_count": 2},
        {"old_paid": False},
        {"old_amount": None},
        {"old_count": None},
        {"old_paid": None},
    ],
)
def test_a_document_is_written_only_if_every_old_mark_still_stands(
    writer: SqlWriter, pohoda: SandboxPohoda, any_way: str, moved: dict[str, Any]
) -> None:
    pohoda.set_marks(*INVOICE, PAID)
    row = change(INVOICE) | OLD | moved | {"new_count": 3}
    other = change(SECOND, amount=20000, number="260100002")
    assert writer.write(changes(row, other), [1, 2]) == [MOVED, Written("accepted")]
    assert pohoda.marks()[INVOICE] == PAID


def test_money_of_four_decimals_stands_as_the_hundredths_that_were_read(
    writer: SqlWriter, pohoda: SandboxPohoda, sql: Sql
) -> None:
    sql(f"UPDATE FA SET {AMOUNT_FIELD} = '1500.4961' WHERE ID = 11")
    row = change(INVOICE, old_amount=150050, new_amount=7)
    assert writer.write(changes(row), [1]) == [Written("accepted")]


@pytest.mark.parametrize("amount", [0, 1, -1, 99_999_999_999_999, 123_456_789_012_345, 10, 1_000_000])
def test_every_amount_arrives_and_is_recognised_to_the_hundredth(
    writer: SqlWriter, pohoda: SandboxPohoda, any_way: str, amount: int
) -> None:
    assert writer.write(changes(change(INVOICE, new_amount=amount)), [1]) == [Written("accepted")]
    marks = pohoda.marks()[INVOICE]
    assert marks is not None
    assert marks.amount == amount
    again = change(INVOICE, old_amount=amount, old_count=1, old_paid=True, new_amount=5)
    assert writer.write(changes(again), [2]) == [Written("accepted")]


def test_an_id_of_another_agenda_is_not_touched(writer: SqlWriter, pohoda: SandboxPohoda) -> None:
    before = rows(pohoda)
    assert writer.write(changes(change(("advance_invoice", 11))), [1]) == [MOVED]
    assert rows(pohoda) == before


def test_an_id_that_another_document_took_over_is_not_touched(
    writer: SqlWriter, pohoda: SandboxPohoda, sql: Sql, any_way: str
) -> None:
    sql("UPDATE FA SET Cislo = '260100099' WHERE ID = 11")
    sql("UPDATE FA SET Cislo = '  260100002 ' WHERE ID = 12")
    batch = changes(change(INVOICE, number="260100001"), change(SECOND, number="260100002"))
    assert writer.write(batch, [1, 2]) == [MOVED, Written("accepted")]
    assert pohoda.marks()[INVOICE] is None


def test_what_is_open_or_locked_in_pohoda_is_left_for_later(
    writer: SqlWriter, pohoda: SandboxPohoda, sql: Sql, any_way: str
) -> None:
    sql("INSERT INTO stwlock VALUES (11, '[dbo].[fa] ', 57, 4711), (NULL, 'FA', 1, 1), (12, NULL, 1, 1)")
    sql("UPDATE FA SET [Lock1] = 1 WHERE ID = 12")
    batch = changes(change(INVOICE), change(SECOND), change(ADVANCE), change(ORDER))
    assert writer.write(batch, [1, 2, 3, 4]) == [OPEN, LOCKED, Written("accepted"), Written("accepted")]
    assert pohoda.marks()[INVOICE] is None
    assert pohoda.marks()[SECOND] is None


def test_only_fields_that_are_set_are_written_and_compared(
    unit: PohodaUnit, pohoda: SandboxPohoda, revoke: Callable[..., None]
) -> None:
    revoke(AMOUNT_FIELD, "OBJ")
    revoke(COUNT_FIELD, "OBJ")
    pohoda.set_marks(*ORDER, Marks(5, 5, False))
    only = unit.model_copy(update={"received_orders": Agenda(paid_field=PAID_FIELD.upper())})
    writer = SqlWriter(only)
    assert writer.marks("received_order") == {"paid"}
    assert writer.write(changes(change(ORDER, old_paid=False)), [1]) == [Written("accepted")]
    assert pohoda.marks()[ORDER] == Marks(5, 5, True)


def test_an_agenda_that_is_not_used_has_no_marks(unit: PohodaUnit) -> None:
    unused = unit.model_copy(
        update={"received_orders": unit.received_orders.model_copy(update={"active": False})}
    )
    writer = SqlWriter(unused)
    writer.ready()
    assert writer.marks("received_order") == frozenset()


def test_a_failure_in_the_middle_takes_the_whole_batch_back(
    writer: SqlWriter, pohoda: SandboxPohoda, sql: Sql, any_way: str
) -> None:
    sql("CREATE TRIGGER no BEFORE UPDATE ON FA WHEN OLD.ID = 12 BEGIN SELECT RAISE(ABORT, 'no'); END")
    before = rows(pohoda)
    with pytest.raises(Refused):
        writer.write(changes(change(INVOICE), change(SECOND)), [1, 2])
    assert rows(pohoda) == before


def test_a_database_held_by_somebody_else_is_tried_again_later(
    writer: SqlWriter, pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch, any_way: str
) -> None:
    writer.ready()
    monkeypatch.setattr("tasks.pohoda.sqlite.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(pohoda.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            writer.write(changes(change(INVOICE)), [1])
        other.execute("ROLLBACK")
    assert writer.write(changes(change(INVOICE)), [2]) == [Written("accepted")]


class Breaking:
    """A connection that breaks at a given call, as one through a network does."""

    def __init__(self, real: Any, where: str) -> None:
        self._real = real
        self._where = where

    def __getattr__(self, name: str) -> Any:
        if name == self._where:
            raise sqlite3.OperationalError("connection is gone")
        return getattr(self._real, name)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """From now on writing connections break at this call."""
    really = connections._open  # pyright: ignore[reportPrivateUsage]

    def break_at(where: str) -> None:
        def opened(database: Database, read_only: bool) -> Any:
            real = really(database, read_only)
            return real if read_only else Breaking(real, where)

        monkeypatch.setattr(connections, "_open", opened)

    return break_at


def test_a_commit_that_is_not_confirmed_leaves_each_document_unknown(
    writer: SqlWriter, breaking: Callable[[str], None]
) -> None:
    writer.ready()
    breaking("commit")
    said = writer.write(changes(change(INVOICE), change(ORDER)), [1, 2])
    assert [result.outcome for result in said] == ["unknown"] * 2
    assert "connection is gone" in said[0].note


def test_a_rollback_that_fails_does_not_hide_why_it_was_tried(
    unit: PohodaUnit, breaking: Callable[[str], None]
) -> None:
    breaking("rollback")
    with pytest.raises(OutcomeUnknown, match="why"), connected(unit.database, read_only=False):
        raise OutcomeUnknown("why")


def test_an_odd_number_of_changed_rows_stops_everything(
    writer: SqlWriter, pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.writers.sql.update_statement", lambda *_: f"UPDATE dbo.FA SET {COUNT_FIELD} = 9")
    monkeypatch.setattr("tasks.writers.sql.parameters", lambda *_: [])
    writer.ready()
    before = rows(pohoda)
    with pytest.raises(Refused, match="just one document"):
        writer.write(changes(change(INVOICE)), [1])
    assert rows(pohoda) == before


def test_more_than_a_hundred_documents_are_never_one_transaction(writer: SqlWriter) -> None:
    with pytest.raises(ValueError, match="too many"):
        writer.write(changes(*[change(INVOICE)] * 101), range(101))


@pytest.mark.parametrize(
    "right",
    [
        ("general", "", "db_owner"),
        ("table", "dbo.AD", "DELETE"),
        ("column", "FA", "KcLikv"),
    ],
)
def test_a_login_that_could_do_more_is_refused_until_that_is_confirmed(
    unit: PohodaUnit, pohoda: SandboxPohoda, grant: Callable[..., None], right: tuple[str, str, str]
) -> None:
    grant(*right)
    with pytest.raises(SettingError, match=right[2]):
        SqlWriter(unit).write(changes(change(INVOICE)), [1])
    assert pohoda.marks()[INVOICE] is None
    confirmed = unit.model_copy(update={"sql": SqlWriting(wide_rights_confirmed=True)})
    assert SqlWriter(confirmed).write(changes(change(INVOICE)), [1]) == [Written("accepted")]


def test_a_login_that_may_not_write_a_field_is_told_which(writer: SqlWriter, revoke: Callable[..., None]) -> None:
    revoke(PAID_FIELD, "FA")
    revoke(PAID_FIELD, "OBJ")
    with pytest.raises(SettingError, match=rf"dbo\.FA\.{PAID_FIELD}, dbo\.OBJ\.{PAID_FIELD}"):
        writer.ready()


def test_rights_are_told_the_widest_first_and_not_all_of_hundreds() -> None:
    many = {("FA", f"K{n:02}") for n in range(20)}
    rights = Rights(frozenset({"sysadmin"}), frozenset({"INSERT dbo.FA"}), frozenset({*many, ("FA", "VPrX")}))
    assert rights.missing([("FA", "vprx")]) == []
    told = rights.beyond([("FA", "vprx")])
    assert told[:3] == ["sysadmin", "INSERT dbo.FA", "UPDATE dbo.FA.K00"]
    assert listed(told).endswith(" and 14 more")
    assert Rights(frozenset(), frozenset(), frozenset()).beyond([]) == []


def test_writing_has_a_login_of_its_own() -> None:
    server = Database(server="S", name="StwPh_12345678_2026", login="platby", password=SecretStr("x"))
    unit = PohodaUnit.model_construct(ico="12345678", database=server, writer="sql")
    unit.sql = SqlWriting(login="PLATBY", password=SecretStr("y"))
    with pytest.raises(SettingError, match="login of its own"):
        SqlWriter(unit).ready()
    unit.sql = SqlWriting(login="zapis", password=SecretStr("y"))
    database = writing_database(unit)
    assert (database.login, database.name, database.server) == ("zapis", server.name, "S")
    unit.database = Database(server="S", name="StwPh_12345678_2026")
    unit.sql = SqlWriting()
    with pytest.raises(SettingError, match=r"sql\.login is empty"):
        SqlWriter(unit).ready()


@pytest.mark.parametrize("half", [{"login": "zapis"}, {"password": "x"}])
def test_a_login_without_password_or_the_other_way_round_is_refused_in_the_form(half: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="jméno i heslo"):
        SqlWriting.model_validate(half)


def test_the_unit_chooses_it(unit: PohodaUnit) -> None:
    assert isinstance(writer_for(unit, Memory(), NOTHING_DUE), SqlWriter)


@given(st.sampled_from(AGENDAS), columns, st.sets(st.sampled_from(sorted(ALL))))
def test_every_update_is_t_sql_that_sets_user_fields_of_one_document_of_one_agenda(
    agenda: str, named: dict[str, str], empty: set[str]
) -> None:
    statement = update_statement(agenda, named, empty)
    (parsed,) = sqlglot.parse(statement, read="tsql")
    assert isinstance(parsed, exp.Update)
    assert parsed.this.sql("tsql") == f"dbo.{TABLE[agenda]}"
    assert [each.this.name for each in parsed.expressions] == list(named.values())
    conditions = [each.sql("tsql") for each in parsed.args["where"].this.flatten()]
    assert conditions[0] == "ID = ?"
    assert conditions[1].startswith("LTRIM(RTRIM(CAST(Cislo AS VARCHAR(250)))) = CAST(? ")
    assert conditions[2] == KIND[agenda]
    assert len(conditions) == 3 + len(named)
    old = {mark: 1 for mark in named if mark not in empty}
    given_values = parameters(named, (1, "260100001"), old, dict.fromkeys(ALL, 1))
    assert statement.count("?") == len(given_values)


@pytest.mark.parametrize(
    "named", [{}, {"amount": "KcLikv"}, {"amount": "VPr"}, {"paid": "VPrX] = 1, [KcLikv"}, {"count": "RefVPrX"}]
)
def test_nothing_but_user_fields_can_be_written(named: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not the fields of marks"):
        update_statement("issued_invoice", named, [])


@pytest.mark.parametrize("statement", [RIGHTS, SANDBOX_RIGHTS, EDITED, locked_statement("received_order", 3)])
def test_every_other_statement_is_t_sql_that_only_reads(statement: str) -> None:
    parsed = sqlglot.parse(statement, read="tsql")
    assert len(parsed) == 1
    assert isinstance(parsed[0], exp.Query)
    assert not list(parsed[0].find_all(exp.Update, exp.Insert, exp.Delete, exp.Command))


def change(key: tuple[str, int], *, number: str = "", **more: Any) -> dict[str, Any]:
    """A change of the very document that has this id, as it was read."""
    return firm.change(key, number=number or NUMBERS.get(key, "26OP00001"), **more)


def rows(pohoda: SandboxPohoda) -> dict[tuple[str, int], dict[str, Any]]:
    with closing(sqlite3.connect(pohoda.path)) as connection:
        connection.row_factory = sqlite3.Row
        read = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("FA", "OBJ")}
    return {(table, row["ID"]): dict(row) for table, found in read.items() for row in found}


def changed(before: dict[Any, dict[str, Any]], after: dict[Any, dict[str, Any]]) -> list[tuple[str, int, str]]:
    pairs = ((*key, name) for key, row in before.items() for name in row if row[name] != after[key][name])
    return list(pairs)
