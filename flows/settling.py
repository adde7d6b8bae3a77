"""How marks get to stand: all follows from the ledger and Pohoda's documents, and only changes are written."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from prefect import get_run_logger

from blocks.pohoda import PohodaUnit
from flows.runs import Run
from flows.steps import decide, read, write_marks
from tasks.days import ONE_DAY
from tasks.deciding import Decided
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.pohoda.documents import read_marks
from tasks.settlements.fate import found_out, known_by_now
from tasks.tables import AGENDAS, SETTLED, table
from tasks.writers.choice import at_hand, marks_of, same_place, writer_for
from tasks.writers.settlement import Due


def decision(pohoda: PohodaUnit, ledger: Ledger, run: Run) -> Decided:
    """What should stand on the unit's documents by all payments in the ledger."""
    documents = read(pohoda, run.today)
    payments = ledger.payments(run.today - ONE_DAY * payments_horizon(pohoda))
    fields = {name: marks_of(pohoda, name) for name in AGENDAS if pohoda.agenda(name).active}
    marked = ledger.marked(pohoda.ico, same_place(pohoda))
    settles = pohoda.writer == "settlement"
    settled = known_by_now(ledger.settled(pohoda.ico), documents) if settles else table(SETTLED)
    found = decide(payments, documents, marked, pohoda, fields, settled)
    reasons = found.verdicts["reason"].value_counts()
    get_run_logger().info(
        "%d payments on %d documents: %s; %d marks to change",
        len(payments),
        len(documents),
        ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "no verdict",
        len(found.changes),
    )
    return found


def write(
    found: Decided, pohoda: PohodaUnit, ledger: Ledger, run: Run, still_ours: Callable[[], None]
) -> tuple[pd.DataFrame | None, str]:
    """Write the changes and say what became of each; a failure is a sentence, so that the report is left.

    `still_ours` raises when the lease of the unit is lost; it is asked before each batch.
    """

    def standing(batch: pd.DataFrame) -> pd.DataFrame:
        still_ours()
        return standing_marks(pohoda, batch)

    changes = found.changes
    if pohoda.writer == "settlement":
        ledger.settle(found_out(ledger.settled(pohoda.ico), found.documents))
    if changes.empty:
        return None, ""
    due = Due(found.parts, ledger.settlements(unit=pohoda.ico, run=run.id))
    writer = writer_for(pohoda, ledger, due)
    try:
        with at_hand(pohoda):
            journal = ledger.journal(unit=pohoda.ico, run=run.id, writer=pohoda.writer)
            written = write_marks(changes, writer, standing, journal)
    except PohodaPaymentsError as error:
        get_run_logger().error("%s: %s", type(error).__name__, error)
        return so_far(changes, ledger.written_by(pohoda.ico, run.id)), str(error)
    outcomes = written["outcome"].value_counts()
    get_run_logger().info("Marks: %s", ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))
    failed = written[written["outcome"].isin(["refused", "unknown"])]
    return written, unwritten(len(failed)) if len(failed) else ""


def unwritten(documents: int) -> str:
    """What a run says that could not write so many documents. Its beginning is known to `flows.triggers`."""
    return (
        f"Nezapsané doklady: {documents}. Další krok: u každého je ve zprávě důvod; "
        "příští běh je zkusí zapsat znovu."
    )


def so_far(changes: pd.DataFrame, settled: pd.DataFrame) -> pd.DataFrame:
    """The changes with the outcomes that the journal already holds; those not reached have none.

    `settled` has the columns agenda, document_id, outcome and note. Columns as `tasks.loading.LOADED`.
    """
    return changes.merge(settled, on=["agenda", "document_id"], how="left")


def drift_policy(pohoda: PohodaUnit) -> str:
    """What becomes of marks that a person changed; a settlement taken away is done again by no setting."""
    return "settlement" if pohoda.writer == "settlement" else pohoda.drift


def payments_horizon(pohoda: PohodaUnit) -> int:
    """How many days back payments matter: the oldest document may have been paid before it was issued."""
    return pohoda.horizon_days + pohoda.matching.days_before_document


def standing_marks(pohoda: PohodaUnit, batch: pd.DataFrame) -> pd.DataFrame:
    """The marks that stand in Pohoda right now on the documents of a batch of changes.

    No row for a document whose id belongs to another one by now, as it may after a restore of Pohoda's database.
    """
    by_agenda = batch.groupby("agenda", sort=False)["document_id"]
    found = [read_marks(pohoda, str(agenda), ids.tolist()) for agenda, ids in by_agenda]
    identity = ["agenda", "document_id", "number"]
    return pd.concat(found, ignore_index=True).merge(batch[identity], on=identity)
