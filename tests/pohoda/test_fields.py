"""Fields that could hold the marks are found by their types, and suggested by what they are called."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
import sqlglot
from pydantic import SecretStr
from sqlglot import exp

from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, SandboxPohoda
from tasks.pohoda.catalogue import Catalogue
from tasks.pohoda.fields import LABELS, REGISTRY, FieldChoice, Labels, possible_fields, suggest_fields
from tasks.pohoda.sqlite import catalogue_beside
from tasks.tables import AGENDAS

EMPTY = Agenda()
NOTES = {("Pozn2", "Interní poznámka", "text"), ("Pozn", "Poznámka", "text")}


def named(*columns: tuple[str, str]) -> Catalogue:
    return Catalogue(("FA", name, kind) for name, kind in columns)


def suggested(choices: list[FieldChoice]) -> dict[str, str]:
    return {mark: choice.name for choice in choices for mark in choice.suggested_for}


def possible(
    catalogue: Catalogue, labels: Labels | None = None, agenda: Agenda = EMPTY, **unit: Any
) -> list[FieldChoice]:
    """The choices for issued invoices of a unit."""
    made = PohodaUnit(
        ico="12345678",
        database=Database(server="SERVER", name="StwPh_12345678_2026"),
        mserver=MServer(user="u", password=SecretStr("p")),
        issued_invoices=agenda,
        **unit,
    )
    return possible_fields(made, "issued_invoice", catalogue, labels or {})


def test_the_three_fields_of_each_agenda_are_found_with_their_types_and_labels(unit: PohodaUnit) -> None:
    found = suggest_fields(unit.model_copy(update={"issued_invoices": EMPTY}))
    assert list(found) == list(AGENDAS)
    for choices in found.values():
        assert {(choice.name, choice.label, choice.type) for choice in choices} == {
            (AMOUNT_FIELD, "Uhrazeno", "money"),
            (COUNT_FIELD, "Počet plateb", "int"),
            (PAID_FIELD, "Uhrazeno vše", "bit"),
            *NOTES,
        }
        assert suggested(choices) == {"amount": AMOUNT_FIELD, "count": COUNT_FIELD, "paid": PAID_FIELD}


def test_fields_of_another_meaning_are_possible_and_not_suggested() -> None:
    catalogue = named(("VPrSleva", "money"), ("VPrTisk", "bit"), ("VPrBalik", "int"), ("VPrText", "varchar"))
    choices = possible(catalogue)
    assert {choice.name: choice.fits for choice in choices} == {
        "VPrSleva": {"amount"},
        "VPrTisk": {"paid"},
        "VPrBalik": {"count"},
    }
    assert suggested(choices) == {}


def test_a_label_tells_what_a_field_is_for_with_or_without_the_prefix_in_the_registry() -> None:
    catalogue = named(("VPrX1", "money"), ("VPrX2", "int"), ("VPrX3", "bit"))
    labels = {("FA", "vprx1"): "Již UHRAZENO", ("FA", "x2"): "Počet  plateb", ("FA", "x3"): "Zaplaceno celé"}
    assert suggested(possible(catalogue, labels)) == {"amount": "VPrX1", "count": "VPrX2", "paid": "VPrX3"}


def test_what_is_set_already_is_suggested_before_anything_that_sounds_better() -> None:
    catalogue = named(("VPrUhrazeno", "money"), ("VPrCena", "money"))
    assert suggested(possible(catalogue, agenda=Agenda(amount_field="vprcena"))) == {"amount": "VPrCena"}


def test_a_column_that_identifies_payments_is_no_place_for_marks() -> None:
    catalogue = named(("VPrPocetPlateb", "int"), ("Pozn", "text"))
    assert possible(catalogue, agenda=Agenda(reference_column="VPrPocetPlateb")) != []
    assert possible(named(("VPrPocetPlateb", "int")), agenda=Agenda(reference_column="VPrPocetPlateb")) == []
    assert possible(named(("Pozn", "text")), agenda=Agenda(reference_column="pozn")) == []


def test_no_other_column_of_pohoda_is_possible() -> None:
    native = [
        ("KcLikv", "money"),
        ("Vyrizeno", "bit"),
        ("SText", "varchar"),
        ("Labels", "varchar"),
        ("Sel", "bit"),
    ]
    assert possible(named(*native)) == []


def test_without_user_fields_the_internal_note_is_suggested_for_all_three_marks() -> None:
    choices = possible(named(("POZN", "text"), ("POZN2", "text")))
    assert [(choice.name, choice.label) for choice in choices] == [
        ("POZN2", "Interní poznámka"),
        ("POZN", "Poznámka"),
    ]
    assert suggested(choices) == {"amount": "POZN2", "count": "POZN2", "paid": "POZN2"}


def test_a_note_that_is_set_stays_suggested_for_just_the_marks_that_go_there() -> None:
    catalogue = named(("Pozn", "text"), ("Pozn2", "text"), ("VPrUhrazeno", "money"))
    some = {"amount": "VPrUhrazeno", "count": "Pozn", "paid": "Pozn"}
    agenda = Agenda(amount_field="VPrUhrazeno", count_field="Pozn", paid_field="Pozn")
    assert suggested(possible(catalogue, agenda=agenda)) == some


@pytest.mark.parametrize("writer", ["sql", "settlement"])
def test_notes_are_possible_only_where_mserver_writes_them(writer: str) -> None:
    assert possible(named(("Pozn", "text"), ("Pozn2", "text")), writer=writer) == []


def test_an_edition_without_the_registry_has_fields_without_labels(
    unit: PohodaUnit, pohoda: SandboxPohoda
) -> None:
    with closing(sqlite3.connect(catalogue_beside(pohoda.path))) as connection, connection:
        connection.execute("DELETE FROM COLUMNS WHERE TABLE_NAME LIKE 'sVP%'")
    found = suggest_fields(unit)["received_order"]
    assert {choice.label for choice in found if not choice.note} == {""}


@pytest.mark.parametrize("statement", [REGISTRY, LABELS])
def test_what_is_asked_is_t_sql_that_only_reads(statement: str) -> None:
    assert isinstance(sqlglot.parse_one(statement, read="tsql"), exp.Select)
