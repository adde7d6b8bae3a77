"""What mServer answers is read strictly: every real shape, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from tasks.errors import BadRecord
from tasks.mserver.responses import Detail, Produced, read_answer
from tasks.mserver.status import Status, read_status
from tests.mserver.firm import sample


def test_a_done_item_tells_what_was_done_to_which_document() -> None:
    answer = read_answer(sample("answer_ok"))
    assert (answer.id, answer.state, answer.ico) == ("PP-20260101-0001", "ok", "12345678")
    assert answer.release == "14000.1 SQL (1.1.2026)"
    item = answer.to("OBJ-1001")
    assert item is not None
    assert (item.state, item.inner, item.inner_state) == ("ok", "orderResponse", "ok")
    assert item.produced == Produced(1001, "26OP00001", "add")


def test_a_refused_pack_tells_why_in_its_note_and_has_no_items() -> None:
    answer = read_answer(sample("answer_pack_refused"))
    assert (answer.id, answer.state, answer.items) == ("", "error", ())
    assert answer.note == "Uživatel není oprávněn importovat XML soubory."


def test_an_item_that_is_not_valid_has_a_note_and_no_inner_response() -> None:
    item = read_answer(sample("answer_item_not_valid")).to("FA-0012")
    assert item is not None
    assert (item.state, item.inner, item.complaint) == ("error", "", ("", "(text validační chyby)"))


def test_the_items_of_a_mixed_pack_have_each_their_own_result() -> None:
    answer = read_answer(sample("answer_mixed"))
    settlement, adjusted, refused = (answer.to(name) for name in ("LIK-1", "FA-0002", "FA-0003"))
    assert settlement is not None
    assert adjusted is not None
    assert refused is not None
    assert settlement.produced == Produced(501, "", "liquidationWithoutLink")
    assert adjusted.details == (Detail("warning", 603, "Hodnota prvku musela být upravena."),)
    assert adjusted.complaint == ("", "")
    assert (refused.inner_state, refused.produced) == ("error", None)
    assert refused.complaint == ("103", "Doklad spadá do uzavřeného období DPH.")


def test_a_repeated_item_names_the_document_it_went_to() -> None:
    item = read_answer(sample("answer_duplicate")).to("OBJ-1001")
    assert item is not None
    assert (item.state, item.duplicates) == ("error", (1001,))


def test_a_list_gives_the_numbers_of_its_documents() -> None:
    item = read_answer(sample("answer_list")).to("SEZ-1")
    assert item is not None
    assert item.numbers == ((1001, "26OP00001"),)


def test_an_item_that_is_missing_or_answered_twice_has_no_result() -> None:
    body = sample("answer_ok")
    item = body[body.index(b"<rsp:responsePackItem") : body.index(b"</rsp:responsePack>")]
    assert read_answer(body).to("OBJ-1002") is None
    assert read_answer(body.replace(item, item + item)).to("OBJ-1001") is None


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b'state="ok" programVersion', b'state="fine" programVersion'),
        (b'id="OBJ-1001" state="ok"', b'id="OBJ-1001"'),
        (b"rsp:responsePackItem", b"rsp:item"),
        (b"rsp:responsePack ", b"rsp:pack "),
        (b"<ord:orderResponse", b"<rsp:errorDetail/><ord:orderResponse"),
        (b"</rsp:responsePack>", b""),
        (b"?>", b"?><!DOCTYPE rsp>"),
    ],
)
def test_an_answer_of_another_shape_is_not_understood(found: bytes, put: bytes) -> None:
    body = sample("answer_ok").replace(found, put)
    if put == b"rsp:pack ":
        body = body.replace(b"</rsp:responsePack>", b"</rsp:pack>")
    assert body != sample("answer_ok")
    with pytest.raises(BadRecord):
        read_answer(body)


def test_a_detail_of_an_unknown_state_is_not_understood() -> None:
    with pytest.raises(BadRecord, match="state"):
        read_answer(sample("answer_mixed").replace(b"<rdc:state>warning", b"<rdc:state>odd"))


@pytest.mark.parametrize("text", ["abc", "", "9" * 5000, "1.5", "٣"])
def test_a_document_id_that_is_not_a_number_is_none(text: str) -> None:
    body = sample("answer_ok").decode("cp1250").replace("Windows-1250", "UTF-8")
    item = read_answer(body.replace("<rdc:id>1001", f"<rdc:id>{text}").encode()).to("OBJ-1001")
    assert item is not None
    assert item.produced is not None
    assert item.produced.id is None


def test_an_answer_is_decoded_as_its_declaration_says() -> None:
    told = sample("answer_pack_refused").decode("cp1250")
    as_utf8 = told.replace("Windows-1250", "UTF-8").encode()
    assert read_answer(as_utf8) == read_answer(sample("answer_pack_refused"))


def test_a_note_is_one_line_of_bounded_length() -> None:
    body = sample("answer_item_not_valid").replace("(text validační".encode("cp1250"), b"a\n  b" + b"c" * 1000)
    note = read_answer(body).items[0].note
    assert note.startswith("a bccc")
    assert len(note) == 300


def test_the_state_tells_the_unit_at_whatever_depth() -> None:
    told = Status(
        "platby",
        "idle",
        0,
        "Zkušební firma s.r.o.",
        "StwPh_12345678_2026",
        "2026",
        "1.1.2026 - 31.12.2026",
    )
    assert read_status(sample("status")) == told
    flat = sample("status").replace(b"<companyDetail>", b"").replace(b"</companyDetail>", b"")
    assert read_status(flat) == told


def test_a_server_with_requests_in_work_is_not_idle() -> None:
    assert read_status(sample("status")).idle
    assert not read_status(sample("status").replace(b">idle<", b">Working<")).idle
    assert not read_status(sample("status").replace(b">0<", b">2<")).idle


def test_the_page_of_another_server_is_not_a_state() -> None:
    with pytest.raises(BadRecord, match="another root"):
        read_status(b"<html><body>It works!</body></html>")
