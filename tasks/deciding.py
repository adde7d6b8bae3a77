"""All that follows from the payments and the documents of one moment, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.drift import drifted, without
from tasks.marks import plan, wanted
from tasks.matching import match
from tasks.matching.suggestions import suggest
from tasks.pohoda.years import of_older_year
from tasks.settlements import settlements


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

    def only(self, planned: pd.DataFrame) -> Decided:
        """The same with just those changes that an earlier plan holds exactly so; the others have moved since."""
        return replace(self, changes=self.changes.merge(planned, on=list(self.changes.columns)))


def decided(
    payments: pd.DataFrame,
    documents: pd.DataFrame,
    marked: pd.DataFrame,
    unit: PohodaUnit,
    fields: Mapping[str, frozenset[str]],
) -> Decided:
    """Everything that follows for the unit's documents.

    `marked` is what the ledger says we wrote last (`tasks.ledger.journal.MARKED`); `fields` tells which marks
    have a field to go to, for each agenda that takes part.
    """
    verdicts = match(payments, documents, unit.matching, list(fields))
    drift = drifted(documents, marked, fields)
    changes = plan(verdicts, documents, marked, unit.matching, fields)
    if unit.writer == "settlement":
        changes = settlements(changes, marked)
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
        left_alone=changes[older].reset_index(drop=True),
        suggestions=suggest(payments, documents, verdicts, unit.matching),
    )
