"""
How payments come in. What differs between providers that are asked for days and providers that are asked about
documents has its one home here; every provider goes through `fetch`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prefect import get_run_logger

from blocks.pohoda import PohodaUnit
from flows.runs import Run
from flows.steps import ask, extract, normalize, read, understand
from tasks.collecting import (
    Due,
    days_to_fetch,
    first_begin,
    in_batches,
    issued_within,
    note_of_lost,
    overlap_of,
)
from tasks.days import ONE_DAY
from tasks.ledger import Ledger
from tasks.provider import ByDocuments, ByPeriod, Delivery, Fault, Note, Provider

BEGIN = "kept complete since"
"""The ledger's cursor that holds a source's first day."""
RUNNING_TOTALS = frozenset({"calls"})
"""Codes of notes that tell how far a run has got."""


@dataclass
class Fetched:
    """What came in during one run, counted; the payments themselves are in the ledger."""

    source: str
    new: int = 0
    changed: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])
    notes: list[Note] = field(default_factory=list[Note])


def fetch(provider: Provider, pohoda: PohodaUnit, ledger: Ledger, run: Run) -> Fetched:
    """Ask the provider for what is due and record each answer as it comes, so that nothing is fetched in vain."""
    fetched = Fetched(provider.source, notes=provider.expiries(run.today))
    if isinstance(provider, ByPeriod):
        for deliveries in by_period(provider, pohoda, ledger, run, fetched):
            record(ledger, run, fetched, deliveries)
    if isinstance(provider, ByDocuments):
        for deliveries in by_documents(provider, pohoda, ledger, run, fetched):
            record(ledger, run, fetched, deliveries)
    get_run_logger().info(
        "%s: %d new payments, %d changed, %d unreadable records",
        provider.source,
        fetched.new,
        fetched.changed,
        len(fetched.faults),
    )
    return fetched


def by_period(
    provider: ByPeriod, pohoda: PohodaUnit, ledger: Ledger, run: Run, fetched: Fetched
) -> Iterator[list[Delivery]]:
    """The deliveries of every day that is due or was asked for, oldest first, portion by portion."""
    due = (run.asked,) if run.asked else ()
    if not due:
        found = due_days(provider, pohoda, ledger, run)
        due = found.fetch
        fetched.notes += note_of_lost(found.lost)
    portions = [portion for days in due for portion in provider.split(days)]
    asked = ", ".join(map(str, due)) or "nothing"
    get_run_logger().info("Asking %s for %s in %d portions", provider.source, asked, len(portions))
    for portion in portions:
        yield normalize(provider, extract(provider, portion))


def due_days(provider: ByPeriod, pohoda: PohodaUnit, ledger: Ledger, run: Run) -> Due:
    """The days that a run without orders fetches. The first such run of a source fixes where it begins."""
    source, horizon = provider.source, pohoda.horizon_days
    known = ledger.cursor(source, BEGIN)
    begin = dt.date.fromisoformat(known) if known else run.today
    if known is None or begin > run.today:  # one that is still to come was fixed by a clock that ran ahead
        begin = first_begin(run.today, reach=provider.reach, horizon=horizon)
        start = Delivery(cursors=((BEGIN, begin.isoformat()),))
        ledger.record(source, start, run=run.id, at=dt.datetime.now(dt.UTC))
    completed = ledger.completed_days(source, run.today - ONE_DAY * horizon, run.today)
    overlap = overlap_of(provider.overlap, run.today, ledger.day_of_copy(source))
    return days_to_fetch(
        completed, run.today, begin=begin, reach=provider.reach, overlap=overlap, horizon=horizon
    )


def by_documents(
    provider: ByDocuments, pohoda: PohodaUnit, ledger: Ledger, run: Run, fetched: Fetched
) -> Iterator[list[Delivery]]:
    """The deliveries about documents whose answer can have changed, or that were issued on the days asked for."""
    documents = issued_within(read(pohoda, run.today), run.asked)
    questions, faults = provider.questions(documents)
    fetched.faults += faults
    due = questions if run.asked else ledger.due(provider.source, questions, dt.datetime.now(dt.UTC))
    get_run_logger().info("Asking %s about %d of %d keys", provider.source, len(due), len(questions))
    for batch in in_batches(due):
        yield understand(provider, ask(provider, batch))
    # Even when nothing was to be asked, the ledger learns that the source has been looked at.
    yield [Delivery()]


def record(ledger: Ledger, run: Run, fetched: Fetched, deliveries: list[Delivery]) -> None:
    """Keep what was delivered. A day counts as complete only when it was over by the day of the run."""
    for delivery in deliveries:
        over = tuple(day for day in delivery.covered if day < run.today)
        recorded = ledger.record(
            fetched.source, replace(delivery, covered=over), run=run.id, at=dt.datetime.now(dt.UTC)
        )
        fetched.new += recorded.new
        fetched.changed += recorded.changed
        fetched.faults += delivery.faults
        fetched.notes = [*superseded(fetched.notes, delivery.notes), *delivery.notes]


def superseded(earlier: list[Note], later: tuple[Note, ...]) -> list[Note]:
    """The earlier notes that later ones do not repeat: a running total counts once, with its last value."""
    totals = {note.code for note in later if note.code in RUNNING_TOTALS}
    return [note for note in earlier if note.code not in totals and note not in later]
