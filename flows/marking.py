"""The story that all providers share: extract, normalize, record, match, plan, load, report."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import pandas as pd
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.core import Block
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.pohoda import PohodaUnit
from flows.fetching import Fetched, fetch
from flows.runs import Run, block_named, run_name, this_run, unit_named
from flows.settling import decision, write
from tasks.deciding import Decided
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.pohoda.years import note_of_older
from tasks.provider import Memory, Provider
from tasks.reporting import Report, key_of, markdown, summary
from tasks.secrets import MaskSecrets, secrets_of

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
    log = get_run_logger()
    try:
        settings, pohoda = block_named(kind, account), unit_named(unit)
        with masked_logs(settings, pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            run = this_run(unit, first_day, last_day, dry_run)
            report = marked(provider(settings, ledger), pohoda, ledger, run)
    except PohodaPaymentsError as error:
        log.error("%s: %s", type(error).__name__, error)
        return Failed(message=str(error))
    log.info(summary(report))
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
            written, failure = write(found.changes, pohoda, ledger, run, lease.check)
        report = report_of(run, fetched, found, pohoda, ledger, written, failure)
    leave_report(report)
    return report


def leave_report(report: Report) -> None:
    """Leave the report where the Prefect UI shows it, one history per provider and unit."""
    key = key_of("uhrady", report.provider, report.unit)
    create_markdown_artifact(markdown(report), key=key, description=summary(report))


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
        faults=tuple(fetched.faults),
        notes=(*fetched.notes, *note_of_older(found.left_alone)),
        decided=found,
        written=written,
        drift_policy=pohoda.drift,
        freshness=ledger.freshness(),
        failure=failure,
    )


@contextmanager
def masked_logs(*blocks: Block) -> Generator[None]:
    """While it lasts, no secret of these blocks can pass through the loggers of a run."""
    net = MaskSecrets(secret for block in blocks for secret in secrets_of(block))
    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs")]
    for logger in loggers:
        logger.addFilter(net)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(net)
