"""Drift: marks that are no longer what this product last wrote, because a person changed them in Pohoda."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from tasks.tables import checked

DRIFTED: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "currency": "str",
    "written_amount": "Int64",  # what we last wrote
    "written_count": "Int64",
    "written_paid": "boolean",
    "standing_amount": "Int64",  # what stands now; missing when the field is empty
    "standing_count": "Int64",
    "standing_paid": "boolean",
}

EMPTY = {"amount": 0, "count": 0, "paid": False}
DOCUMENT = ["agenda", "number"]


def drifted(documents: pd.DataFrame, marked: pd.DataFrame, fields: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """The documents whose marks differ from what we last wrote there for certain. Columns `DRIFTED`.

    `marked` is what the ledger says (`tasks.ledger.journal.MARKED`); writes of which nobody knows whether they
    arrived say nothing about a person's hand and are passed over. An empty field is the same as zero and no.
    Only marks that have a field (`fields`, per agenda) are compared.
    """
    certain = marked.loc[marked["confirmed"], [*DOCUMENT, *EMPTY]]
    rows = documents.rename(columns={"id": "document_id"}).merge(certain, on=DOCUMENT)
    differs = pd.Series(False, index=rows.index)
    for mark, nothing in EMPTY.items():
        looked_at = rows["agenda"].isin([agenda for agenda, marks in fields.items() if mark in marks])
        standing = rows[f"marked_{mark}"].fillna(nothing)
        differs |= looked_at & (standing != rows[mark]).astype(bool)
    renamed = {f"marked_{mark}": f"standing_{mark}" for mark in EMPTY} | {
        mark: f"written_{mark}" for mark in EMPTY
    }
    found = rows[differs].rename(columns=renamed)[list(DRIFTED)].astype(dict(DRIFTED))
    return checked(DRIFTED, found.reset_index(drop=True))


def without(changes: pd.DataFrame, drift: pd.DataFrame) -> pd.DataFrame:
    """The changes (`tasks.tables.CHANGES`) of documents on which nobody's hand has been."""
    touched = pd.MultiIndex.from_frame(drift[["agenda", "document_id"]])
    ours = ~pd.MultiIndex.from_frame(changes[["agenda", "document_id"]]).isin(touched)
    return changes[ours].reset_index(drop=True)
