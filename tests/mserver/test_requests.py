"""What the product sends: updates of existing documents by id, of configured fields only, with stable ids."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.pohoda import Agenda, is_note
from tasks.errors import SettingError
from tasks.mserver.guard import guard
from tasks.mserver.requests import (
    IMPOSSIBLE_ID,
    MarkFields,
    Pack,
    Update,
    list_pack,
    probe_pack,
    update_pack,
)
from tasks.mserver.schema import NAMESPACES
from tasks.tables import AGENDAS
from tasks.xml import Element, parse
from tests.mserver.firm import FIELDS, ICO, sample

ALL = MarkFields("VPrUhrazeno", "VPrPocetPlateb", "VPrUhrazenoVse")
PAID = Update("received_order", 1001, 150050, 2, False, ALL, write=1)

names = st.from_regex(r"VPr[A-Za-z0-9_]{1,13}", fullmatch=True) | st.just("Pozn2")
fields = st.builds(MarkFields, st.just("") | names, st.just("") | names, st.just("") | names).filter(
    lambda some: some.marks != frozenset()
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cn"]) | st.sampled_from("\r\n\t<&]]>")).filter(
    lambda text: not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
)


def update_of(
    agenda: str, row: int, amount: int, count: int, paid: bool, fields: MarkFields, write: int, text: str
) -> Update:
    return Update(agenda, row, amount, count, paid, fields, write, text if fields.note else None)


updates = st.builds(
    update_of,
    st.sampled_from(AGENDAS),
    st.integers(1, 2**31 - 2),
    st.integers(-(10**15), 10**15),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    fields,
    st.integers(0, 10**9),
    texts,
)


def content(pack: Pack) -> list[Element]:
    return [item[0] for item in parse(pack.body, what="the request")]


def sent_values(pack: Pack) -> dict[str, tuple[str, str]]:
    """Value element's local name and text by field name."""
    parameters = parse(pack.body, what="the request").iterfind(".//typ:parameter", NAMESPACES)
    return {p[0].text or "": (str(p[1].tag).partition("}")[2], p[1].text or "") for p in parameters}


@settings(deadline=None)
@given(st.lists(updates, min_size=1, max_size=8, unique_by=lambda update: update.id))
def test_whatever_is_to_be_marked_goes_as_an_update_of_an_existing_document(some: list[Update]) -> None:
    pack = update_pack(some, ICO)
    guard(pack)
    for update, document in zip(some, content(pack), strict=True):
        asked = document.xpath("*[local-name()='actionType']/*/ftr:filter/ftr:id", namespaces=NAMESPACES)
        assert [node.text for node in asked] == [str(update.document_id)]
        assert str(asked[0].getparent().getparent().tag).endswith("}update")
        assert document[0].tag == asked[0].getparent().getparent().getparent().tag


@settings(deadline=None)
@given(updates)
def test_only_configured_fields_are_sent_each_in_the_form_of_its_type(update: Update) -> None:
    sent = sent_values(update_pack([update], ICO))
    expected = {
        update.fields.amount: ("currencyValue", f"{update.amount / 100:.2f}"),
        update.fields.count: ("integerValue", str(update.count)),
        update.fields.paid: ("booleanValue", "true" if update.paid else "false"),
    }
    user_fields = {name for name in expected if name and not is_note(name)}
    if abs(update.amount) < 2**52 and len(set(expected)) == 3:
        assert sent == {name: value for name, value in expected.items() if name in user_fields}
    assert set(sent) == user_fields


@settings(deadline=None)
@given(updates.filter(lambda update: update.note is not None))
def test_the_text_of_a_note_arrives_character_by_character(update: Update) -> None:
    header = content(update_pack([update], ICO))[0][1]
    notes = [part for part in header if str(part.tag).endswith("}intNote")]
    assert [part.text or "" for part in notes] == [update.note]


def test_a_note_goes_with_its_text_and_a_text_with_its_note() -> None:
    with pytest.raises(ValueError, match="text of its note"):
        Update("received_order", 1, 1, 1, True, MarkFields(amount="Pozn"), write=1)
    with pytest.raises(ValueError, match="text of its note"):
        dataclasses.replace(PAID, note="x")
    assert "tajné" not in repr(Update("received_order", 1, 1, 1, True, MarkFields(paid="Pozn"), 1, "tajné"))


@settings(deadline=None)
@given(updates, updates)
def test_ids_are_the_same_for_the_same_write_and_for_no_other(one: Update, other: Update) -> None:
    again = dataclasses.replace(one)
    assert update_pack([one], ICO) == update_pack([again], ICO)
    assert len(one.id) <= 64
    assert len(update_pack([one], ICO).id) <= 64
    if update_pack([one], ICO).body != update_pack([other], ICO).body:
        assert (one.id, update_pack([one], ICO).id) != (other.id, update_pack([other], ICO).id)


def test_a_mark_that_comes_back_to_an_earlier_value_is_a_write_of_its_own() -> None:
    assert PAID.id != dataclasses.replace(PAID, write=7).id


def test_an_order_goes_in_the_form_that_the_schema_has_prepared() -> None:
    prepared = parse(sample("update_order"), what="the sample")[0][0]
    ours = content(update_pack([PAID], ICO))[0]
    assert [(node.tag, (node.text or "").strip()) for node in ours.iter()] == [
        (node.tag, (node.text or "").strip()) for node in prepared.iter()
    ]


@pytest.mark.parametrize(
    ("agenda", "kind"),
    [("issued_invoice", "issuedInvoice"), ("advance_invoice", "issuedAdvanceInvoice")],
)
def test_both_kinds_of_invoices_go_in_the_analogous_form(agenda: str, kind: str) -> None:
    analogous = parse(sample("update_invoice"), what="the sample")[0][0]
    ours = content(update_pack([dataclasses.replace(PAID, agenda=agenda, document_id=2001)], ICO))[0]
    texts = [(node.text or "").strip() for node in ours.iter()]
    assert [node.tag for node in ours.iter()] == [node.tag for node in analogous.iter()]
    assert kind in texts


def test_what_windows_1250_cannot_hold_goes_as_a_numeric_reference() -> None:
    body = update_pack([PAID], "Ω1").body
    assert b"&#937;1" in body
    assert body.startswith(b'<?xml version="1.0" encoding="Windows-1250"?>')
    assert "Stav úhrad".encode("cp1250") in body


@pytest.mark.parametrize(
    "name", ["VPrUhrazenoCelkem", "Uhrazeno", "VPr", "VPrÚhrada", "VPr Uhrazeno", "RefVPrStav"]
)
def test_a_field_that_cannot_be_sent_is_a_setting_to_correct(name: str) -> None:
    with pytest.raises(SettingError, match="name that mServer cannot take"):
        MarkFields(amount=name)


def test_an_agenda_that_is_not_used_has_no_fields() -> None:
    assert MarkFields.of(Agenda(**FIELDS)).marks == {"amount", "count", "paid"}
    assert MarkFields.of(Agenda(active=False, **FIELDS)).marks == frozenset()


def test_nothing_is_built_without_a_field_without_an_id_or_twice() -> None:
    with pytest.raises(ValueError, match="no field for any mark"):
        update_pack([dataclasses.replace(PAID, fields=MarkFields())], ICO)
    with pytest.raises(ValueError, match="not a document's id"):
        update_pack([dataclasses.replace(PAID, document_id=0)], ICO)
    with pytest.raises(ValueError, match="each of its own id"):
        update_pack([PAID, PAID], ICO)
    with pytest.raises(ValueError, match="needs items"):
        update_pack([], ICO)


def test_the_probe_names_no_possible_document_and_carries_nothing_to_set_or_to_create_from() -> None:
    pack = probe_pack(ICO)
    guard(pack)
    for document in content(pack):
        assert [str(part.tag).partition("}")[2] for part in document] == ["actionType"]
        assert [node.text for node in document.iterfind(".//ftr:id", NAMESPACES)] == [str(IMPOSSIBLE_ID)]
        assert all(set(node.attrib) <= {"version"} for node in document.iter())


@pytest.mark.parametrize("agenda", AGENDAS)
def test_a_question_for_a_document_only_reads(agenda: str) -> None:
    pack = list_pack(agenda, 5, ICO)
    guard(pack)
    assert not pack.imports


@pytest.mark.parametrize("name", ["update_order", "update_invoice"])
def test_the_guard_lets_an_update_by_id_pass(name: str) -> None:
    guard(Pack("x", ("y",), sample(name), imports=True))


@pytest.mark.parametrize(
    "name",
    [
        "create_order",
        "create_invoice",
        "create_advance_invoice",
        "settlement",
        "user_agenda",
        "define_parameters",
        "list_request",
        "answer_ok",
    ],
)
def test_the_guard_stops_every_other_kind_of_request(name: str) -> None:
    with pytest.raises(ValueError, match=r"not sent|must be a data pack"):
        guard(Pack("x", ("y",), sample(name), imports=True))


def test_the_guard_lets_a_reading_pack_only_read() -> None:
    guard(Pack("x", ("y",), sample("list_request"), imports=False))
    with pytest.raises(ValueError, match="not sent"):
        guard(Pack("x", ("y",), sample("update_order"), imports=False))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b"<ord:update>", b'<ord:update add="true">'),
        (b"<ftr:id>1001</ftr:id>", b"<ftr:id>0</ftr:id>"),
        (b"<ftr:id>1001</ftr:id>", b""),
        (b"<ftr:id>1001</ftr:id>", b"<ftr:id/><ftr:id>1001</ftr:id>"),
        (b"<ftr:filter>", b"<!-- x --><ftr:filter>"),
        (b"<ord:orderHeader>", b"<ord:links/><ord:orderHeader>"),
        (b"<ord:orderHeader>", b"<ord:orderHeader><ord:date>2026-01-15</ord:date>"),
        (b"<ord:orderHeader>", b"<ord:orderHeader><ord:intNote><ord:date/></ord:intNote>"),
        (b"<ord:actionType>", b"<ord:links/><ord:actionType>"),
        (b"ord:orderHeader>", b"ord:orderDetail>"),
        (b"ord:update>", b"ord:delete>"),
        (b"ord:actionType>", b"ord:action>"),
        (b"</ord:order>", b"</ord:order><ord:order/>"),
        (b"dat:dataPackItem", b"dat:item"),
    ],
)
def test_the_guard_stops_an_update_that_was_tampered_with(found: bytes, put: bytes) -> None:
    body = sample("update_order")
    assert found in body
    with pytest.raises(ValueError, match=r"not sent|just one element"):
        guard(Pack("x", ("y",), body.replace(found, put), imports=True))
