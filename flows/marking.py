"""The story that all providers share: extract, normalize, record, match, plan, load, report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import pandas as pd
from prefect import get_run_logger
from prefect.blocks.core import Block
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.pohoda import PohodaUnit
from flows.fetching import Fetched, fetch
from flows.noticing import tell_of_run
from flows.overdue import NAME, TEXT, is_replaced
from flows.runs import Run, block_named, run_name, this_run, unit_named
from flows.settling import decision, drift_policy, write
from flows.telling import leave, masked_logs, told
from tasks.advice import advice, note_of_restored
from tasks.deciding import Decided
from tasks.ledger import Ledger
from tasks.pohoda.years import note_of_older
from tasks.provider import Memory, Provider
from tasks.reporting import Report, key_of, markdown, summary
from tasks.settlements.findings import elsewhere, in_doubt

__all__ = ["mark_payments", "run_name"]

B = TypeVar("B", bound=Block)


def mark_payments(
    provider: Callable[[B, Memory], Provider],
    kind: type[B],
    account: str,
    unit: str,
    first_day: dt.date | None,
    last_day: dt.date | None,
    dry_run: bool,
) -> State[Any]:
    """Fetch what the provider has, record it, and let Pohoda's marks follow from all payments recorded.

    `provider` is made from the block of this kind and name, and the ledger. The days are inclusive; without them
    the ledger decides which are due. Returns the run's final state: a sentence in Czech, or what failed and what
    to do about it.
    """

    def story() -> State[Any]:
        if not (first_day or last_day or dry_run) and is_replaced():
            return Completed(name=NAME, message=TEXT)
        settings, pohoda = block_named(kind, account), unit_named(unit)
        with masked_logs(settings, pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            run = this_run(unit, first_day, last_day, dry_run)
            report = marked(provider(settings, ledger), pohoda, ledger, run)
        return ended(report)

    return told(story)


def ended(report: Report) -> State[Any]:
    """The final state of a run that left this report."""
    get_run_logger().info(summary(report))
    return Failed(message=report.failure) if report.failure else Completed(message=summary(report))


def marked(provider: Provider, pohoda: PohodaUnit, ledger: Ledger, run: Run) -> Report:
    """The whole run for one provider: what it has goes to the ledger, marks follow, a report is left.

    A trial run writes nothing and leaves its changes in the ledger as a plan that can be applied later.
    """
    fetched = fetch(provider, pohoda, ledger, run)
    with ledger.lease(pohoda.ico, run.id) as lease:
        found = decision(pohoda, ledger, run)
        if run.dry_run:
            ledger.keep_plan(pohoda.ico, run.id, found.changes)
            written, failure = None, ""
        else:
            written, failure = write(found, pohoda, ledger, run, lease.check)
        report = report_of(run, fetched, found, pohoda, ledger, written, failure)
    tell_of_run(report, pohoda, ledger)
    leave_report(report)
    return report


def leave_report(report: Report) -> None:
    """Leave the report where the Prefect UI shows it, one history per provider and unit."""
    leave(markdown(report), key_of("uhrady", report.provider, report.unit), summary(report))


def report_of(
    run: Run,
    fetched: Fetched,
    found: Decided,
    pohoda: PohodaUnit,
    ledger: Ledger,
    written: pd.DataFrame | None,
    failure: str,
) -> Report:
    """Everything that the run has to tell."""
    return Report(
        provider=run.provider,
        source=fetched.source,
        unit=run.unit,
        today=run.today,
        asked=run.asked,
        plan=run.id if run.dry_run else "",
        new=fetched.new,
        changed=fetched.changed,
        fresh=frozenset(ledger.first_seen_since(fetched.source, run.started)),
        faults=tuple(fetched.faults),
        notes=(
            *fetched.notes,
            *note_of_older(found.left_alone),
            *in_doubt(found.settled, found.documents),
            *elsewhere(found.settled, found.verdicts, found.payments, found.documents),
            *advice(found.payments, pohoda.matching),
            *note_of_restored(ledger.restored(), run.today),
        ),
        decided=found,
        written=written,
        drift_policy=drift_policy(pohoda),
        freshness=ledger.freshness(),
        failure=failure,
    )
