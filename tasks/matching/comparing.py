"""What would change: the same payments and documents under old and new settings, document by document."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from blocks.matching import Matching
from tasks.marks import KEY, filled, wanted
from tasks.matching.reasons import State
from tasks.matching.verdicts import match
from tasks.tables import MARKS, checked

DIFFERENCES: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "currency": "str",
    "total": "int64",
    "old_amount": "int64",
    "old_count": "int64",
    "old_paid": "bool",
    "old_state": "str",
    "new_amount": "int64",
    "new_count": "int64",
    "new_paid": "bool",
    "new_state": "str",
}


def compare(payments: pd.DataFrame, documents: pd.DataFrame, old: Matching, new: Matching) -> pd.DataFrame:
    """The documents that would stand otherwise under the new settings; columns `DIFFERENCES`."""
    before, after = (
        wanted(match(payments, documents, settings), documents, settings).set_index(KEY)
        for settings in (old, new)
    )
    known = documents.rename(columns={"id": "document_id"}).set_index(KEY)[["number", "currency", "total"]]
    both = known.join(_named(before, "old")).join(_named(after, "new"))
    both = both.dropna(how="all", subset=[name for name in both if name not in known])
    for side in ("old", "new"):
        both = filled(both, f"{side}_").fillna({f"{side}_state": State.UNPAID.value})
    differs = pd.concat([both[f"old_{mark}"] != both[f"new_{mark}"] for mark in (*MARKS, "state")], axis=1).any(
        axis=1
    )
    changed = both[differs].reset_index().sort_values(KEY, ignore_index=True)
    return checked(DIFFERENCES, changed[list(DIFFERENCES)].astype(dict(DIFFERENCES)))


def _named(marks: pd.DataFrame, side: str) -> pd.DataFrame:
    return marks[[*MARKS, "state"]].add_prefix(f"{side}_")
