"""The sandbox's mServer is as strict as the real one, above all about what creates a document."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
from pathlib import Path

import httpx
import pytest

from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, SandboxPohoda
from sandbox.world import Marks, Paper, World
from tasks.mserver.requests import MarkFields, Update, list_pack, update_pack
from tasks.mserver.responses import ItemAnswer, PackAnswer, Produced, read_answer
from tasks.mserver.schema import NAMESPACES
from tasks.mserver.status import read_status
from tests.mserver.firm import ICO, ORDER, MemoryUnit, sample


def login(mserver: SandboxMServer) -> dict[str, str]:
    pair = base64.b64encode(f"{mserver.user}:{mserver.password}".encode()).decode()
    return {"STW-Authorization": f"Basic {pair}", "Content-Type": "text/xml"}


def post(mserver: SandboxMServer, body: bytes, **headers: str) -> PackAnswer:
    answer = httpx.post(f"{mserver.address}/xml", content=body, headers=login(mserver) | headers)
    assert answer.status_code == 200
    return read_answer(answer.content)


def only(answer: PackAnswer) -> ItemAnswer:
    (item,) = answer.items
    return item


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/", 404), ("GET", "/xml", 405), ("POST", "/xml", 401), ("GET", "/status?companyDetail", 401)],
)
def test_path_then_method_then_login_are_checked(
    mserver: SandboxMServer, method: str, path: str, status: int
) -> None:
    assert httpx.request(method, mserver.address + path).status_code == status


def test_the_standard_login_header_does_not_count(mserver: SandboxMServer) -> None:
    assert httpx.post(f"{mserver.address}/xml", auth=(mserver.user, mserver.password)).status_code == 401


def test_the_state_may_also_be_asked_by_post(mserver: SandboxMServer) -> None:
    state = read_status(httpx.post(f"{mserver.address}/status").content)
    assert (state.name, state.idle, state.company) == ("platby", True, "")


def test_answers_are_windows_1250_and_compressed_when_asked_for(mserver: SandboxMServer) -> None:
    plain = httpx.post(
        f"{mserver.address}/xml",
        content=sample("list_request"),
        headers=login(mserver) | {"Accept-Encoding": "identity"},
    )
    assert plain.content.startswith(b'<?xml version="1.0" encoding="Windows-1250"?>')
    assert "Stav úhrad".encode("cp1250") in plain.content
    packed = httpx.post(f"{mserver.address}/xml", content=sample("list_request"), headers=login(mserver))
    assert packed.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("name", ["create_order", "create_invoice", "create_advance_invoice"])
@pytest.mark.parametrize("accepts_updates", [True, False])
def test_an_item_without_an_action_creates_a_document(
    mserver: SandboxMServer, name: str, accepts_updates: bool
) -> None:
    mserver.accepts_updates = accepts_updates
    item = only(post(mserver, sample(name)))
    assert item.produced is not None
    assert item.produced.action == "add"
    assert mserver.created == [item.id]


@pytest.mark.parametrize("name", ["update_order", "update_invoice"])
def test_a_release_with_the_published_schema_refuses_an_update_and_does_the_other_items(
    mserver: SandboxMServer, firm: MemoryUnit, name: str
) -> None:
    refused, listing = sample(name).decode("cp1250"), list_pack(*ORDER, ICO).body.decode("cp1250")
    item = listing[listing.index("<dat:dataPackItem") : listing.index("</dat:dataPack>")]
    item = item.replace("<lst:listOrderRequest", f'<lst:listOrderRequest xmlns:lst="{NAMESPACES["lst"]}"')
    answer = post(mserver, refused.replace("</dat:dataPack>", item + "</dat:dataPack>").encode("cp1250"))
    assert [item.state for item in answer.items] == ["error", "ok"]
    assert "validace dokumentu podle schématu" in answer.items[0].note
    assert answer.items[0].inner == ""
    assert firm.untouched


def test_a_release_with_updates_switched_on_sets_the_fields_and_creates_nothing(
    mserver: SandboxMServer, firm: MemoryUnit
) -> None:
    mserver.accepts_updates = True
    mserver.fields = {**mserver.fields, "VPrUhrazenoVse": "booleanValue"}
    item = only(post(mserver, sample("update_order")))
    assert item.produced is not None
    assert (item.produced.id, item.produced.action) == (1001, "update")
    assert firm.values[ORDER] == {"VPrUhrazeno": 1500.5, "VPrPocetPlateb": 2, "VPrUhrazenoVse": False}
    assert mserver.created == []


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("currencyValue>1500.50", "currencyValue>1500,50"),
        ("currencyValue>1500.50", "currencyValue>"),
        ("booleanValue>false", "booleanValue>0"),
        ("integerValue>2", "integerValue>2.0"),
        ("VPrUhrazeno<", "VPrUhrazenoCelkem<"),
        ("<typ:name>VPrUhrazeno</typ:name>", ""),
        ("ftr:id>1001", "ftr:id>0"),
        ('dataPackItem version="2.0"', 'dataPackItem version="3.0"'),
        ("</ord:order>", "</ord:order><ord:order/>"),
        ("ord:order>", "ord:nic>"),
        ("<ord:orderHeader>", "<ord:orderSummary/><ord:orderHeader>"),
        ("<ord:orderHeader>", "<ord:nic/><ord:orderHeader>"),
        ("<ord:orderHeader>", "<typ:nic/><ord:orderHeader>"),
    ],
)
def test_an_item_that_the_schema_does_not_allow_is_refused(
    mserver: SandboxMServer, firm: MemoryUnit, found: str, put: str
) -> None:
    mserver.accepts_updates = True
    body = sample("update_order").decode("cp1250")
    assert found in body
    body = body.replace("<ord:order ", "<ord:nic ") if found == "ord:order>" else body
    item = only(post(mserver, body.replace(found, put).encode("cp1250")))
    assert (item.state, item.inner) == ("error", "")
    assert "schématu" in item.note
    assert firm.untouched


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("VPrUhrazeno<", "VPrNeznamy<"),
        ("currencyValue", "textValue"),
    ],
)
def test_a_field_that_the_unit_does_not_have_or_of_another_type_is_refused(
    mserver: SandboxMServer, firm: MemoryUnit, found: str, put: str
) -> None:
    mserver.accepts_updates = True
    item = only(post(mserver, sample("update_order").decode("cp1250").replace(found, put).encode("cp1250")))
    assert (item.inner, item.inner_state, item.complaint[0]) == ("orderResponse", "error", "110")
    assert firm.untouched


def test_an_invoice_without_its_kind_or_with_an_update_of_the_other_kind_is_refused(
    mserver: SandboxMServer, firm: MemoryUnit
) -> None:
    mserver.accepts_updates = True
    body = sample("update_invoice")
    kindless = body.replace(b"<inv:invoiceType>issuedInvoice</inv:invoiceType>", b"")
    assert "invoiceType" in only(post(mserver, kindless)).note
    other = body.replace(b"issuedInvoice", b"issuedAdvanceInvoice")
    assert only(post(mserver, other)).complaint == ("109", "Záznam nebyl nalezen.")
    assert firm.untouched


def test_a_repeated_item_is_recognised_only_when_asked_to(mserver: SandboxMServer) -> None:
    body = sample("create_order")
    for _ in range(2):
        assert only(post(mserver, body)).state == "ok"
    again = only(post(mserver, body, **{"STW-Check-Duplicity": "true"}))
    assert (again.state, again.duplicates) == ("error", (900002,))
    assert len(mserver.created) == 2


def test_deleting_is_not_for_us(mserver: SandboxMServer) -> None:
    body = sample("update_order").replace(b"ord:update>", b"ord:delete>")
    assert only(post(mserver, body)).complaint[0] == "101"


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ('ico="12345678"', 'ico="87654321"'),
        ('note="Stav úhrad"', ""),
        ('id="PP-20260101-0001"', f'id="{"x" * 65}"'),
        ("dataPackItem", "item"),
    ],
)
def test_a_pack_of_another_unit_or_without_its_envelope_is_refused_whole(
    mserver: SandboxMServer, found: str, put: str
) -> None:
    answer = post(mserver, sample("create_order").decode("cp1250").replace(found, put).encode("cp1250"))
    assert (answer.state, answer.id, answer.items) == ("error", "", ())
    assert mserver.created == []


def test_a_body_that_is_not_xml_is_a_bad_request(mserver: SandboxMServer) -> None:
    answer = httpx.post(f"{mserver.address}/xml", content=b"<dat", headers=login(mserver))
    assert answer.status_code == 400


def test_compressed_requests_are_read(mserver: SandboxMServer) -> None:
    body = gzip.compress(sample("create_order"))
    assert only(post(mserver, body, **{"Content-Encoding": "gzip"})).state == "ok"


@pytest.mark.parametrize("name", ["list_request", "settlement"])
def test_what_the_sandbox_does_not_know_is_refused_item_by_item(mserver: SandboxMServer, name: str) -> None:
    assert {item.state for item in post(mserver, sample(name)).items} == {"error"}


def test_marks_arrive_in_the_database_of_the_sandbox(tmp_path: Path) -> None:
    day = dt.date(2026, 11, 23)
    paper = Paper("received_order", 1001, "26OP00001", 150050, day)
    pohoda = SandboxPohoda.build(World(1, day, (paper,), ()), tmp_path)
    fields = MarkFields(AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD)
    pack = update_pack([Update(*ORDER, 150050, 2, True, fields, write=1)], pohoda.ico)
    with open_mserver(pohoda, accepts_updates=True) as mserver:
        item = only(post(mserver, pack.body))
    assert item.produced == Produced(1001, "26OP00001", "update")
    assert pohoda.marks()[ORDER] == Marks(150050, 2, True)
