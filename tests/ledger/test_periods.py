from __future__ import annotations

import datetime as dt

import pandas as pd

from tasks.ledger import Ledger
from tasks.ledger.journal import WRITES
from tasks.ledger.periods import COMPLETED, FIRST_SEEN
from tasks.ledger.reading import FAULTS
from tasks.provider import Delivery, Fault
from tasks.tables import checked
from tests.ledger.samples import DAY, NOON, SOURCE, change, changes, delivery, incoming

HOUR = dt.timedelta(hours=1)
UNIT = "12345678"


def test_a_payment_keeps_the_moment_it_was_first_seen_however_often_it_changes(ledger: Ledger) -> None:
    ledger.record(SOURCE, delivery(incoming("1")), run="one", at=NOON)
    ledger.record(SOURCE, delivery(incoming("1", amount=7), incoming("2")), run="two", at=NOON + HOUR)
    found = checked(FIRST_SEEN, ledger.first_seen())
    assert found["payment_id"].tolist() == ["1", "2"]
    assert found["first_seen_at"].tolist() == [pd.Timestamp(NOON), pd.Timestamp(NOON + HOUR)]
    assert found["run"].tolist() == ["two", "two"]
    assert ledger.first_seen(DAY + dt.timedelta(days=1)).empty


def test_faults_of_a_period_are_those_first_seen_in_it_of_every_source(ledger: Ledger) -> None:
    for source, at in [(SOURCE, NOON), ("gopay:1", NOON + HOUR)]:
        ledger.record(source, Delivery(faults=(Fault(f"at {at:%H}", "no amount", "{}"),)), run="one", at=at)
    assert checked(FAULTS, ledger.faults_between(NOON, NOON + HOUR))["source"].tolist() == [SOURCE]
    assert len(ledger.faults_between(NOON, NOON + 2 * HOUR)) == 2
    assert ledger.faults_between(NOON + 2 * HOUR, NOON + 3 * HOUR).empty


def test_writes_of_a_period_are_those_confirmed_in_it(ledger: Ledger) -> None:
    journal = ledger.journal(unit=UNIT, run="one", writer="mserver")
    before = dt.datetime.now(dt.UTC)
    ids = journal.intend(changes(change("F1"), change("F2")))
    journal.settle(ids, ["written", "refused"], ["", "no"])
    after = dt.datetime.now(dt.UTC) + HOUR
    found = checked(WRITES, ledger.written_between(UNIT, before, after))
    assert found["number"].tolist() == ["F1"]
    assert ledger.written_between(UNIT, after, after + HOUR).empty
    assert ledger.written_between("87654321", before, after).empty


def test_complete_days_are_told_for_all_sources_at_once(ledger: Ledger) -> None:
    for source in (SOURCE, "gopay:1"):
        ledger.record(source, Delivery(covered=(DAY, NOON.date())), run="one", at=NOON)
    found = checked(COMPLETED, ledger.completed_by_source(DAY, NOON.date()))
    assert list(found["source"]) == [SOURCE, "gopay:1"]
    assert set(found["day"]) == {pd.Timestamp(DAY)}
    assert ledger.completed_by_source(DAY + dt.timedelta(days=1), NOON.date()).empty
