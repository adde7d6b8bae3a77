"""The block of an accounting unit refuses settings that cannot work, and says in Czech what to do instead."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from tasks.tables import AGENDAS


def mserver(address: str) -> MServer:
    return MServer(address=address, user="u", password=SecretStr("p"))


def test_each_agenda_has_its_settings(unit: PohodaUnit) -> None:
    found = [unit.agenda(name) for name in AGENDAS]
    assert found == [unit.issued_invoices, unit.advance_invoices, unit.received_orders]
    with pytest.raises(KeyError):
        unit.agenda("cash")


def test_a_sql_server_needs_a_server() -> None:
    with pytest.raises(ValidationError, match="Vyplňte server"):
        Database(name="StwPh_12345678_2026")


def test_a_login_needs_a_password() -> None:
    with pytest.raises(ValidationError, match="vyplňte heslo"):
        Database(server="S", name="D", login="reader")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:444", "http://127.0.0.1:444"),
        (" http://127.0.0.1:444/xml ", "http://127.0.0.1:444"),
        ("https://mserver.example.cz/pohoda/", "https://mserver.example.cz/pohoda"),
    ],
)
def test_the_address_of_mserver_is_taken_with_or_without_its_ending(given: str, kept: str) -> None:
    assert mserver(given).address == kept


@pytest.mark.parametrize("address", ["127.0.0.1:444", "ftp://x", "http://user:password@x:444", "http://"])
def test_what_is_no_address_of_an_mserver_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="Adresa mServeru"):
        mserver(address)


@pytest.mark.parametrize(
    "name", ["Uhrazeno", "VPrUhrazenoCelkem", "VPrUhrazeno]; DROP", "KcLikv", "SText", "Labels", "Pozn3"]
)
def test_marks_go_only_to_user_fields_and_notes(name: str) -> None:
    with pytest.raises(ValidationError, match=r"VPr|písmena"):
        Agenda(amount_field=name)


def test_a_field_is_taken_without_the_spaces_around_it() -> None:
    assert Agenda(amount_field=" VPrUhrazeno ").amount_field == "VPrUhrazeno"


@pytest.mark.parametrize("name", ["PDoklad; --", "číslo", "a b"])
def test_a_column_is_letters_digits_and_underscores(name: str) -> None:
    with pytest.raises(ValidationError, match="písmena"):
        Agenda(reference_column=name)


def test_each_mark_needs_a_field_of_its_own() -> None:
    with pytest.raises(ValidationError, match="každé své pole"):
        Agenda(amount_field="VPrUhrazeno", count_field="vpruhrazeno")


def test_all_marks_can_share_one_note_and_not_two() -> None:
    agenda = Agenda(amount_field=" pozn2", count_field="POZN2", paid_field="VPrUhrazVse")
    assert (agenda.amount_field, agenda.count_field, agenda.note) == ("Pozn2", "Pozn2", "Pozn2")
    with pytest.raises(ValidationError, match="všechny do téže"):
        Agenda(amount_field="Pozn2", count_field="Pozn")
    with pytest.raises(ValidationError, match="nemůže nést úhrady"):
        Agenda(amount_field="Pozn2", reference_column="pozn2")


@pytest.mark.parametrize("ico", ["", "CZ12345678", "123456789"])
def test_a_company_number_is_up_to_eight_digits(ico: str, unit: PohodaUnit) -> None:
    with pytest.raises(ValidationError, match="ico"):
        PohodaUnit(ico=ico, database=unit.database, mserver=unit.mserver)
