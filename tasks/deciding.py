"""All that follows from the payments and the documents of one moment, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.drift import drifted, without
from tasks.marks import plan, wanted
from tasks.matching import match
from tasks.matching.suggestions import suggest
from tasks.pohoda.years import of_older_year
from tasks.settlements.due import settlements
from tasks.settlements.fate import cancelled
from tasks.tables import PARTS, SETTLED, table


@dataclass(frozen=True)
class Decided:
    """Payments, documents, and what follows from them. Columns as in the modules named."""

    payments: pd.DataFrame
    """`tasks.tables.PAYMENTS`"""
    documents: pd.DataFrame
    """`tasks.tables.DOCUMENTS`"""
    verdicts: pd.DataFrame
    """`tasks.tables.VERDICTS`"""
    wanted: pd.DataFrame
    """How documents with counted payments should stand, `tasks.marks.WANTED`"""
    drift: pd.DataFrame
    """Marks that a person changed, `tasks.drift.DRIFTED`"""
    changes: pd.DataFrame
    """What is to be written, `tasks.tables.CHANGES`"""
    left_alone: pd.DataFrame
    """What would be written if the document did not stand in an older year's database, `tasks.tables.CHANGES`"""
    suggestions: pd.DataFrame
    """What is likely but not certain, `tasks.matching.suggestions.SUGGESTIONS`"""
    parts: pd.DataFrame = field(default_factory=lambda: table(PARTS))
    """Which payments the changes are made of where payments are settled, `tasks.tables.PARTS`"""
    settled: pd.DataFrame = field(default_factory=lambda: table(SETTLED))
    """What we sent to be settled, `tasks.tables.SETTLED`"""

    def only(self, planned: pd.DataFrame) -> Decided:
        """The same with just those changes that an earlier plan holds exactly so; the others have moved since."""
        return replace(self, changes=self.changes.merge(planned, on=list(self.changes.columns)))


def decided(
    payments: pd.DataFrame,
    documents: pd.DataFrame,
    marked: pd.DataFrame,
    unit: PohodaUnit,
    fields: Mapping[str, frozenset[str]],
    settled: pd.DataFrame,
) -> Decided:
    """Everything that follows for the unit's documents.

    `marked` is what the ledger says we wrote last (`tasks.ledger.journal.MARKED`); `fields` tells which marks
    have a field to go to, for each agenda that takes part; `settled` is what we sent to be settled
    (`tasks.tables.SETTLED`).
    """
    verdicts = match(payments, documents, unit.matching, list(fields))
    drift = drifted(documents, marked, fields)
    changes = plan(verdicts, documents, marked, unit.matching, fields)
    parts = table(PARTS)
    if unit.writer == "settlement":
        drift = cancelled(settled, verdicts, payments, documents)
        changes, parts = settlements(changes, verdicts, payments, documents, settled)
    if unit.drift != "restore":
        changes = without(changes, drift)
    older = of_older_year(changes["document_id"])
    return Decided(
        payments=payments,
        documents=documents,
        verdicts=verdicts,
        wanted=wanted(verdicts, documents, unit.matching),
        drift=drift,
        changes=changes[~older].reset_index(drop=True),
        parts=parts,
        settled=settled,
        left_alone=changes[older].reset_index(drop=True),
        suggestions=suggest(payments, documents, verdicts, unit.matching),
    )
