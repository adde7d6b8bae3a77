"""
What the product can send, and what the sandbox answers, against Stormware's own schemas.

The schemas are not ours to ship; they are looked for beside the checkout, and without them these tests are
skipped. The published set takes no update of a document: that is one of the tests. For the others a private copy
is made, in a folder that is thrown away, in which the update of orders that order.xsd carries as a comment is
switched on, and an action of the same form is put into invoice.xsd, which has none. No published release is like
that copy.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from sandbox.mserver import SandboxMServer, open_mserver
from tasks.mserver.requests import (
    Pack,
    Settlement,
    Update,
    list_pack,
    probe_pack,
    settlement_pack,
    update_pack,
)
from tasks.tables import AGENDAS
from tasks.xml import parse
from tests.mserver.firm import ADVANCE, ICO, INVOICE, ORDER, MemoryUnit, sample
from tests.mserver.test_requests import ALL, updates
from tests.mserver.test_simulator import login
from tests.writers.test_settlement import some_settlements

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "pohoda-xsd"

pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the reference schemas are not beside the checkout")


def schema(folder: Path, name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(folder / name, etree.XMLParser(no_network=True)))


@pytest.fixture(scope="module")
def published() -> etree.XMLSchema:
    """The official set, as it is."""
    return schema(SCHEMAS, "data.xsd")


@pytest.fixture(scope="module")
def switched_on(tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The private copy with update; see the top of this file."""
    folder = tmp_path_factory.mktemp("switched-on")
    for file in SCHEMAS.glob("*.xsd"):
        shutil.copyfile(file, folder / file.name)
    orders, invoices = folder / "order.xsd", folder / "invoice.xsd"
    orders.write_bytes(with_update_of_orders(orders.read_bytes()))
    invoices.write_bytes(with_update_of_invoices(invoices.read_bytes()))
    return schema(folder, "data.xsd")


def with_update_of_orders(text: bytes) -> bytes:
    """order.xsd with the one comment opened that holds the update action."""
    opened, count = re.subn(
        rb'<!--\s*(<xsd:element name="update" type="ftr:requestOrderType">.*?</xsd:element>)\s*-->',
        rb"\1",
        text,
        flags=re.DOTALL,
    )
    assert count == 1
    return opened


def with_update_of_invoices(text: bytes) -> bytes:
    """invoice.xsd with an action type invented by analogy with orders, at the place where orders have theirs."""
    ftr = b"http://www.stormware.cz/schema/version_2/filter.xsd"
    action = (
        b'<xsd:element name="actionType" minOccurs="0"><xsd:complexType><xsd:choice>'
        b'<xsd:element name="update" type="ftr:requestInvoiceType" xmlns:ftr="' + ftr + b'"/>'
        b"</xsd:choice></xsd:complexType></xsd:element>"
    )
    imported = b'<xsd:import namespace="' + ftr + b'" schemaLocation="filter.xsd"/>'
    parts = (
        (b'<xsd:element name="cancelDocument"', action + b'<xsd:element name="cancelDocument"'),
        (b"<xsd:import ", imported + b"<xsd:import "),
    )
    for found, put in parts:
        assert found in text
        text = text.replace(found, put, 1)
    return text


@pytest.fixture(scope="module")
def answers() -> etree.XMLSchema:
    return schema(SCHEMAS, "response.xsd")


@pytest.fixture(scope="module")
def mserver() -> Iterator[SandboxMServer]:
    with open_mserver(MemoryUnit(), accepts_updates=True) as opened:
        yield opened


def valid(against: etree.XMLSchema, body: bytes) -> None:
    against.assertValid(parse(body, what="the document").getroottree())


@pytest.mark.parametrize("agenda", AGENDAS)
def test_reading_requests_are_valid_as_published(published: etree.XMLSchema, agenda: str) -> None:
    valid(published, list_pack(agenda, 5, ICO).body)


@pytest.mark.parametrize("agenda", AGENDAS)
def test_the_published_set_refuses_updates_for_their_action_and_nothing_else(
    published: etree.XMLSchema, agenda: str
) -> None:
    pack = update_pack([Update(agenda, 1001, 150050, 2, False, ALL, write=1)], ICO)
    assert not published.validate(parse(pack.body, what="the request").getroottree())
    (error,) = published.error_log
    assert re.search(
        "update'?: This element is not expected|actionType'?: This element is not expected", error.message
    )


def test_the_published_set_refuses_the_probe(published: etree.XMLSchema) -> None:
    assert not published.validate(parse(probe_pack(ICO).body, what="the request").getroottree())
    assert len(published.error_log) == 2


def test_the_probe_is_valid_where_updates_are_switched_on(switched_on: etree.XMLSchema) -> None:
    valid(switched_on, probe_pack(ICO).body)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=st.lists(updates, min_size=1, max_size=5, unique_by=lambda update: update.id))
def test_whatever_is_to_be_marked_is_valid_where_updates_are_switched_on(
    switched_on: etree.XMLSchema, some: list[Update]
) -> None:
    valid(switched_on, update_pack(some, ICO).body)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=st.lists(some_settlements, min_size=1, max_size=5, unique_by=lambda one: one.id))
def test_whatever_is_to_be_settled_is_valid_as_published(
    published: etree.XMLSchema, some: list[Settlement]
) -> None:
    valid(published, settlement_pack(some, ICO).body)


@pytest.mark.parametrize("amount", [150050, 150051], ids=["done", "refused"])
def test_the_sandbox_answers_a_settlement_as_the_published_set_wants(
    answers: etree.XMLSchema, amount: int
) -> None:
    firm = MemoryUnit()
    firm.open[INVOICE] = Decimal("1500.50")
    with open_mserver(firm) as mserver:
        pack = settlement_pack(
            [Settlement(ICO, *INVOICE, "260100001", "fio:1", "p1", amount, dt.date(2026, 6, 1))], ICO
        )
        answer = httpx.post(f"{mserver.address}/xml", content=pack.body, headers=login(mserver))
    valid(answers, answer.content)
    assert firm.open[INVOICE] == (0 if amount == 150050 else Decimal("1500.50"))


@pytest.mark.parametrize("name", ["create_order", "create_invoice", "create_advance_invoice", "list_request"])
def test_the_samples_of_requests_are_valid_as_published(published: etree.XMLSchema, name: str) -> None:
    valid(published, sample(name))


@pytest.mark.parametrize(
    "name",
    [
        "answer_ok",
        "answer_pack_refused",
        "answer_item_not_valid",
        "answer_mixed",
        "answer_duplicate",
        "answer_list",
    ],
)
def test_the_samples_of_answers_are_valid(answers: etree.XMLSchema, name: str) -> None:
    valid(answers, sample(name))


def marked(write: int = 1) -> Pack:
    keys = (ORDER, INVOICE, ADVANCE, ("received_order", 5))
    return update_pack([Update(*key, 150050, 2, True, ALL, write) for key in keys], ICO)


@pytest.mark.parametrize("accepts_updates", [True, False])
@pytest.mark.parametrize("shape", ["inner_error", "ok", "item_error"])
def test_every_answer_of_the_sandbox_is_valid(
    mserver: SandboxMServer, answers: etree.XMLSchema, accepts_updates: bool, shape: str
) -> None:
    mserver.accepts_updates, mserver.when_not_found = accepts_updates, shape  # pyright: ignore[reportAttributeAccessIssue]
    mserver.fields = {**mserver.fields, "VPrUhrazenoVse": "booleanValue"}
    created, refused = sample("create_order"), sample("create_order").replace(b'ico="12345678"', b'ico="1"')
    reading = (list_pack(*ORDER, ICO).body, list_pack("issued_invoice", 5, ICO).body)
    for body in (marked().body, marked().body, probe_pack(ICO).body, created, refused, *reading):
        valid(answers, answered(mserver, body))


def answered(mserver: SandboxMServer, body: bytes) -> bytes:
    headers = login(mserver) | {"STW-Check-Duplicity": "true"}
    return httpx.post(f"{mserver.address}/xml", content=body, headers=headers).content
