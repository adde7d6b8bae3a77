"""Whatever answers in mServer's place, it ends in one of the house's errors or harmless text, nothing more."""

from __future__ import annotations

from html import escape

import pytest

from sandbox.faults import Fault
from sandbox.mserver import SandboxMServer
from tasks.errors import BadRecord, PohodaPaymentsError
from tasks.mserver import responses, status
from tasks.mserver.client import MServerClient, WrongUnit
from tasks.mserver.responses import read_answer
from tasks.mserver.status import read_status
from tasks.xml import LARGEST
from tests.attacks import ATTACKS, FORGED, LAUGHTER, MARKUP, OUTSIDE, PARAMETER, QUADRATIC
from tests.mserver.firm import sample
from tests.mserver.test_client import QUESTION, UPDATE

TURNED = "26\u202e01\u2066\u200b" + MARKUP
"""Markup with marks of direction and of no width, as XML may carry it."""


def told(error: PohodaPaymentsError) -> str:
    return f"{error} {error!r} {error.__cause__!r}"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_in_words_of_this_house(
    mserver: SandboxMServer, client: MServerClient, attack: str
) -> None:
    """Answers that the attack leaves right are none of its business; no other kind of error may come out."""
    mserver.faults.always = ATTACKS[attack]
    for ask in (client.status, client.company, lambda: client.post(QUESTION), lambda: client.post(UPDATE)):
        try:
            shown = repr(ask())
        except PohodaPaymentsError as error:
            shown = told(error)
        assert FORGED not in shown
        assert "\u202e" not in shown
        assert "root:" not in shown
        assert len(shown) < 5_000


@pytest.mark.parametrize("body", [LAUGHTER, QUADRATIC, OUTSIDE, PARAMETER, b"<a>" * 100_000])
def test_xml_that_would_grow_or_reach_out_is_not_read(body: bytes) -> None:
    for read in (read_answer, read_status):
        with pytest.raises(BadRecord):
            read(body)


def test_an_entity_of_a_file_within_a_right_answer_is_not_read() -> None:
    body = sample("answer_mixed")
    declared = body.replace(b"?>", b'?><!DOCTYPE r [<!ENTITY o SYSTEM "file:///etc/passwd">]>', 1)
    with pytest.raises(BadRecord, match="document type"):
        read_answer(declared.replace("Doklad spadá".encode("cp1250"), b"&o;"))


def test_an_answer_without_end_is_not_read() -> None:
    with pytest.raises(BadRecord, match="larger"):
        read_answer(b"<a>" + b" " * LARGEST)


def test_what_mserver_says_of_itself_and_of_documents_is_one_short_line_without_invisible_marks() -> None:
    said = escape(TURNED + " x" * 5_000).encode("cp1250", "xmlcharrefreplace")
    body = sample("answer_ok")
    for found in (b"14000.1 SQL (1.1.2026)", b"26OP00001"):
        assert found in body
        body = body.replace(found, said)
    answer = read_answer(body)
    produced = answer.items[0].produced
    assert produced is not None
    for text in (answer.release, produced.number):
        assert text.startswith("2601<script>")
        assert len(text) == responses.LONGEST_NOTE
    state = read_status(b"<mServer><name>" + said + b"</name></mServer>")
    assert state.name.startswith("2601<script>")
    assert len(state.name) == status.LONGEST


def test_another_units_number_without_end_does_not_fill_the_report(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    body = sample("answer_ok").replace(b'ico="12345678"', b'ico="' + b"9" * 10_000 + b'"')
    mserver.faults.then(Fault(status=200, body=body, content_type="text/xml"))
    with pytest.raises(WrongUnit) as caught:
        client.post(QUESTION)
    assert len(str(caught.value)) < 1_000
