"""Marks: what should stand on each document by the payments counted for it, and what must change."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from blocks.matching import Matching
from tasks.matching.reasons import Reason, State
from tasks.tables import CHANGES, MARKS, checked, table

WANTED: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "currency": "str",
    "total": "int64",
    "amount": "int64",  # what came less what went back
    "count": "int64",  # payments that still stand
    "paid": "bool",
    "state": "str",  # from tasks.matching.reasons.State
}

MARKED: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "amount": "int64",
    "count": "int64",
    "paid": "bool",
}
"""What the ledger must tell of what we wrote last, one row per document; it may tell more."""

LARGEST_TOLERATED_PART = 10
"""A tolerance forgives at most this part of a document, so that it cannot make a small one paid by itself."""
KEY = ["agenda", "document_id"]


def wanted(verdicts: pd.DataFrame, documents: pd.DataFrame, settings: Matching) -> pd.DataFrame:
    """For each document with counted payments what its marks should be, and how it stands. Columns `WANTED`."""
    counted = verdicts.loc[verdicts["reason"] == Reason.COUNTED, [*KEY, "amount"]]
    if counted.empty:
        return table(WANTED)
    counted = counted.astype({"document_id": "int64"})
    sums = counted.groupby(KEY, sort=True)["amount"].agg(["sum", "size"])
    sums.columns = ["amount", "count"]
    sums["count"] = _standing(counted, sums)
    sums["back"] = counted.loc[counted["amount"] < 0].groupby(KEY)["amount"].size()
    known = documents.rename(columns={"id": "document_id"})[[*KEY, "number", "currency", "total"]]
    found = sums.reset_index().merge(known, on=KEY)
    found["paid"], found["state"] = _stand(found, settings)
    return checked(WANTED, found[list(WANTED)].astype(dict(WANTED)))


def _standing(counted: pd.DataFrame, sums: pd.DataFrame) -> pd.Series:
    """How many payments stand: each refund of an equal amount takes one away, and nothing stands of nothing."""
    refunded = counted.loc[counted["amount"] < 0, KEY].drop_duplicates()
    count = sums["count"].copy()
    if len(refunded):
        some = counted.merge(refunded, on=KEY)
        some["size"] = some["amount"].abs()
        some["sign"] = np.sign(some["amount"])
        left = some.groupby([*KEY, "size"])["sign"].sum()
        whole = left.clip(lower=0).groupby(level=KEY).sum()
        count.loc[whole.index] = whole
    return count.where(sums["amount"] > 0, 0).astype("int64")


def _stand(found: pd.DataFrame, settings: Matching) -> tuple[npt.NDArray[np.bool_], list[str]]:
    total, amount = found["total"].to_numpy(), found["amount"].to_numpy()
    points = int(settings.overpayment_margin * 100)
    most = total + total // 10_000 * points + total % 10_000 * points // 10_000
    tolerated = np.minimum(settings.tolerated, total // LARGEST_TOLERATED_PART)
    covered = (found["count"].to_numpy() > 0) & (amount >= total - tolerated)
    paid = covered & (amount <= most)
    back = found["back"].notna().to_numpy()
    twice = covered & (found["count"].to_numpy() > 1) & (total > 0) & (amount >= 2 * total)
    states = np.select(
        [paid, twice, covered, amount <= 0, back],
        [
            State.PAID.value,
            State.PAID_TWICE.value,
            State.OVERPAID.value,
            State.AFTER_REFUND.value,
            State.AFTER_REFUND.value,
        ],
        State.UNDERPAID.value,
    )
    return paid, states.tolist()


def plan(
    verdicts: pd.DataFrame,
    documents: pd.DataFrame,
    marked: pd.DataFrame,
    settings: Matching,
    fields: Mapping[str, frozenset[str]],
) -> pd.DataFrame:
    """The documents whose standing marks differ from what they should be. Columns `CHANGES`.

    `marked` is what we wrote last (`MARKED`); `fields` says for each agenda which of `MARKS` have a field to go
    to. A document is touched only when counted payments belong to it, or when we marked it and have not cleared
    it since: then its marks go back to nothing. An empty field stands for zero and for no.
    """
    ours = _ours(marked, documents, fields)
    goal = wanted(verdicts, documents, settings)
    goal = goal[[*KEY, *MARKS]].merge(ours, on=KEY, how="outer")
    goal = filled(goal).astype({"amount": "int64", "count": "int64", "paid": "bool"})
    rows = documents.rename(
        columns={
            "id": "document_id",
            "marked_amount": "old_amount",
            "marked_count": "old_count",
            "marked_paid": "old_paid",
        }
    ).merge(goal.rename(columns={name: f"new_{name}" for name in MARKS}), on=KEY)
    rows = rows[_differs(rows, fields, "new")].sort_values(KEY, ignore_index=True)
    return checked(CHANGES, rows[list(CHANGES)].astype(dict(CHANGES)))


def filled(rows: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """The rows with marks where none are: no money, no payment, no. `prefix` is that of the marks' columns."""
    paid = rows[f"{prefix}paid"].astype("boolean").fillna(False)
    return rows.fillna({f"{prefix}amount": 0, f"{prefix}count": 0}).assign(**{f"{prefix}paid": paid})


def _ours(marked: pd.DataFrame, documents: pd.DataFrame, fields: Mapping[str, frozenset[str]]) -> pd.DataFrame:
    """Keys of the documents whose marks are ours and not cleared yet.

    A document is known by its number, since ids start anew with every year's database; by its id as well where
    several documents have the number. Marks that we are not sure to have written (`confirmed` is False) are ours
    if they stand just as we meant to write them.
    """
    last = marked.rename(columns={"document_id": "then", **{mark: f"last_{mark}" for mark in MARKS}})
    known = documents.rename(columns={"id": "document_id", **{f"marked_{mark}": f"old_{mark}" for mark in MARKS}})
    known["several"] = known.duplicated(["agenda", "number"], keep=False)
    found = known.merge(last, on=["agenda", "number"])
    standing = (found["last_amount"] != 0) | (found["last_count"] != 0) | found["last_paid"]
    ours = standing & (~found["several"] | (found["document_id"] == found["then"]))
    if "confirmed" in found:
        ours &= found["confirmed"] | ~_differs(found, fields, "last")
    return found.loc[ours, KEY].drop_duplicates()


def _differs(rows: pd.DataFrame, fields: Mapping[str, frozenset[str]], goal: str) -> pd.Series:
    """Whether any configured mark that stands (`old_…`) is not the one of the goal; an empty one is nothing."""
    differs = pd.Series(False, index=rows.index)
    standing = filled(rows, "old_")
    for mark in MARKS:
        configured = rows["agenda"].isin([agenda for agenda, marks in fields.items() if mark in marks])
        differs |= configured & (standing[f"old_{mark}"] != rows[f"{goal}_{mark}"]).astype(bool)
    return differs
