"""Invoices are settled by mServer itself: each payment once, never more than is open, and nothing is made."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
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
from tasks.tables import AGENDAS, PARTS, table
from tasks.writers import Written
from tasks.writers.choice import same_place, writer_for
from tasks.writers.settlement import (
    ALREADY,
    BACK,
    FOREIGN,
    MOVED,
    NOT_AGAIN,
    NOTHING_DUE,
    Due,
    SettlementWriter,
    outcome,
)
from tests.mserver.firm import ICO, Memory, Notebook, change, changes
from tests.writers.conftest import Sql

INVOICE, ADVANCE, FOREIGN_ADVANCE = ("issued_invoice", 11), ("advance_invoice", 13), ("advance_invoice", 14)
DONE = Written("accepted")
ONE = Settlement(ICO, "issued_invoice", 11, "260100001", "fio:1", "p1", 150050)

some_settlements = st.builds(
    Settlement,
    st.just(ICO),
    st.sampled_from(("issued_invoice", "advance_invoice")),
    st.integers(1, 2**31 - 2),
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=40),
    st.integers(1, 10**15),
    st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)),
)


class Notes:
    """A notebook in memory: the state of each settlement, and those that were ever intended twice."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.payments: dict[str, str] = {}

    def intend(self, sending: pd.DataFrame) -> None:
        for row in sending.to_dict("records"):
            assert self.states.get(row["id"], "not_settled") == "not_settled"
            self.states[row["id"]] = "sent"
            self.payments[row["id"]] = row["payment_id"]

    def settle(self, states: Mapping[str, str]) -> None:
        self.states |= states

    @property
    def of_payments(self) -> dict[str, str]:
        return {self.payments[id]: state for id, state in self.states.items()}


def part(key: tuple[str, int], number: str, amount: int, payment: str = "p1", day: str = "2026-06-01") -> Any:
    return {
        "agenda": key[0],
        "document_id": key[1],
        "document": number,
        "source": "fio:1",
        "payment_id": payment,
        "booked_on": pd.Timestamp(day),
        "amount": amount,
    }


@pytest.fixture
def mserver(pohoda: SandboxPohoda) -> Iterator[SandboxMServer]:
    """A release as they are today: it takes no updates, and settles."""
    with open_mserver(pohoda) as opened:
        yield opened


@pytest.fixture
def unit(pohoda: SandboxPohoda, mserver: SandboxMServer) -> PohodaUnit:
    return pohoda.unit(mserver.address, "sqlite://").model_copy(update={"writer": "settlement"})


@pytest.fixture
def notes() -> Notes:
    return Notes()


Make = Callable[..., SettlementWriter]


@pytest.fixture
def settling(unit: PohodaUnit, notes: Notes) -> Make:
    """A writer that settles these parts of payments."""

    def made(*parts: Any) -> SettlementWriter:
        client = MServerClient(unit.mserver, ICO)
        return SettlementWriter(unit, Due(table(PARTS, parts), notes), client)

    return made


@pytest.fixture
def writer(settling: Make) -> SettlementWriter:
    """A writer that settles the whole invoice by one payment."""
    return settling(part(INVOICE, "260100001", 150050))


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
    writer = SettlementWriter(unused, NOTHING_DUE)
    assert {agenda: writer.marks(agenda) for agenda in AGENDAS} == {
        "issued_invoice": {"amount"},
        "advance_invoice": frozenset(),
        "received_order": frozenset(),
    }


def test_each_payment_is_settled_by_itself_on_the_day_it_was_booked(
    settling: Make, pohoda: SandboxPohoda, mserver: SandboxMServer, notes: Notes
) -> None:
    writer = settling(
        part(INVOICE, "260100001", 50000, "p1", "2026-05-02"),
        part(INVOICE, "260100001", 100050, "p2", "2026-06-03"),
        part(ADVANCE, "26ZF00001", 1, "p3", "2025-12-31"),
    )
    batch = changes(invoice(), change(ADVANCE, number="26ZF00001", new_amount=1, old_amount=0))
    assert writer.write(batch, [2, 3]) == [DONE, DONE]
    assert pohoda.settled() == {INVOICE: 150050, ADVANCE: 1}
    # The last one came before the accounting year, so Pohoda takes the day on which it settles.
    assert mserver.settled == [
        (*INVOICE, Decimal("500.00"), "2026-05-02"),
        (*INVOICE, Decimal("1000.50"), "2026-06-03"),
        (*ADVANCE, Decimal("0.01"), ""),
    ]
    assert notes.of_payments == dict.fromkeys(("p1", "p2", "p3"), "settled")
    assert len(mserver.import_requests) == 1


def test_payments_of_many_documents_go_a_hundred_in_a_request_and_a_document_stays_whole(
    settling: Make, mserver: SandboxMServer, notes: Notes, pohoda: SandboxPohoda
) -> None:
    parts = [part(INVOICE, "260100001", 1, f"i{n}") for n in range(60)]
    parts += [part(ADVANCE, "26ZF00001", 1, f"a{n}") for n in range(60)]
    batch = changes(
        invoice(new_amount=60), change(ADVANCE, number="26ZF00001", total=50000, old_amount=0, new_amount=60)
    )
    assert settling(*parts).write(batch, [1, 2]) == [DONE, DONE]
    assert [len(entry.body.split(b"<lwl:date>")) - 1 for entry in mserver.import_requests] == [60, 60]
    assert set(notes.of_payments.values()) == {"settled"}


def test_of_a_document_that_is_refused_in_part_the_rest_is_noted_as_done(
    settling: Make, mserver: SandboxMServer, notes: Notes, pohoda: SandboxPohoda, sql: Sql
) -> None:
    writer = settling(part(INVOICE, "260100001", 100050, "p1"), part(INVOICE, "260100001", 100000, "p2"))
    (said,) = writer.write(changes(invoice(total=200050, new_amount=200050)), [1])
    assert (said.outcome, said.code) == ("refused", "111")
    assert pohoda.settled() == {INVOICE: 100050}
    assert notes.of_payments == {"p1": "settled", "p2": "not_settled"}


def test_a_change_that_its_payments_do_not_make_is_a_fault_of_ours(
    settling: Make, mserver: SandboxMServer
) -> None:
    with pytest.raises(ValueError, match="not made of its payments"):
        settling(part(INVOICE, "260100001", 1)).write(changes(invoice()), [1])
    assert mserver.import_requests == []


def test_what_is_settled_is_read_back_as_the_mark(settling: Make, unit: PohodaUnit, any_way: str) -> None:
    settling(part(INVOICE, "260100001", 33)).write(changes(invoice(new_amount=33)), [1])
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


def test_more_than_is_open_is_refused_by_mserver_in_its_words(settling: Make, pohoda: SandboxPohoda) -> None:
    (said,) = settling(part(INVOICE, "260100001", 150051)).write(changes(invoice(new_amount=150051)), [1])
    assert (said.outcome, said.code) == ("refused", "111")
    assert pohoda.settled() == {}


def test_a_lost_answer_is_found_out_by_reading_and_nothing_is_sent_twice(
    writer: SettlementWriter, unit: PohodaUnit, mserver: SandboxMServer, pohoda: SandboxPohoda, notes: Notes
) -> None:
    writer.ready()
    mserver.faults.then(Fault(), LOST)
    loaded = load(changes(invoice()), writer, lambda batch: read_marks(unit, *_asked(batch)), Notebook())
    assert loaded["outcome"].tolist() == ["written"]
    assert pohoda.settled() == {INVOICE: 150050}
    assert len(mserver.import_requests) == 1
    assert notes.of_payments == {"p1": "settled"}


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


def test_a_payment_that_was_settled_is_recognised_by_mserver_in_whatever_company_it_comes(
    mserver: SandboxMServer, unit: PohodaUnit, pohoda: SandboxPohoda, notes: Notes, settling: Make
) -> None:
    client = MServerClient(unit.mserver, ICO)
    client.post(settlement_pack([replace(ONE, amount=100)], ICO))
    writer = settling(part(ADVANCE, "26ZF00001", 7, "p2"), part(INVOICE, "260100001", 149950))
    batch = changes(change(ADVANCE, number="26ZF00001", old_amount=0, new_amount=7), invoice(old_amount=100))
    assert writer.write(batch, [1, 2]) == [DONE, ALREADY]
    assert pohoda.settled() == {INVOICE: 100, ADVANCE: 7}
    assert notes.of_payments == {"p1": "settled", "p2": "settled"}


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
        SettlementWriter(writer._unit, NOTHING_DUE).ready()  # pyright: ignore[reportPrivateUsage]
    assert pohoda.settled() == {INVOICE: 150050}


def test_a_document_that_mserver_does_not_know_is_refused(mserver: SandboxMServer, unit: PohodaUnit) -> None:
    unknown = Settlement(ICO, "advance_invoice", 11, "260100001", "fio:1", "p1", 1)
    answer = MServerClient(unit.mserver, ICO).post(settlement_pack([unknown], ICO))
    assert outcome(unknown, answer.to(unknown.id)) == Written("refused", "109", "Záznam nebyl nalezen.")


def test_the_unit_chooses_it_and_its_marks_are_not_those_of_fields(unit: PohodaUnit) -> None:
    assert isinstance(writer_for(unit, Memory(), NOTHING_DUE), SettlementWriter)
    assert same_place(unit) == {"settlement"}
    assert same_place(unit.model_copy(update={"writer": "sql"})) == {"mserver", "sql"}


@settings(deadline=None)
@given(st.lists(some_settlements, min_size=1, max_size=5, unique_by=lambda one: one.id))
def test_every_settlement_passes_the_guard_and_has_an_id_of_its_own(some: list[Settlement]) -> None:
    pack = settlement_pack(some, ICO)
    guard(pack)
    assert all(len(one.id) <= 64 for one in some)
    assert pack == settlement_pack(some, ICO)
    assert len(pack.id) <= 64


@pytest.mark.parametrize("wrong", [("received_order", 1), ("issued_invoice", 0), ("issued_invoice", -1)])
def test_nothing_else_can_be_settled(wrong: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="cannot be settled"):
        settlement_pack([Settlement(ICO, wrong[0], 11, "1", "fio:1", "p1", wrong[1])], ICO)


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
        (b"<lwl:amountHome>", b"<lwl:date>1. 1. 2026</lwl:date><lwl:amountHome>"),
        (b"<lwl:amountHome>", b"<lwl:note>2026-01-01</lwl:note><lwl:amountHome>"),
    ],
)
def test_the_guard_lets_no_other_settlement_out(found: bytes, put: bytes) -> None:
    pack = settlement_pack([ONE], ICO)
    assert found in pack.body
    with pytest.raises(ValueError, match="more than it may"):
        guard(Pack(pack.id, pack.items, pack.body.replace(found, put), imports=True))
    with pytest.raises(ValueError, match="more than it may"):
        guard(Pack(pack.id, pack.items, pack.body, imports=False))


def pohoda_settles_nothing(pohoda: SandboxPohoda, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on Pohoda says yes and does nothing."""
    monkeypatch.setattr(pohoda, "settle", lambda *_: True)


def _asked(batch: Any) -> tuple[str, list[int]]:
    return batch["agenda"].iloc[0], batch["document_id"].tolist()
