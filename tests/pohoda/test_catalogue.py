"""What is configured is held against what the database really has, before anything is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.pohoda import PohodaUnit
from tasks.errors import Refused, SettingError
from tasks.pohoda.catalogue import Catalogue, Fields, UnitFacts, configured_fields, quoted, unit_facts
from tasks.pohoda.connection import connected
from tasks.pohoda.documents import read_documents
from tests.pohoda.conftest import TODAY, Sql

CATALOGUE = Catalogue(
    [
        ("FA", "Cislo", "varchar"),
        ("FA", "VPrUhrazeno", "money"),
        ("FA", "VPrDoprava", "money"),
        ("FA", "VPrPocetPlateb", "int"),
        ("FA", "VPrUhrazVse", "bit"),
        ("FA", "VPrKlic", "VARCHAR"),
        ("FA", "VPrVaha", "float"),
        ("OBJ", "PDoklad", "varchar"),
    ]
)


def test_the_database_tells_whose_it_is(unit: PohodaUnit, any_way: str) -> None:
    assert unit_facts(unit) == UnitFacts(
        ico="12345678", company="Zkušební pískoviště s.r.o.", year=2026, release="14 14000"
    )


def test_the_last_version_counts_and_none_is_no_failure(unit: PohodaUnit, sql: Sql, any_way: str) -> None:
    sql("INSERT INTO Verze (ID, Verze, Release) VALUES (2, '14.1 ', NULL)")
    assert unit_facts(unit).release == "14.1"
    sql("DELETE FROM Verze")
    assert unit_facts(unit).release == ""


def test_a_database_without_any_configuration_is_nobodys(unit: PohodaUnit, sql: Sql) -> None:
    sql("DELETE FROM sKonfig")
    with pytest.raises(SettingError, match="another accounting unit"):
        unit_facts(unit)


def test_fields_are_found_whatever_their_letter_case_and_spelled_as_they_are(unit: PohodaUnit) -> None:
    invoices = unit.issued_invoices
    invoices.amount_field, invoices.count_field, invoices.paid_field = (
        "vpruhrazeno",
        "VPRPOCETPLATEB",
        "VPrUhrazVse",
    )
    invoices.reference_column, invoices.variable_symbol_column = "vprklic", "cislo"
    assert configured_fields(unit, "issued_invoice", CATALOGUE) == Fields(
        amount="VPrUhrazeno",
        count="VPrPocetPlateb",
        paid="VPrUhrazVse",
        variable_symbol="Cislo",
        reference="VPrKlic",
    )


def test_a_missing_field_is_named_with_its_setting_and_with_what_would_do(unit: PohodaUnit) -> None:
    unit.advance_invoices.amount_field = "VPrZaplaceno"
    with pytest.raises(SettingError, match="does not exist") as caught:
        configured_fields(unit, "advance_invoice", CATALOGUE)
    assert "advance_invoices.amount_field" in caught.value.evidence
    assert "'VPrZaplaceno'" in caught.value.evidence
    assert caught.value.next_step.endswith("VPrDoprava, VPrUhrazeno")


@pytest.mark.parametrize(
    ("setting", "column", "kind"),
    [
        ("amount_field", "VPrPocetPlateb", "currency"),
        ("amount_field", "VPrVaha", "currency"),
        ("count_field", "VPrUhrazeno", "whole number"),
        ("paid_field", "VPrPocetPlateb", "yes/no"),
        ("reference_column", "VPrUhrazeno", "text or whole number"),
        ("variable_symbol_column", "VPrUhrazVse", "text or whole number"),
    ],
)
def test_a_field_of_another_kind_is_refused(unit: PohodaUnit, setting: str, column: str, kind: str) -> None:
    setattr(unit.issued_invoices, setting, column)
    unit.issued_invoices.reference_column = column if setting == "reference_column" else ""
    with pytest.raises(SettingError, match=f"not of the kind {kind}") as caught:
        configured_fields(unit, "issued_invoice", CATALOGUE)
    assert f"issued_invoices.{setting}" in caught.value.evidence


def test_where_no_field_would_do_the_next_step_is_to_create_one(unit: PohodaUnit) -> None:
    with pytest.raises(SettingError, match="does not exist") as caught:
        configured_fields(unit, "received_order", CATALOGUE)
    assert "Volitelné parametry" in caught.value.next_step


def test_a_table_that_the_login_does_not_see_is_a_matter_of_rights(unit: PohodaUnit) -> None:
    with pytest.raises(SettingError, match="sees no table FA") as caught:
        configured_fields(unit, "issued_invoice", Catalogue([]))
    assert "db_datareader" in caught.value.next_step


def test_a_missing_field_stops_the_run_before_any_document_is_read(unit: PohodaUnit, any_way: str) -> None:
    unit.received_orders.paid_field = "VPrNic"
    with pytest.raises(SettingError, match="does not exist"):
        read_documents(unit, TODAY)


@given(st.text(max_size=12))
def test_only_letters_digits_and_underscores_ever_reach_sql(name: str) -> None:
    try:
        written = quoted(name)
    except SettingError:
        return
    assert written == f"[{name}]"
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@pytest.mark.parametrize("name", ["", "a b", "a]", "x;DROP TABLE FA", "é", "a\n"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(SettingError):
        quoted(name)


def test_the_catalogue_cannot_be_written_through_a_reading_connection(unit: PohodaUnit, any_way: str) -> None:
    with (
        pytest.raises(Refused, match="refused a statement"),
        connected(unit.database) as connection,
    ):
        connection.cursor().execute("UPDATE dbo.FA SET VPrPocetPlateb = 1")
