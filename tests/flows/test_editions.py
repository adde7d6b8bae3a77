"""A firm without the edition E1, and so without user fields: from the provider to the marks in internal notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from prefect.client.orchestration import get_client

from flows.apply_plan import apply_plan
from tasks.pohoda.note_line import without_marks
from tests.flows.conftest import Firm
from tests.flows.test_writers import change, completed, journal

pytestmark = pytest.mark.no_cover

Open = Callable[..., Firm]
Notes = dict[tuple[str, int], str]


def people(firm: Firm) -> Notes:
    """What people wrote in the internal note of each document."""
    return {key: without_marks(note, firm.pohoda.find(*key) or "") for key, note in firm.pohoda.notes().items()}


def report(firm: Firm, key: str) -> str:
    with get_client(sync_client=True) as client:
        found = [a for a in client.read_artifacts() if a.key == f"{key}-{firm.unit}"]
    return str(max(found, key=lambda a: str(a.updated)).data)


def opened(open_firm: Open) -> tuple[Firm, Notes]:
    firm = open_firm(user_fields=False)
    change(firm, "DELETE FROM stwlock")
    return firm, firm.pohoda.notes()


def test_every_mark_gets_into_the_notes_once_and_what_people_wrote_stays(open_firm: Open) -> None:
    firm, before = opened(open_firm)
    planned = completed(firm.run("fio", dry_run=True))
    assert firm.pohoda.notes() == before
    with closing(sqlite3.connect(firm.folder / "ledger.db")) as ledger:
        (plan,) = ledger.execute("SELECT DISTINCT run FROM plans").fetchone()
    completed(apply_plan(plan=plan, unit=firm.unit, return_state=True))
    assert planned
    assert firm.pohoda.marks() == firm.should("fio")
    assert people(firm) == before
    assert firm.mserver.created == []
    written, notes = len(journal(firm)), firm.pohoda.notes()
    completed(firm.run("fio"))
    assert len(journal(firm)) == written
    assert firm.pohoda.notes() == notes


def test_a_line_changed_by_hand_is_noticed_and_words_around_it_are_not(open_firm: Open) -> None:
    firm, _ = opened(open_firm)
    completed(firm.run("fio"))
    should = firm.should("fio")
    some = sorted(key for key, marks in should.items() if marks and marks.paid and key[0] == "issued_invoice")[:2]
    numbers = [str(firm.pohoda.find(*key)) for key in some]
    notes = firm.pohoda.notes()
    firm.pohoda.apply(*some[0], {"Pozn2": f"Volal.\r\n{notes[some[0]]}\r\nPřijde v úterý."})
    firm.pohoda.apply(*some[1], {"Pozn2": notes[some[1]].replace("zcela ano", "zcela ne, reklamace")})
    completed(firm.run("fio"))
    told = report(firm, "uhrady-fio")
    assert firm.pohoda.marks() == should | {some[1]: None}
    drifted = told.partition("Ručně změněné úhrady")[2]
    assert numbers[1] in drifted
    assert numbers[0] not in drifted
