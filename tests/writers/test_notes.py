"""Without user fields the marks go to a note through mServer, and what people wrote in it is safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from blocks.pohoda import Agenda, PohodaUnit
from sandbox.faults import BROKEN_OFF, LOST, REFUSED, Fault
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Marks, World
from tasks.errors import SettingError, Unavailable
from tasks.loading import LOADED, load
from tasks.pohoda.documents import read_documents, read_marks
from tasks.pohoda.sqlite import catalogue_beside
from tasks.writers import OPEN
from tasks.writers.choice import writer_for
from tasks.writers.notes import FULL, UNSENDABLE
from tasks.writers.settlement import NOTHING_DUE
from tests.mserver.firm import Memory, Notebook, change, changes
from tests.writers.conftest import PAPERS, TODAY

INVOICE, OTHER = ("issued_invoice", 11), ("issued_invoice", 12)
PEOPLE = "Žluťoučký kůň & <b>\r\n\r\nřádek s mezerou \r\n\u00a0€ „“\ttabulátor\r\n"
"""What people write: hard spaces, tabs, empty lines, line ends, letters beyond the code page of XML's ASCII."""


@pytest.fixture
def pohoda(pohoda: SandboxPohoda) -> SandboxPohoda:
    pohoda.remove_user_fields()
    with closing(sqlite3.connect(pohoda.path)) as connection, connection:
        connection.execute("DELETE FROM stwlock")
    return pohoda


@pytest.fixture
def mserver(pohoda: SandboxPohoda) -> Iterator[SandboxMServer]:
    with open_mserver(pohoda, accepts_updates=True) as opened:
        yield opened


@pytest.fixture
def unit(pohoda: SandboxPohoda, mserver: SandboxMServer) -> PohodaUnit:
    return pohoda.unit(mserver.address, "sqlite://")


def noted(pohoda: SandboxPohoda, text: str | None, key: tuple[str, int] = INVOICE) -> None:
    pohoda.apply(*key, {"Pozn2": text})


def loaded(unit: PohodaUnit, wanted: pd.DataFrame, memory: Memory | None = None) -> list[tuple[str, Any]]:
    """Outcome and note of each change."""

    def standing(batch: pd.DataFrame) -> pd.DataFrame:
        groups = batch.groupby("agenda")["document_id"]
        return pd.concat([read_marks(unit, str(agenda), ids) for agenda, ids in groups], ignore_index=True)

    found = load(wanted, writer_for(unit, memory or Memory(), NOTHING_DUE), standing, Notebook())
    assert list(found) == list(LOADED)
    return [(outcome, None if pd.isna(note) else note) for outcome, note in found[["outcome", "note"]].to_numpy()]


def paid(pohoda: SandboxPohoda, key: tuple[str, int] = INVOICE, **more: Any) -> dict[str, Any]:
    return change(key, number=str(pohoda.find(*key)), **more)


def cleared(pohoda: SandboxPohoda) -> dict[str, Any]:
    stood: dict[str, Any] = {"old_amount": 150050, "old_count": 1, "old_paid": True}
    return paid(pohoda, amount=0, new_count=0, new_paid=False, **stood)


@pytest.mark.parametrize("text", [None, "", PEOPLE, "\n", "dopis\r"])
def test_the_line_comes_and_goes_and_what_people_wrote_stays(
    pohoda: SandboxPohoda, unit: PohodaUnit, text: str | None
) -> None:
    noted(pohoda, text)
    others = pohoda.notes("Pozn")
    assert loaded(unit, changes(paid(pohoda))) == [("written", None)]
    assert pohoda.marks()[INVOICE] == Marks(1500_50, 1, True)
    assert pohoda.notes()[INVOICE].endswith(text or "")
    assert loaded(unit, changes(cleared(pohoda))) == [("written", None)]
    assert pohoda.notes()[INVOICE] == (text or "")
    assert pohoda.notes("Pozn") == others


def test_all_documents_and_all_three_agendas_are_marked_and_read_back(
    pohoda: SandboxPohoda, unit: PohodaUnit, mserver: SandboxMServer
) -> None:
    keys = [*pohoda.marks()]
    assert {agenda for agenda, _ in keys} == {"issued_invoice", "advance_invoice", "received_order"}
    assert loaded(unit, changes(*(paid(pohoda, key) for key in keys))) == [("written", None)] * len(keys)
    assert set(pohoda.marks().values()) == {Marks(1500_50, 1, True)}
    documents = read_documents(unit, TODAY)
    assert documents["marked_amount"].tolist() == [1500_50] * len(keys)
    assert documents["marked_paid"].all()
    assert mserver.created == []


def test_only_the_first_note_with_words_goes_alone_and_only_to_a_release_not_seen_before(
    pohoda: SandboxPohoda, unit: PohodaUnit, mserver: SandboxMServer
) -> None:
    noted(pohoda, PEOPLE)
    noted(pohoda, PEOPLE, OTHER)
    memory = Memory()
    loaded(unit, changes(paid(pohoda), paid(pohoda, OTHER)), memory)
    assert len(mserver.import_requests) == 3
    loaded(unit, changes(cleared(pohoda)), memory)
    assert len(mserver.import_requests) == 4


def test_a_release_that_does_not_keep_what_people_wrote_gets_one_note_and_no_more(
    pohoda: SandboxPohoda, unit: PohodaUnit, mserver: SandboxMServer
) -> None:
    noted(pohoda, PEOPLE)
    noted(pohoda, PEOPLE, OTHER)
    mserver.stored_note = str.strip
    with pytest.raises(SettingError, match="not as people wrote it") as caught:
        loaded(unit, changes(paid(pohoda), paid(pohoda, OTHER)))
    assert str(pohoda.find(*INVOICE)) in caught.value.evidence
    assert "kůň" not in str(caught.value)
    assert pohoda.notes()[OTHER] == PEOPLE


@pytest.mark.parametrize(
    ("text", "held"),
    [("x" * 29_990, ("refused", FULL.note)), ("konec\x0bstránky", ("refused", UNSENDABLE.note))],
    ids=["full", "not XML"],
)
def test_a_note_that_cannot_come_through_is_refused_and_the_others_go_on(
    pohoda: SandboxPohoda, unit: PohodaUnit, text: str, held: tuple[str, str]
) -> None:
    noted(pohoda, text)
    assert loaded(unit, changes(paid(pohoda), paid(pohoda, OTHER))) == [held, ("written", None)]
    assert pohoda.notes()[INVOICE] == text
    assert pohoda.marks()[OTHER] == Marks(1500_50, 1, True)


def test_a_narrow_note_of_an_old_release_is_never_cut(pohoda: SandboxPohoda, unit: PohodaUnit) -> None:
    with closing(sqlite3.connect(catalogue_beside(pohoda.path))) as connection, connection:
        connection.execute(
            "UPDATE COLUMNS SET DATA_TYPE = 'varchar', CHARACTER_MAXIMUM_LENGTH = 80 WHERE COLUMN_NAME = 'Pozn2'"
        )
    noted(pohoda, "x" * 30)
    noted(pohoda, "", OTHER)
    outcomes = loaded(unit, changes(paid(pohoda), paid(pohoda, OTHER)))
    assert outcomes == [("refused", FULL.note), ("written", None)]


def test_a_document_that_somebody_has_open_waits(pohoda: SandboxPohoda, unit: PohodaUnit) -> None:
    noted(pohoda, PEOPLE)
    with closing(sqlite3.connect(pohoda.path)) as connection, connection:
        connection.execute("INSERT INTO stwlock VALUES (11, 'FA', 57, 4711)")
    assert loaded(unit, changes(paid(pohoda))) == [("left_out", OPEN.note)]
    assert pohoda.notes()[INVOICE] == PEOPLE


@pytest.mark.parametrize("fault", [LOST, REFUSED, BROKEN_OFF])
def test_whatever_happens_on_the_way_the_line_comes_once_and_words_stay(
    pohoda: SandboxPohoda, unit: PohodaUnit, mserver: SandboxMServer, fault: Fault
) -> None:
    noted(pohoda, PEOPLE)
    noted(pohoda, PEOPLE, OTHER)
    wanted, memory = changes(paid(pohoda), paid(pohoda, OTHER)), Memory()
    writer_for(unit, memory, NOTHING_DUE).ready()
    mserver.faults.then(Fault(), fault)  # the first question is for the unit behind mServer
    with suppress(Unavailable):
        loaded(unit, wanted, memory)
    assert [outcome for outcome, _ in loaded(unit, wanted, memory)] == ["written", "written"]
    for key in (INVOICE, OTHER):
        line, _, people = pohoda.notes()[key].partition("\r\n")
        assert (line.count("#Platby"), people) == (1, PEOPLE)


def test_a_line_that_a_person_rewrote_is_read_as_something_else_than_nothing(
    pohoda: SandboxPohoda, unit: PohodaUnit
) -> None:
    loaded(unit, changes(paid(pohoda)))
    noted(pohoda, pohoda.notes()[INVOICE].replace("plateb 1", "plateb jedna"))
    (marks,) = read_marks(unit, INVOICE[0], [INVOICE[1]]).to_dict("records")
    assert (marks["marked_amount"], marks["marked_count"], marks["marked_paid"]) == (0, 0, False)


def test_user_fields_and_a_note_can_share_the_marks(tmp_path: Path) -> None:
    pohoda = SandboxPohoda.build(World(1, TODAY, PAPERS, ()), tmp_path)
    with open_mserver(pohoda, accepts_updates=True) as mserver:
        unit = pohoda.unit(mserver.address, "sqlite://")
        unit.issued_invoices = Agenda(amount_field="VPrUhrazeno", count_field="Pozn", paid_field="pozn")
        assert loaded(unit, changes(paid(pohoda))) == [("written", None)]
    line = f"#Platby {pohoda.find(*INVOICE)}: plateb 1; zcela ano"
    assert pohoda.notes("Pozn")[INVOICE].startswith(line)
    assert pohoda.marks()[INVOICE] == Marks(1500_50, 0, False)


def test_the_writer_by_sql_does_not_take_notes_and_says_what_to_do(unit: PohodaUnit) -> None:
    with pytest.raises(SettingError, match="through mServer only") as caught:
        writer_for(unit.model_copy(update={"writer": "sql"}), Memory(), NOTHING_DUE)
    assert "received_orders: Pozn2" in caught.value.evidence
    assert "choose mserver" in caught.value.next_step
