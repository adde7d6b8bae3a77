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
from flows.runs import Run, block_named, run_name, this_run
from flows.steps import active, decide, read, write_marks
from tasks.days import ONE_DAY
from tasks.drift import drifted, without
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.marks import plan, wanted
from tasks.matching.suggestions import suggest
from tasks.pohoda.documents import read_marks
from tasks.provider import Memory, Provider
from tasks.reporting import Report, key_of, markdown, summary
from tasks.secrets import MaskSecrets, secrets_of
from tasks.writers import Writer
from tasks.writers.choice import writer_for

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
        settings, pohoda = block_named(kind, account), block_named(PohodaUnit, unit)
        with masked_logs(settings, pohoda), Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            run = this_run(unit, first_day, last_day, dry_run)
            report = marked(provider(settings, ledger), pohoda, ledger, run)
    except PohodaPaymentsError as error:
        log.error("%s: %s", type(error).__name__, error)
        return Failed(message=str(error))
    log.info(summary(report))
    return Failed(message=report.failure) if report.failure else Completed(message=summary(report))


def marked(provider: Provider, pohoda: PohodaUnit, ledger: Ledger, run: Run) -> Report:
    """The whole run for one provider: what it has goes to the ledger, marks follow, a report is left."""
    fetched = fetch(provider, pohoda, ledger, run)
    with ledger.lease(pohoda.ico, run.id) as lease:
        report = settle(pohoda, ledger, run, fetched, lease.check)
    create_markdown_artifact(markdown(report), key=key_of(run.provider, run.unit), description=summary(report))
    return report


def settle(
    pohoda: PohodaUnit, ledger: Ledger, run: Run, fetched: Fetched, still_ours: Callable[[], None]
) -> Report:
    """Let the marks in Pohoda follow from all payments in the ledger; one run of a unit at a time is in here."""
    documents = read(pohoda, run.today)
    payments = ledger.payments(run.today - ONE_DAY * payments_horizon(pohoda))
    verdicts = decide(payments, documents, pohoda)
    writer = writer_for(pohoda, ledger)
    fields = {agenda: writer.marks(agenda) for agenda in active(pohoda)}
    ours = ledger.marked(pohoda.ico)
    drift = drifted(documents, ours, fields)
    marks = plan(verdicts, documents, ours, pohoda.matching, fields)
    if pohoda.drift != "restore":
        marks = without(marks, drift)
    get_run_logger().info(
        "%d documents, %d payments, %d marks to change", len(documents), len(payments), len(marks)
    )
    written, failure = (None, "") if run.dry_run else write(marks, writer, pohoda, ledger, run, still_ours)
    return Report(
        provider=run.provider,
        source=fetched.source,
        unit=run.unit,
        today=run.today,
        asked=run.asked,
        dry_run=run.dry_run,
        new=fetched.new,
        changed=fetched.changed,
        faults=tuple(fetched.faults),
        notes=tuple(fetched.notes),
        payments=payments,
        documents=documents,
        verdicts=verdicts,
        changes=marks,
        written=written,
        drift=drift,
        drift_policy=pohoda.drift,
        wanted=wanted(verdicts, documents, pohoda.matching),
        suggestions=suggest(payments, documents, verdicts, pohoda.matching),
        freshness=ledger.freshness(),
        failure=failure,
    )


def write(
    changes: pd.DataFrame,
    writer: Writer,
    pohoda: PohodaUnit,
    ledger: Ledger,
    run: Run,
    still_ours: Callable[[], None],
) -> tuple[pd.DataFrame | None, str]:
    """Write the changes and say what became of each; a failure is a sentence, so that the report is left."""

    def standing(batch: pd.DataFrame) -> pd.DataFrame:
        still_ours()
        return standing_marks(pohoda, batch)

    if changes.empty:
        return None, ""
    try:
        writer.ready()
        journal = ledger.journal(unit=pohoda.ico, run=run.id, writer=pohoda.writer)
        written = write_marks(changes, writer, standing, journal)
    except PohodaPaymentsError as error:
        get_run_logger().error("%s: %s", type(error).__name__, error)
        return None, str(error)
    failed = written[written["outcome"].isin(["refused", "unknown"])]
    return written, f"Nezapsané doklady: {len(failed)}" if len(failed) else ""


def payments_horizon(pohoda: PohodaUnit) -> int:
    """How many days back payments matter: the oldest document may have been paid before it was issued."""
    return pohoda.horizon_days + pohoda.matching.days_before_document


def standing_marks(pohoda: PohodaUnit, batch: pd.DataFrame) -> pd.DataFrame:
    """The marks that stand in Pohoda right now on the documents of a batch of changes."""
    by_agenda = batch.groupby("agenda", sort=False)["document_id"]
    return pd.concat(
        [read_marks(pohoda, str(agenda), ids.tolist()) for agenda, ids in by_agenda], ignore_index=True
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
