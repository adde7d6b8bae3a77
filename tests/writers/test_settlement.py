"""Invoices are settled by mServer itself: each payment once, never more than is open, and nothing is made."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.pohoda import Agenda, PohodaUnit
from sandbox.faults import LOST, UNAVAILABLE, Fault
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from tasks.errors import SettingError, Unavailable
from tasks.loading import load
from tasks.mserver.client import MServerClient, WrongUnit
from tasks.mserver.guard import guard
from tasks.mserver.requests import Pack, Settlement, settlement_pack
from tasks.pohoda.documents import read_marks
from tasks.settlements import settlements
from tasks.tables import AGENDAS, CHANGES, table
from tasks.writers import Written
from tasks.writers.choice import same_place, writer_for
from tasks.writers.settlement import BACK, FOREIGN, MOVED, NOT_AGAIN, SettlementWriter
from tests.mserver.firm import ICO, Memory, Notebook, change, changes
from tests.writers.conftest import Sql

INVOICE, ADVANCE, FOREIGN_ADVANCE = ("issued_invoice", 11), ("advance_invoice", 13), ("advance_invoice", 14)
DONE = Written("accepted")
ONE = Settlement("issued_invoice", 11, 150050, 1)

some_settlements = st.builds(
    Settlement,
    st.sampled_from(("issued_invoice", "advance_invoice")),
    st.integers(1, 2**31 - 2),
    st.integers(1, 10**15),
    st.integers(0, 10**9),
)


@pytest.fixture
def mserver(pohoda: SandboxPohoda) -> Iterator[SandboxMServer]:
    """A release as they are today: it takes no updates, and settles."""
    with open_mserver(pohoda) as opened:
        yield opened


@pytest.fixture
def unit(pohoda: SandboxPohoda, mserver: SandboxMServer) -> PohodaUnit:
    return pohoda.unit(mserver.address, "sqlite://").model_copy(update={"writer": "settlement"})


@pytest.fixture
def writer(unit: PohodaUnit) -> SettlementWriter:
    return SettlementWriter(unit, MServerClient(unit.mserver, ICO, read_seconds=2, quick_seconds=2))


def invoice(**more: Any) -> dict[str, Any]:
    return change(INVOICE, number="260100001", **({"old_amount": 0} | more))


def answered(found: str, put: str) -> Fault:
    """The right answer with one text replaced."""

    def rewrite(body: bytes) -> bytes:
        assert found.encode("cp1250") in gzip.decompress(body)
        return gzip.compress(gzip.decompress(body).replace(found.encode("cp1250"), put.encode("cp1250")))

    return Fault(rewrite=rewrite)


def test_only_invoices_are_settled_and_only_by_amount(unit: PohodaUnit) -> None:
    unused = unit.model_copy(update={"advance_invoices": Agenda(active=False)})
    writer = SettlementWriter(unused)
    assert {agenda: writer.marks(agenda) for agenda in AGENDAS} == {
        "issued_invoice": {"amount"},
        "advance_invoice": frozenset(),
        "received_order": frozenset(),
    }


def test_an_invoice_is_settled_by_what_is_new(writer: SettlementWriter, pohoda: SandboxPohoda) -> None:
    assert writer.write(changes(invoice(new_amount=50000)), [1]) == [DONE]
    batch = changes(invoice(old_amount=50000), change(ADVANCE, number="26ZF00001", new_amount=1))
    assert writer.write(batch, [2, 3]) == [DONE, DONE]
    assert pohoda.settled() == {INVOICE: 150050, ADVANCE: 1}


def test_what_is_settled_is_read_back_as_the_mark(
    writer: SettlementWriter, unit: PohodaUnit, any_way: str
) -> None:
    writer.write(changes(invoice(new_amount=33)), [1])
    read = read_marks(unit, "issued_invoice", [11, 12])
    assert read["marked_amount"].tolist() == [33, 0]
    assert read["marked_count"].isna().all()


def test_an_invoice_that_somebody_settled_meanwhile_is_left_alone(
    writer: SettlementWriter, pohoda: SandboxPohoda, sql: Sql
) -> None:
    sql("UPDATE FA SET KcLikv = '500.0000' WHERE ID = 11")
    assert writer.write(changes(invoice()), [1]) == [MOVED]
    assert pohoda.settled() == {INVOICE: 100050}


def test_money_that_went_back_and_foreign_money_are_left_to_the_accountant(
    writer: SettlementWriter, mserver: SandboxMServer
) -> None:
    back = invoice(old_amount=150050, new_amount=0)
    foreign = change(FOREIGN_ADVANCE, number="26ZF00002", currency="EUR")
    assert writer.write(changes(back, foreign), [1, 2]) == [BACK, FOREIGN]
    assert mserver.import_requests == []


def test_more_than_is_open_is_refused_by_mserver_in_its_words(
    writer: SettlementWriter, pohoda: SandboxPohoda
) -> None:
    (said,) = writer.write(changes(invoice(new_amount=150051)), [1])
    assert (said.outcome, said.code) == ("refused", "111")
    assert pohoda.settled() == {}


def test_a_lost_answer_is_found_out_by_reading_and_nothing_is_sent_twice(
    writer: SettlementWriter, unit: PohodaUnit, mserver: SandboxMServer, pohoda: SandboxPohoda
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), LOST)
    loaded = load(changes(invoice()), writer, lambda batch: read_marks(unit, *_asked(batch)), Notebook())
    assert loaded["outcome"].tolist() == ["written"]
    assert pohoda.settled() == {INVOICE: 150050}
    assert len(mserver.import_requests) == 1


def test_a_settlement_whose_fate_is_not_known_is_not_sent_again(
    writer: SettlementWriter,
    unit: PohodaUnit,
    mserver: SandboxMServer,
    pohoda: SandboxPohoda,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), answered("liquidationWithoutLinkResponse", "x"))
    pohoda_settles_nothing(pohoda, monkeypatch)
    loaded = load(changes(invoice()), writer, lambda batch: read_marks(unit, *_asked(batch)), Notebook())
    assert loaded["outcome"].tolist() == ["unknown"]
    assert loaded["note"].tolist() == [NOT_AGAIN.note]
    assert len(mserver.import_requests) == 1


def test_what_never_arrived_may_be_sent_again(
    writer: SettlementWriter, mserver: SandboxMServer, pohoda: SandboxPohoda
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), UNAVAILABLE)
    with pytest.raises(Unavailable):
        writer.write(changes(invoice()), [1])
    assert writer.write(changes(invoice()), [1]) == [DONE]
    assert pohoda.settled() == {INVOICE: 150050}


def test_nothing_is_sent_while_mserver_has_other_work(
    writer: SettlementWriter, mserver: SandboxMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MServerClient, "wait_until_idle", lambda *_: False)
    with pytest.raises(Unavailable, match="in work"):
        writer.write(changes(invoice()), [1])
    assert mserver.import_requests == []


def test_the_same_pack_again_is_recognised_by_mserver(mserver: SandboxMServer, unit: PohodaUnit) -> None:
    for _ in range(2):
        writer = SettlementWriter(unit)
        writer.ready()
        answers = writer._answers({1: ONE})  # pyright: ignore[reportPrivateUsage]
        assert answers[1].outcome == "accepted"
    assert len(mserver.import_requests) == 2


@pytest.mark.parametrize(
    ("found", "put", "expected"),
    [
        ('<rsp:responsePackItem version="2.0" id="LIK', '<rsp:responsePackItem version="2.0" id="XXX', "unknown"),
        ("lwl:liquidationWithoutLinkResponse", "lst:listInvoice", "unknown"),
        (
            "<rdc:producedDetails><rdc:id>11</rdc:id><rdc:actionType>liquidationWithoutLink</rdc:actionType>"
            "</rdc:producedDetails>",
            "",
            "unknown",
        ),
    ],
)
def test_a_result_that_is_not_quite_one_is_unknown(
    writer: SettlementWriter, mserver: SandboxMServer, found: str, put: str, expected: str
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), answered(found, put))
    assert writer.write(changes(invoice()), [1])[0].outcome == expected


def test_anything_else_than_a_settlement_stops_everything(
    writer: SettlementWriter, mserver: SandboxMServer
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), answered("<rdc:actionType>liquidationWithoutLink", "<rdc:actionType>add"))
    with pytest.raises(SettingError, match="something else"):
        writer.write(changes(invoice()), [1])


def test_an_mserver_of_another_unit_or_year_settles_nothing(
    writer: SettlementWriter, mserver: SandboxMServer, pohoda: SandboxPohoda
) -> None:
    mserver.tells_company = False
    with pytest.raises(WrongUnit):
        writer.write(changes(invoice() | {"number": "jiné"}), [1])
    assert writer.write(changes(invoice()), [1]) == [DONE]
    mserver.tells_company, mserver.database = True, "StwPh_12345678_1999"
    with pytest.raises(WrongUnit):
        SettlementWriter(writer._unit).ready()  # pyright: ignore[reportPrivateUsage]
    assert pohoda.settled() == {INVOICE: 150050}


def test_a_document_that_mserver_does_not_know_is_refused(mserver: SandboxMServer, unit: PohodaUnit) -> None:
    writer = SettlementWriter(unit)
    unknown = Settlement("advance_invoice", 11, 1, 1)
    assert writer._answers({1: unknown})[1] == Written("refused", "109", "Záznam nebyl nalezen.")  # pyright: ignore[reportPrivateUsage]


def test_the_unit_chooses_it_and_its_marks_are_not_those_of_fields(unit: PohodaUnit) -> None:
    assert isinstance(writer_for(unit, Memory()), SettlementWriter)
    assert same_place(unit) == {"settlement"}
    assert same_place(unit.model_copy(update={"writer": "sql"})) == {"mserver", "sql"}


@settings(deadline=None)
@given(st.lists(some_settlements, min_size=1, max_size=5, unique_by=lambda one: one.id))
def test_every_settlement_passes_the_guard_and_has_an_id_of_its_own(some: list[Settlement]) -> None:
    pack = settlement_pack(some, ICO)
    guard(pack)
    assert all(len(one.id) <= 64 for one in some)
    assert pack == settlement_pack(some, ICO)


@pytest.mark.parametrize("wrong", [("received_order", 1), ("issued_invoice", 0), ("issued_invoice", -1)])
def test_nothing_else_can_be_settled(wrong: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="cannot be settled"):
        settlement_pack([Settlement(wrong[0], 11, wrong[1], 1)], ICO)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b'agenda="issuedInvoice"', b'agenda="receivedInvoice"'),
        (b'agenda="issuedInvoice"', b'agenda="issuedInvoice" x="1"'),
        (b"1500.50", b"0.00"),
        (b"1500.50", b"-1.00"),
        (b"1500.50", b"1,00"),
        (b"<ftr:id>11</ftr:id>", b"<ftr:id>0</ftr:id>"),
        (b"<ftr:id>11</ftr:id>", b""),
        (b"<ftr:id>11</ftr:id>", b"<ftr:id>11</ftr:id><ftr:id>12</ftr:id>"),
        (b"amountHome", b"amountForeign"),
        (b"<lwl:amountHome>", b"<lwl:date>2026-01-01</lwl:date><lwl:amountHome>"),
    ],
)
def test_the_guard_lets_no_other_settlement_out(found: bytes, put: bytes) -> None:
    pack = settlement_pack([ONE], ICO)
    assert found in pack.body
    with pytest.raises(ValueError, match="more than it may"):
        guard(Pack(pack.id, pack.items, pack.body.replace(found, put), imports=True))
    with pytest.raises(ValueError, match="more than it may"):
        guard(Pack(pack.id, pack.items, pack.body, imports=False))


Row = tuple[int | None, int, int | None]


@pytest.mark.parametrize(
    ("old", "new", "ours", "expected"),
    [
        (0, 100, None, 100),
        (None, 100, None, 100),
        (0, 120, None, 100),
        (40, 100, None, 100),
        (100, 120, 100, None),
        (100, 60, None, None),
        (100, 60, 60, None),
        (100, 0, 100, 0),
        (60, 30, 60, 30),
    ],
    ids=json.dumps,
)
def test_only_what_can_be_settled_or_must_be_taken_back_is_a_change(
    old: int | None, new: int, ours: int | None, expected: int | None
) -> None:
    planned = changes(invoice(old_amount=old, new_amount=new, total=100))
    kept = settlements(planned, written(ours))
    assert kept["new_amount"].tolist() == ([] if expected is None else [expected])


def written(amount: int | None) -> Any:
    rows = [] if amount is None else [{"agenda": INVOICE[0], "document_id": INVOICE[1], "amount": amount}]
    return table({"agenda": "str", "document_id": "int64", "amount": "int64"}, rows)


def test_no_change_is_no_settlement() -> None:
    assert settlements(table(CHANGES), written(5)).empty


def pohoda_settles_nothing(pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on Pohoda says yes and does nothing."""
    monkeypatch.setattr(pohoda, "settle", lambda *_: True)


def _asked(batch: Any) -> tuple[str, list[int]]:
    return batch["agenda"].iloc[0], batch["document_id"].tolist()
