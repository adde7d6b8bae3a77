"""Drift: marks that are no longer what this product last wrote, because a person changed them in Pohoda."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.tables import MARKS, checked

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

DOCUMENT = ["agenda", "number"]


def drifted(documents: pd.DataFrame, marked: pd.DataFrame, fields: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """The documents whose marks differ from what we last wrote there for certain. Columns `DRIFTED`.

    `marked` is what the ledger says (`tasks.ledger.journal.MARKED`). A document with a write of which nobody
    knows whether it arrived is passed over: what stands there may be ours. So is an empty field, since one that
    was configured only later is empty too; it is simply filled again. A document carried over into a new year
    has another id but the same number and total. Only marks that have a field (`fields`) are compared.
    """
    certain = marked[~_same(marked, marked[~marked["confirmed"]], [*DOCUMENT, "document_id"])]
    last = certain[[*DOCUMENT, "document_id", "total", *MARKS]].rename(
        columns={"document_id": "then", "total": "total_then"}
    )
    rows = documents.rename(columns={"id": "document_id"}).merge(last, on=DOCUMENT)
    rows = rows[(rows["document_id"] == rows["then"]) | (rows["total"] == rows["total_then"])]
    differs = pd.Series(False, index=rows.index)
    for mark in MARKS:
        looked_at = rows["agenda"].isin([agenda for agenda, marks in fields.items() if mark in marks])
        standing = rows[f"marked_{mark}"]
        differs |= looked_at & (standing.notna() & (standing != rows[mark])).fillna(False).astype(bool)
    renamed = {f"marked_{mark}": f"standing_{mark}" for mark in MARKS} | {
        mark: f"written_{mark}" for mark in MARKS
    }
    found = rows[differs].rename(columns=renamed)[list(DRIFTED)].astype(dict(DRIFTED))
    return checked(DRIFTED, found.reset_index(drop=True))


def _same(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> npt.NDArray[np.bool_]:
    return pd.MultiIndex.from_frame(rows[columns]).isin(pd.MultiIndex.from_frame(others[columns]))


def without(changes: pd.DataFrame, drift: pd.DataFrame) -> pd.DataFrame:
    """The changes (`tasks.tables.CHANGES`) of documents on which nobody's hand has been."""
    return changes[~_same(changes, drift, ["agenda", "document_id"])].reset_index(drop=True)
