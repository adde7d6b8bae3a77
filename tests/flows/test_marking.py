"""From the provider to the marks in Pohoda, with every part real: the story that all flows share."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter
from prefect.client.schemas.objects import State

from sandbox.faults import BROKEN_OFF, LOST, REFUSED, UNAVAILABLE, Fault
from tasks.days import prague_day
from tests.flows.conftest import Firm

pytestmark = pytest.mark.no_cover

Open = Callable[..., Firm]
TODAY = prague_day(dt.datetime.now(dt.UTC))
A_DOZEN = 12
"""Lines of the log in which a run tells its story."""


def completed(state: State[Any]) -> str:
    assert state.is_completed(), state.message
    return str(state.message)


def failed(state: State[Any]) -> str:
    assert state.is_failed(), state.message
    return str(state.message)


def writes(firm: Firm) -> int:
    with sqlite3.connect(firm.folder / "ledger.db") as ledger:
        return int(ledger.execute("SELECT count(*) FROM writes").fetchone()[0])


def test_a_run_marks_what_is_truly_paid_and_a_second_one_changes_nothing(
    open_firm: Open, provider: str, story: list[str]
) -> None:
    firm = open_firm()
    completed(firm.run(provider))
    assert "Marks: " in " ".join(story)
    assert len(story) <= A_DOZEN, story
    assert firm.pohoda.marks() == firm.should(provider)
    assert firm.mserver.created == []
    requests, written = len(firm.mserver.import_requests), writes(firm)
    story.clear()
    completed(firm.run(provider))
    assert 0 < len(story) <= A_DOZEN, story
    assert firm.pohoda.marks() == firm.should(provider)
    assert (len(firm.mserver.import_requests), writes(firm)) == (requests, written)


def test_a_hundred_changed_documents_are_one_request(open_firm: Open) -> None:
    firm = open_firm()
    completed(firm.run("fio"))
    changed = sum(marks is not None for marks in firm.pohoda.marks().values())
    probe, *batches = [request.body.count(b"<dat:dataPackItem ") for request in firm.mserver.import_requests]
    assert changed > 100
    assert probe == 2
    assert batches == [100, changed - 100]


def test_a_trial_run_shows_the_changes_and_writes_nothing(open_firm: Open) -> None:
    firm = open_firm()
    message = completed(firm.run("fio", dry_run=True))
    assert "bylo by označeno" in message
    assert firm.pohoda.marks() == firm.before
    assert firm.mserver.import_requests == []
    assert writes(firm) == 0


def test_a_release_that_refuses_updates_is_told_in_one_sentence_and_nothing_is_written(open_firm: Open) -> None:
    firm = open_firm(accepts_updates=False)
    message = failed(firm.run("fio"))
    assert "update" in message
    assert "Next step" in message
    assert firm.pohoda.marks() == firm.before
    assert firm.mserver.created == []


def test_days_can_be_fetched_in_any_order_and_grouping(open_firm: Open) -> None:
    firm = open_firm()
    first = min(money.paid_on for money in firm.world.channel("fio"))
    middle = first + (TODAY - first) / 2
    for days in [(middle, TODAY), (first, middle), (middle, middle), (first, TODAY)]:
        completed(firm.run("fio", first_day=days[0], last_day=days[1]))
    assert firm.pohoda.marks() == firm.should("fio")


def test_a_missed_week_is_caught_up_by_the_next_run(open_firm: Open) -> None:
    firm = open_firm()
    first = min(money.paid_on for money in firm.world.channel("fio"))
    completed(firm.run("fio", first_day=first, last_day=TODAY - dt.timedelta(days=8)))
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.should("fio")


IMPORT = 3
"""The fourth request to mServer is the first batch: before it come the status, the unit and the probe."""
FAULTS = [
    *[(position, LOST) for position in range(IMPORT + 2)],
    *[(IMPORT, fault) for fault in (REFUSED, BROKEN_OFF, UNAVAILABLE, Fault(status=408), Fault(status=500))],
]


@pytest.mark.parametrize(("position", "fault"), FAULTS)
def test_whatever_goes_wrong_at_mserver_the_next_run_ends_in_the_same_marks(
    open_firm: Open, position: int, fault: Fault
) -> None:
    firm = open_firm()
    right = firm.should("fio")
    firm.mserver.faults.then(*[Fault()] * position, fault)
    firm.run("fio")
    in_between = firm.pohoda.marks()
    assert all(marks in (firm.before[key], right[key]) for key, marks in in_between.items())
    completed(firm.run("fio"))
    assert firm.pohoda.marks() == right
    assert firm.mserver.created == []


def test_a_wrong_accounting_unit_stops_the_run_before_anything_is_written(open_firm: Open) -> None:
    firm = open_firm(ico="87654321")
    assert "87654321" in failed(firm.run("fio"))
    assert firm.pohoda.marks() == firm.before


def test_a_block_that_is_not_there_is_named(open_firm: Open) -> None:
    from flows.fio import fio

    open_firm()
    state = fio(account="nobody", unit="nothing", return_state=True)
    assert "fio-account/nobody" in failed(state)


def test_a_field_that_pohoda_does_not_have_is_named_before_anything_is_asked(open_firm: Open) -> None:
    firm = open_firm()
    block = firm.pohoda.unit(firm.mserver.address, firm.ledger)
    block.issued_invoices.amount_field = "VPrNeexistuje"
    block.save(firm.unit, overwrite=True)
    assert "VPrNeexistuje" in failed(firm.run("fio"))
    assert firm.mserver.import_requests == []


def told_to_prefect() -> str:
    """All that the Prefect server has been told: logs, reports, runs with their parameters and states."""
    with get_client(sync_client=True) as client:
        told = [log.message for log in client.read_logs(LogFilter(), limit=200)]
        told += [str(found.data) for found in client.read_artifacts()]
        told += [run.model_dump_json() for run in client.read_flow_runs(limit=200)]
    return "\n".join(told)


def test_no_secret_and_no_payer_is_in_any_log_report_or_run_and_no_secret_in_the_ledger(
    open_firm: Open, provider: str
) -> None:
    firm = open_firm()
    completed(firm.run(provider))
    seen = told_to_prefect()
    names = {money.name for money in firm.world.money if len(money.name) > 5}
    messages = {money.message for money in firm.world.money if len(money.message) > 12}
    secrets = {secret.get_secret_value() for secret in firm.secrets if len(secret.get_secret_value()) > 3}
    assert [text for text in sorted(names | messages | secrets) if text in seen] == []
    kept = b"".join(file.read_bytes() for file in firm.folder.glob("ledger.db*"))
    assert len(kept) > 10_000
    assert [secret for secret in secrets if secret.encode() in kept] == []


def test_two_runs_of_one_unit_at_once_take_turns_and_end_right(open_firm: Open) -> None:
    firm = open_firm()
    for name in ("fio", "gopay"):
        completed(firm.run(name, dry_run=True))
    for name in ("gopay", "fio"):
        completed(firm.run(name))
    assert firm.pohoda.marks() == firm.should("fio", "gopay")


def test_a_fault_of_ours_is_told_by_its_kind_and_place_and_never_by_its_text(
    open_firm: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = open_firm()
    told = "Failing row contains (Eva Nováková, 1234560005/0100)"

    def broken(*_: Any) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr("flows.marking.fetch", broken)
    message = failed(firm.run("gopay"))
    assert "RuntimeError" in message
    assert "Nováková" not in message + told_to_prefect()


def test_a_period_that_ends_before_it_begins_is_told_in_a_sentence(open_firm: Open) -> None:
    firm = open_firm()
    state = firm.run("gopay", first_day=TODAY, last_day=TODAY - dt.timedelta(days=2))
    assert "ends before it begins" in failed(state)


def test_an_old_day_fetched_again_by_hand_does_not_move_where_coverage_begins(open_firm: Open) -> None:
    firm = open_firm()
    completed(firm.run("gopay"))
    completed(firm.run("gopay", first_day=TODAY - dt.timedelta(days=300)))
    completed(firm.run("gopay"))
    assert "nikdy staženy" not in told_to_prefect()
