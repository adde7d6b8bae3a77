"""Documents come out of Pohoda exact, normalised and complete, whichever way its database is reached."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from blocks.pohoda import PohodaUnit
from sandbox.firm import firm
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks
from tasks.errors import Refused, SettingError, Unavailable
from tasks.pohoda.catalogue import COLUMNS
from tasks.pohoda.connection import read_rows
from tasks.pohoda.documents import STANDING, read_documents, read_marks
from tasks.pohoda.sqlite import WAY
from tasks.tables import DOCUMENTS, checked
from tests.pohoda.conftest import TODAY, Sql

pytestmark = pytest.mark.usefixtures("any_way")


def one(unit: PohodaUnit, agenda: str, row_id: int) -> dict[str, Any]:
    documents = read_documents(unit, TODAY)
    found = documents[(documents["agenda"] == agenda) & (documents["id"] == row_id)]
    assert len(found) == 1
    return {str(name): None if pd.isna(value) else value for name, value in found.iloc[0].items()}


def test_an_invoice_carries_its_number_symbols_amounts_and_day(unit: PohodaUnit) -> None:
    assert one(unit, "issued_invoice", 1) == {
        "agenda": "issued_invoice",
        "id": 1,
        "number": "260100001",
        "variable_symbol": "260100001",
        "specific_symbol": None,
        "constant_symbol": "308",
        "reference": None,
        "total": 121_00,
        "currency": "CZK",
        "issued_on": pd.Timestamp(TODAY),
        "cancelled": False,
        "open_amount": 121_00,
        "customer": "ico:70000001",
        "marked_amount": None,
        "marked_count": None,
        "marked_paid": None,
    }


def test_a_foreign_document_is_in_its_own_currency(unit: PohodaUnit) -> None:
    advance = one(unit, "advance_invoice", 2)
    assert (advance["currency"], advance["total"], advance["open_amount"]) == ("EUR", 500_00, 500_00)
    assert advance["reference"] == "AB12-CD34-EF56"


def test_an_order_has_the_digits_of_its_number_for_a_symbol_and_no_open_amount(unit: PohodaUnit) -> None:
    order = one(unit, "received_order", 1)
    assert (order["variable_symbol"], order["open_amount"], order["customer"]) == ("2600001", None, "ad:2")


def test_an_orders_symbol_and_key_can_come_from_configured_columns(unit: PohodaUnit, sql: Sql) -> None:
    unit.received_orders.variable_symbol_column = "pdoklad"
    unit.received_orders.reference_column = "VPrPocetPlateb"
    sql("UPDATE OBJ SET PDoklad = '  000778 ', VPrPocetPlateb = 4711 WHERE ID = 1")
    order = one(unit, "received_order", 1)
    assert (order["variable_symbol"], order["reference"]) == ("778", "4711")


def test_cancelled_documents_and_the_documents_that_cancel_them_are_known_as_such(unit: PohodaUnit) -> None:
    documents = read_documents(unit, TODAY)
    cancelled = documents[documents["cancelled"]]
    assert sorted(cancelled["number"]) == ["260100002", "260100002S"]
    assert cancelled["total"].sum() == 0


@pytest.mark.parametrize(
    "change", ["DatStorn = '2026-06-30T00:00:00'", "RelStorn = 7", "TpStorn = 1"], ids=lambda text: text[:8]
)
def test_each_of_pohodas_signs_of_cancelling_counts(unit: PohodaUnit, sql: Sql, change: str) -> None:
    sql(f"UPDATE FA SET {change} WHERE ID = 1")
    assert one(unit, "issued_invoice", 1)["cancelled"]


def test_zero_and_empty_both_mean_not_set(unit: PohodaUnit, sql: Sql) -> None:
    sql("UPDATE FA SET RefCM = 0, RelStorn = 0, RefAD = 0, ICO = '  ', KcLikv = NULL, VarSym = '0' WHERE ID = 1")
    invoice = one(unit, "issued_invoice", 1)
    assert (invoice["currency"], invoice["cancelled"], invoice["customer"]) == ("CZK", False, None)
    assert (invoice["open_amount"], invoice["variable_symbol"]) == (0, None)


def test_a_currency_that_pohoda_does_not_list_is_never_taken_for_the_home_one(unit: PohodaUnit, sql: Sql) -> None:
    sql("UPDATE FA SET RefCM = 99, CmCelkem = '10.0000' WHERE ID = 1")
    assert one(unit, "issued_invoice", 1)["currency"] == "XXX"


def test_a_slovak_unit_has_its_own_home_currency(unit: PohodaUnit) -> None:
    unit.home_currency = "EUR"
    assert one(unit, "issued_invoice", 1)["currency"] == "EUR"


@pytest.mark.parametrize(
    ("stored", "read"),
    [("121.0050", 121_01), ("121.0049", 121_00), ("-0.0050", -1), ("99999999999999.9900", 99999999999999_99)],
)
def test_four_decimals_are_rounded_half_away_from_zero_and_large_amounts_are_exact(
    unit: PohodaUnit, sql: Sql, stored: str, read: int
) -> None:
    sql("UPDATE FA SET KcCelkem = ? WHERE ID = 1", stored)
    assert one(unit, "issued_invoice", 1)["total"] == read


def test_marks_now_standing_are_read_and_empty_ones_stay_missing(unit: PohodaUnit, pohoda: SandboxPohoda) -> None:
    pohoda.apply("issued_invoice", 1, {"VPrUhrazeno": Decimal("100.5"), "VPrUhrazVse": False})
    invoice = one(unit, "issued_invoice", 1)
    assert (invoice["marked_amount"], invoice["marked_count"], invoice["marked_paid"]) == (100_50, None, False)


def test_marks_without_a_configured_field_are_missing(unit: PohodaUnit, pohoda: SandboxPohoda) -> None:
    pohoda.set_marks("issued_invoice", 1, Marks(121_00, 1, True))
    unit.issued_invoices.amount_field = unit.issued_invoices.paid_field = ""
    invoice = one(unit, "issued_invoice", 1)
    assert (invoice["marked_amount"], invoice["marked_count"], invoice["marked_paid"]) == (None, 1, None)


def test_just_the_firms_own_documents_are_read_from_all_that_stands_in_the_tables(tmp_path: Any) -> None:
    world = firm(seed=3, today=TODAY)
    pohoda = SandboxPohoda.build(world, tmp_path)
    documents = read_documents(pohoda.unit("http://127.0.0.1:444", "sqlite://"), TODAY)
    twins = documents["number"].str.endswith("S")
    assert set(documents.loc[twins, "cancelled"]) == {True}
    rows = documents[~twins]
    found = set(zip(rows["agenda"], rows["id"], rows["total"], rows["currency"], rows["cancelled"], strict=True))
    assert found == {(p.agenda, p.id, p.total, p.currency, p.cancelled) for p in world.papers}


def test_only_documents_issued_within_the_horizon_are_read(unit: PohodaUnit) -> None:
    unit.horizon_days = 10
    assert len(read_documents(unit, TODAY + dt.timedelta(days=10))) == 5
    assert len(read_documents(unit, TODAY + dt.timedelta(days=11))) == 0


def test_an_agenda_that_takes_no_part_is_neither_read_nor_checked(unit: PohodaUnit) -> None:
    unit.received_orders.active = False
    unit.received_orders.amount_field = "VPrNic"
    assert set(read_documents(unit, TODAY)["agenda"]) == {"issued_invoice", "advance_invoice"}


def test_with_no_agenda_in_use_the_table_is_empty_and_well_formed(unit: PohodaUnit) -> None:
    for agenda in (unit.issued_invoices, unit.advance_invoices, unit.received_orders):
        agenda.active = False
    assert len(checked(DOCUMENTS, read_documents(unit, TODAY))) == 0


def test_marks_are_read_back_for_just_the_documents_asked_for(unit: PohodaUnit, pohoda: SandboxPohoda) -> None:
    pohoda.set_marks("issued_invoice", 1, Marks(121_00, 2, True))
    pohoda.set_marks("advance_invoice", 2, Marks(1, 1, False))
    marks = read_marks(unit, "issued_invoice", [1, 2, 3, 999])
    assert marks["document_id"].tolist() == [1, 3]
    assert marks.iloc[0].tolist() == ["issued_invoice", 1, "260100001", 121_00, 2, True]
    assert marks.iloc[1, 3:].isna().all()


def test_more_documents_than_one_statement_can_ask_for_are_read_back(unit: PohodaUnit) -> None:
    assert read_marks(unit, "received_order", [*range(2000, 3_200), 1])["document_id"].tolist() == [1]


def test_reading_back_nothing_gives_an_empty_table(unit: PohodaUnit) -> None:
    assert len(checked(STANDING, read_marks(unit, "received_order", []))) == 0


def test_another_units_database_stops_the_run(unit: PohodaUnit) -> None:
    unit.ico = "87654321"
    with pytest.raises(SettingError, match="another accounting unit") as caught:
        read_documents(unit, TODAY)
    assert "12345678" in caught.value.evidence


def test_a_database_that_somebody_holds_locked_is_passing(
    unit: PohodaUnit, pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.pohoda.sqlite.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(pohoda.path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="not available now"):
            read_documents(unit, TODAY)


def test_columns_that_change_under_a_run_are_passing_and_a_table_that_was_never_there_is_not(
    unit: PohodaUnit, sql: Sql, pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql("ALTER TABLE FA RENAME TO FA_old")
    with pytest.raises(Refused):
        read_marks(unit, "issued_invoice", [1])
    asked: list[str] = []

    def half_done(connection: Any, statement: str, parameters: Any = ()) -> list[Any]:
        rows = read_rows(connection, statement, parameters)
        asked.append(statement)
        return rows if asked.count(COLUMNS) < 2 else rows[1:]

    monkeypatch.setattr("tasks.pohoda.catalogue.read_rows", half_done)
    for read in (lambda: read_documents(unit, TODAY), lambda: read_marks(unit, "issued_invoice", [1])):
        asked.clear()
        with pytest.raises(Unavailable, match="changing its tables"):
            read()


def test_reading_leaves_the_database_free_for_others(unit: PohodaUnit, sql: Sql) -> None:
    read_documents(unit, TODAY)
    sql("PRAGMA journal_mode = DELETE")
    sql("VACUUM")


@pytest.mark.parametrize("missing", ["12345678", "0012345678"])
def test_zeros_before_the_company_number_make_no_difference(unit: PohodaUnit, sql: Sql, missing: str) -> None:
    sql("UPDATE sKonfig SET ICO = ?", missing)
    assert len(read_documents(unit, TODAY)) == 5


def test_both_ways_give_the_very_same_table(unit: PohodaUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    here = read_documents(unit, TODAY)
    monkeypatch.setenv(WAY, "python")
    pd.testing.assert_frame_equal(here, read_documents(unit, TODAY))
