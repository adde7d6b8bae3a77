"""Fields that could hold the marks are found by their types, and suggested by what they are called."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlglot
from sqlglot import exp

from blocks.pohoda import Agenda, PohodaUnit
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, SandboxPohoda
from tasks.pohoda.catalogue import Catalogue
from tasks.pohoda.fields import LABELS, REGISTRY, FieldChoice, possible_fields, suggest_fields
from tasks.pohoda.sqlite import catalogue_beside
from tasks.tables import AGENDAS

EMPTY = Agenda()


def named(*columns: tuple[str, str]) -> Catalogue:
    return Catalogue(("FA", name, kind) for name, kind in columns)


def suggested(choices: list[FieldChoice]) -> dict[str, str]:
    return {choice.suggested_for: choice.name for choice in choices if choice.suggested_for}


def test_the_three_fields_of_each_agenda_are_found_with_their_types_and_labels(unit: PohodaUnit) -> None:
    found = suggest_fields(unit.model_copy(update={"issued_invoices": EMPTY}))
    assert list(found) == list(AGENDAS)
    for choices in found.values():
        assert {(choice.name, choice.label, choice.type) for choice in choices} == {
            (AMOUNT_FIELD, "Uhrazeno", "money"),
            (COUNT_FIELD, "Počet plateb", "int"),
            (PAID_FIELD, "Uhrazeno vše", "bit"),
        }
        assert suggested(choices) == {"amount": AMOUNT_FIELD, "count": COUNT_FIELD, "paid": PAID_FIELD}


def test_fields_of_another_meaning_are_possible_and_not_suggested() -> None:
    catalogue = named(("VPrSleva", "money"), ("VPrTisk", "bit"), ("VPrBalik", "int"), ("VPrText", "varchar"))
    choices = possible_fields("issued_invoice", EMPTY, catalogue, {})
    assert {choice.name: choice.fits for choice in choices} == {
        "VPrSleva": {"amount"},
        "VPrTisk": {"paid"},
        "VPrBalik": {"count"},
    }
    assert suggested(choices) == {}


def test_a_label_tells_what_a_field_is_for_with_or_without_the_prefix_in_the_registry() -> None:
    catalogue = named(("VPrX1", "money"), ("VPrX2", "int"), ("VPrX3", "bit"))
    labels = {("FA", "vprx1"): "Již UHRAZENO", ("FA", "x2"): "Počet  plateb", ("FA", "x3"): "Zaplaceno celé"}
    choices = possible_fields("advance_invoice", EMPTY, catalogue, labels)
    assert suggested(choices) == {"amount": "VPrX1", "count": "VPrX2", "paid": "VPrX3"}


def test_what_is_set_already_is_suggested_before_anything_that_sounds_better() -> None:
    catalogue = named(("VPrUhrazeno", "money"), ("VPrCena", "money"))
    choices = possible_fields("issued_invoice", Agenda(amount_field="vprcena"), catalogue, {})
    assert suggested(choices) == {"amount": "VPrCena"}


def test_a_column_that_identifies_payments_is_no_place_for_marks() -> None:
    catalogue = named(("VPrPocetPlateb", "int"))
    assert possible_fields("issued_invoice", Agenda(reference_column="VPrPocetPlateb"), catalogue, {}) == []


def test_only_user_fields_are_possible() -> None:
    assert possible_fields("issued_invoice", EMPTY, named(("KcLikv", "money"), ("Vyrizeno", "bit")), {}) == []


def test_an_edition_without_the_registry_has_fields_without_labels(
    unit: PohodaUnit, pohoda: SandboxPohoda
) -> None:
    with closing(sqlite3.connect(catalogue_beside(pohoda.path))) as connection, connection:
        connection.execute("DELETE FROM COLUMNS WHERE TABLE_NAME LIKE 'sVP%'")
    assert {choice.label for choice in suggest_fields(unit)["received_order"]} == {""}


@pytest.mark.parametrize("statement", [REGISTRY, LABELS])
def test_what_is_asked_is_t_sql_that_only_reads(statement: str) -> None:
    assert isinstance(sqlglot.parse_one(statement, read="tsql"), exp.Select)
