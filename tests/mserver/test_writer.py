"""Marks go through mServer in one request per batch, and each document learns what became of it."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import Any

import pytest

from blocks.pohoda import Agenda, Database
from sandbox.faults import LOST, Fault
from sandbox.mserver import SandboxMServer
from sandbox.pohoda import AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD
from tasks.errors import SettingError
from tasks.mserver.client import Frozen, MServerClient, WrongUnit
from tasks.tables import AGENDAS
from tasks.writers import Written
from tasks.writers.choice import writer_for
from tasks.writers.mserver import MServerWriter
from tasks.writers.settlement import NOTHING_DUE
from tests.mserver.firm import (
    ADVANCE,
    FIELDS,
    ICO,
    INVOICE,
    ORDER,
    Memory,
    MemoryUnit,
    change,
    changes,
    settings_of,
    unit_of,
)

MARKED = {AMOUNT_FIELD: Decimal("1500.50"), COUNT_FIELD: 1, PAID_FIELD: True}
NOT_USED = Agenda(active=False)


@pytest.fixture
def mserver(mserver: SandboxMServer) -> SandboxMServer:
    mserver.accepts_updates = True
    return mserver


@pytest.fixture
def writer(mserver: SandboxMServer, client: MServerClient, memory: Memory) -> MServerWriter:
    return MServerWriter(unit_of(mserver), memory, client)


def writer_of(mserver: SandboxMServer, client: MServerClient, memory: Memory, **changed: Any) -> MServerWriter:
    return MServerWriter(unit_of(mserver, **changed), memory, client)


def answered(found: str, put: str) -> Fault:
    """The right answer with one text replaced."""

    def rewrite(body: bytes) -> bytes:
        assert found.encode("cp1250") in gzip.decompress(body)
        return gzip.compress(gzip.decompress(body).replace(found.encode("cp1250"), put.encode("cp1250")))

    return Fault(rewrite=rewrite)


def test_the_marks_of_all_agendas_go_in_one_request(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    writer.ready()
    before = len(mserver.log)
    batch = changes(
        change(ORDER), change(INVOICE, number="260100001"), change(ADVANCE, number="26ZF00001", new_paid=False)
    )
    assert writer.write(batch, [1, 2, 3]) == [Written("accepted")] * 3
    assert len(mserver.log) == before + 1
    assert firm.values == {ORDER: MARKED, INVOICE: MARKED, ADVANCE: MARKED | {PAID_FIELD: False}}
    assert mserver.created == []


def test_only_configured_fields_are_touched(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, firm: MemoryUnit
) -> None:
    writer = writer_of(mserver, client, memory, received_orders=Agenda(paid_field=PAID_FIELD))
    assert writer.marks("received_order") == {"paid"}
    assert writer.write(changes(), [1]) == [Written("accepted")]
    assert firm.values[ORDER] == {PAID_FIELD: True}


def test_a_refusing_release_is_said_in_one_sentence_and_nothing_is_written(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    mserver.accepts_updates = False
    with pytest.raises(
        SettingError, match=r"refuses updates .* 14000\.1 SQL .* Nepodařila se validace .* Stormware"
    ):
        writer.ready()
    with pytest.raises(SettingError):
        writer.write(changes(), [1])
    assert firm.untouched
    assert mserver.created == []


def test_a_release_that_takes_only_orders_gets_only_orders(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, firm: MemoryUnit
) -> None:
    writer = writer_of(mserver, client, memory)
    writer.ready()
    writer.capability.remember("inv", "refuses")
    order, invoice = writer.write(changes(change(), change(INVOICE, number="260100001")), [1, 2])
    assert (order.outcome, invoice.outcome) == ("accepted", "refused")
    assert "neumožňuje" in invoice.note
    before = len(mserver.import_requests)
    assert writer.write(changes(change(INVOICE, number="260100001")), [3])[0].outcome == "refused"
    assert len(mserver.import_requests) == before
    assert not firm.values[INVOICE]


def test_a_missing_right_is_told_from_a_refusing_release(
    mserver: SandboxMServer, writer: MServerWriter, memory: Memory
) -> None:
    mserver.faults.then(Fault(), answered("Záznam nebyl nalezen.", "K agendě nemáte práva."))
    with pytest.raises(SettingError, match=r"cannot be told .* nemáte práva.* rights"):
        writer.ready()
    writer.ready()


def test_a_document_that_mserver_does_not_know_is_refused_alone(writer: MServerWriter, firm: MemoryUnit) -> None:
    missing, found = writer.write(changes(change(("received_order", 5), number="X"), change()), [1, 2])
    assert missing == Written("refused", "109", "Záznam nebyl nalezen.")
    assert found == Written("accepted")


def test_success_without_a_document_is_no_success(mserver: SandboxMServer, writer: MServerWriter) -> None:
    mserver.when_not_found = "ok"
    (missing,) = writer.write(changes(change(("received_order", 5), number="X")), [1])
    assert (missing.outcome, missing.note) == ("refused", "mServer doklad nenašel a nic neupravil.")


def test_a_field_that_pohoda_does_not_know_is_refused_in_its_words(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, firm: MemoryUnit
) -> None:
    agenda = Agenda(**FIELDS).model_copy(update={"count_field": "VPrJine"})
    (said,) = writer_of(mserver, client, memory, received_orders=agenda).write(changes(), [1])
    assert (said.outcome, said.code) == ("refused", "110")
    assert "VPrJine" in said.note
    assert firm.untouched


def test_a_lost_answer_leaves_each_document_unknown_after_mserver_came_to_rest(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    writer.ready()
    mserver.faults.then(LOST)
    (said,) = writer.write(changes(), [1])
    assert said.outcome == "unknown"
    assert mserver.log[-1].path == "/status"
    assert firm.values[ORDER] == MARKED


def test_a_frozen_mserver_loses_one_answer_and_is_then_recognised(
    mserver: SandboxMServer, memory: Memory, firm: MemoryUnit
) -> None:
    hasty = MServerClient(settings_of(mserver), ICO, read_seconds=0.3, quick_seconds=0.3)
    writer = writer_of(mserver, hasty, memory)
    writer.ready()
    mserver.frozen = True
    assert writer.write(changes(), [1])[0].outcome == "unknown"
    with pytest.raises(Frozen, match="restart"):
        writer.write(changes(), [1])
    mserver.frozen = False
    assert writer.write(changes(), [1]) == [Written("accepted")]
    assert firm.values[ORDER] == MARKED


def test_the_very_same_write_sent_again_is_recognised_as_done(writer: MServerWriter, firm: MemoryUnit) -> None:
    assert writer.write(changes(), [1]) == [Written("accepted")]
    firm.values[ORDER].clear()
    (again,) = writer.write(changes(), [1])
    assert again.outcome == "accepted"
    assert not firm.values[ORDER]


def test_the_same_marks_in_a_new_write_are_written_again(writer: MServerWriter, firm: MemoryUnit) -> None:
    writer.write(changes(), [1])
    firm.values[ORDER].clear()
    assert writer.write(changes(), [2]) == [Written("accepted")]
    assert firm.values[ORDER] == MARKED


def test_a_repetition_that_went_to_another_document_is_refused(
    mserver: SandboxMServer, writer: MServerWriter
) -> None:
    writer.write(changes(), [1])
    asked_whose_it_is = Fault()
    mserver.faults.then(asked_whose_it_is, answered("<rsp:id>1001<", "<rsp:id>1002<"))
    (said,) = writer.write(changes(), [1])
    assert said.outcome == "refused"
    assert "duplicitní" in said.note


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ('<rsp:responsePackItem version="2.0" id="OBJ', '<rsp:responsePackItem version="2.0" id="XXX'),
        ("ord:orderResponse", "lst:listOrder"),
        ("<rdc:actionType>update</rdc:actionType>", ""),
    ],
)
def test_a_result_that_is_not_quite_one_is_unknown(
    mserver: SandboxMServer, writer: MServerWriter, found: str, put: str
) -> None:
    writer.ready()
    mserver.faults.then(answered(found, put))
    assert writer.write(changes(), [1])[0].outcome == "unknown"


@pytest.mark.parametrize(
    ("found", "put"),
    [("<rdc:actionType>update", "<rdc:actionType>add"), ("<rdc:id>1001", "<rdc:id>9001")],
)
def test_a_release_that_does_anything_else_than_update_is_never_written_to_again(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, found: str, put: str
) -> None:
    writer = writer_of(mserver, client, memory)
    writer.ready()
    mserver.faults.then(answered(found, put))
    with pytest.raises(SettingError, match="something else with an update"):
        writer.write(changes(), [1])
    before = len(mserver.import_requests)
    with pytest.raises(SettingError, match="nothing is sent to it"):
        writer_of(mserver, client, memory).ready()
    assert len(mserver.import_requests) == before


@pytest.mark.parametrize(
    ("database", "year"),
    [("StwPh_12345678_2025", "2025"), ("StwPh_87654321_2026", "2026")],
)
def test_an_mserver_of_another_database_stops_the_run_before_anything_is_sent(
    mserver: SandboxMServer, writer: MServerWriter, database: str, year: str
) -> None:
    mserver.database, mserver.year = database, year
    with pytest.raises(WrongUnit, match=database):
        writer.ready()
    assert not [entry for entry in mserver.log if entry.path == "/xml"]


def test_the_year_alone_tells_databases_apart(mserver: SandboxMServer, writer: MServerWriter) -> None:
    mserver.faults.then(answered("<databaseName>StwPh_12345678_2026</databaseName><year>2026", "<year>2025"))
    with pytest.raises(WrongUnit, match="year 2025"):
        writer.ready()


def test_an_mserver_that_does_not_name_its_database_is_proven_by_one_document(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    mserver.tells_company = False
    with pytest.raises(WrongUnit, match="26OP77777 in the database, 26OP00001 in mServer"):
        writer.write(changes(change(number="26OP77777")), [1])
    with pytest.raises(WrongUnit, match="None in mServer"):
        writer.write(changes(change(("received_order", 5), number="X")), [1])
    assert firm.untouched
    assert writer.write(changes(), [1]) == [Written("accepted")]


def test_a_year_that_is_switched_between_two_batches_stops_the_run_before_the_second(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    writer.write(changes(), [1])
    sent = len(mserver.import_requests)
    mserver.database, mserver.year = "StwPh_12345678_2027", "2027"
    with pytest.raises(WrongUnit, match="StwPh_12345678_2027"):
        writer.write(changes(change(INVOICE, number="260100001")), [2])
    assert len(mserver.import_requests) == sent
    assert firm.values[INVOICE] == {}


def test_a_year_that_is_switched_is_noticed_by_a_document_where_mserver_does_not_tell_it(
    mserver: SandboxMServer, writer: MServerWriter, firm: MemoryUnit
) -> None:
    mserver.tells_company = False
    writer.write(changes(), [1])
    sent = len(mserver.import_requests)
    firm.numbers[INVOICE] = "270100001"
    with pytest.raises(WrongUnit, match="270100001 in mServer"):
        writer.write(changes(change(INVOICE, number="260100001")), [2])
    assert len(mserver.import_requests) == sent


def test_the_sandboxs_file_is_compared_by_its_name_and_any_other_file_by_a_document(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    named = Database(kind="sqlite", name="/data/StwPh_12345678_2025.db")
    with pytest.raises(WrongUnit, match="2025"):
        writer_of(mserver, client, memory, database=named).ready()
    other = writer_of(mserver, client, memory, database=Database(kind="sqlite", name="/data/firma.db"))
    with pytest.raises(WrongUnit):
        other.write(changes(change(number="jiné")), [1])


def test_a_document_of_another_number_stops_the_run(mserver: SandboxMServer, writer: MServerWriter) -> None:
    with pytest.raises(WrongUnit, match="26OP00099 in the database"):
        writer.write(changes(change(number="26OP00099")), [1])


def test_a_release_that_changes_under_our_hands_is_found_out_anew(
    mserver: SandboxMServer, writer: MServerWriter
) -> None:
    writer.write(changes(), [1])
    mserver.release, mserver.accepts_updates = "14100.2 SQL (1.6.2026)", False
    assert writer.write(changes(), [2])[0].outcome == "refused"
    with pytest.raises(SettingError, match=r"14100\.2"):
        writer.write(changes(), [3])


def test_a_unit_without_any_field_has_nothing_to_be_refused(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    mserver.accepts_updates = False
    unused = dict.fromkeys(("issued_invoices", "advance_invoices", "received_orders"), NOT_USED)
    writer = writer_of(mserver, client, memory, **unused)
    writer.ready()
    assert not any(writer.marks(agenda) for agenda in AGENDAS)


def test_the_unit_chooses_its_writer(mserver: SandboxMServer, memory: Memory) -> None:
    writer = writer_for(unit_of(mserver), memory, NOTHING_DUE)
    assert isinstance(writer, MServerWriter)
    writer.ready()
