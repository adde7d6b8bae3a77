"""
Likely, but not certain: documents that a payment without a document may be meant for. Never written.

A document is suggested when exactly the payment's amount is open on it and either its symbol is one typing error
away, or the payment came from an account that has certainly paid this customer, and no other, before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from blocks.matching import Matching
from tasks.matching import gates, spellings
from tasks.matching.keys import Ints, equal_pairs, symbol_keys
from tasks.matching.reasons import Reason
from tasks.matching.typing_errors import neighbours
from tasks.tables import checked, table

SUGGESTIONS: Mapping[str, str] = {
    "source": "str",
    "payment_id": "str",
    "agenda": "str",
    "document_id": "int64",
    "why": "str",  # in Czech, for the report
}

WHY = {
    "substitution": "symbol se liší jednou číslicí a částka souhlasí",
    "swap": "v symbolu jsou prohozené dvě sousední číslice a částka souhlasí",
    "missing": "v symbolu chybí jedna číslice a částka souhlasí",
    "extra": "v symbolu je jedna číslice navíc a částka souhlasí",
    "account": "z tohoto účtu už zákazník jistě platil a částka souhlasí",
}
"""Why a document is suggested, the strongest evidence first."""

LOST = (Reason.NO_DOCUMENT, Reason.NO_KEY)
IDENTITY = ["source", "payment_id"]


def suggest(
    payments: pd.DataFrame, documents: pd.DataFrame, verdicts: pd.DataFrame, settings: Matching
) -> pd.DataFrame:
    """Documents that payments found by no rule may be meant for; columns `SUGGESTIONS`, one reason per pair."""
    lost = _lost(payments, verdicts)
    counted = verdicts[verdicts["reason"] == Reason.COUNTED]
    left = _open(documents, counted)
    fits = [
        *(_mistyped(lost, left) if settings.suggest_typing_errors else ()),
        *(_learned(lost, left, payments, documents, counted) if settings.learn_accounts else ()),
    ]
    rows = [(p, d, kind) for kind, ours, theirs in fits for p, d in _fitting(lost, left, ours, theirs, settings)]
    return _table(lost, left, rows)


def _lost(payments: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Incoming payments that found no document in any agenda."""
    found = verdicts.loc[~verdicts["reason"].isin([*LOST]), IDENTITY].drop_duplicates()
    merged = payments[payments["amount"] > 0].merge(found, on=IDENTITY, how="left", indicator=True)
    return merged[merged["_merge"] == "left_only"].drop(columns="_merge").reset_index(drop=True)


def _open(documents: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Documents on which something is open, with `left`, how much."""
    parts = pd.DataFrame(
        {"agenda": counted["agenda"], "id": counted["document_id"].astype("int64"), "counted": counted["amount"]}
    )
    sums = parts.groupby(["agenda", "id"], as_index=False)["counted"].sum()
    left = documents.merge(sums, on=["agenda", "id"], how="left")
    left["left"] = left["total"] - left["counted"].fillna(0).astype("int64")
    return left[left["left"] > 0].reset_index(drop=True)


def _mistyped(lost: pd.DataFrame, left: pd.DataFrame) -> Iterator[tuple[str, Ints, Ints]]:
    rows, written = _written(lost)
    keys = symbol_keys(left["variable_symbol"])[0]
    for kind, places, meant in neighbours(written):
        ours, theirs, _ = equal_pairs(meant, keys)
        yield kind, rows[places[ours]], theirs


def _written(lost: pd.DataFrame) -> tuple[Ints, Ints]:
    """The symbols that payers wrote, into the field or into the message, as (row, symbol)."""
    keys = symbol_keys(lost["variable_symbol"])[0]
    rows = np.flatnonzero(keys > 0)
    said = [
        (row, int(digits))
        for row, message in lost.loc[keys == 0, "message"].dropna().items()
        for digits in spellings.variable_symbols(str(message))
        if len(digits) >= spellings.SHORTEST
    ]
    more = np.array(said, np.int64).reshape(-1, 2)
    return np.r_[rows, more[:, 0]], np.r_[keys[rows], more[:, 1]]


def _learned(
    lost: pd.DataFrame, left: pd.DataFrame, payments: pd.DataFrame, documents: pd.DataFrame, counted: pd.DataFrame
) -> Iterator[tuple[str, Ints, Ints]]:
    asking = payments[payments["counterparty"].isin(lost["counterparty"].dropna().unique())]
    paid = asking[[*IDENTITY, "counterparty"]].merge(counted[counted["amount"] > 0], on=IDENTITY)
    customers = documents[["agenda", "id", "customer"]].rename(columns={"id": "document_id"}).dropna()
    known = paid.astype({"document_id": "int64"}).merge(customers, on=["agenda", "document_id"])
    known = known[["counterparty", "customer"]].drop_duplicates()
    known = known[~known.duplicated("counterparty", keep=False)]
    pairs = (
        lost[["counterparty"]].reset_index(names="payment").merge(known, on="counterparty")
        .merge(left[["customer"]].reset_index(names="document"), on="customer")
    )  # fmt: skip
    yield "account", pairs["payment"].to_numpy(np.int64), pairs["document"].to_numpy(np.int64)


def _fitting(
    lost: pd.DataFrame, left: pd.DataFrame, ours: Ints, theirs: Ints, settings: Matching
) -> Iterator[tuple[int, int]]:
    """Of the pairs, those that pass all gates and whose open amount is just the payment's."""
    equal = lost["amount"].to_numpy()[ours] == left["left"].to_numpy()[theirs]
    ours, theirs = ours[equal], theirs[equal]
    passed = gates.PairGates(lost, left, settings).verdicts(ours, theirs) == gates.PASSED
    return zip(ours[passed].tolist(), theirs[passed].tolist(), strict=True)


def _table(lost: pd.DataFrame, left: pd.DataFrame, rows: list[tuple[int, int, str]]) -> pd.DataFrame:
    if not rows:
        return table(SUGGESTIONS)
    strength = {kind: place for place, kind in enumerate(WHY)}
    best: dict[tuple[int, int], str] = {}
    for payment, document, kind in sorted(rows, key=lambda row: (row[0], row[1], strength[row[2]])):
        best.setdefault((payment, document), kind)
    pairs = np.array(list(best), np.int64)
    ours, theirs = lost.iloc[pairs[:, 0]], left.iloc[pairs[:, 1]]
    found = {
        "source": ours["source"].array,
        "payment_id": ours["payment_id"].array,
        "agenda": theirs["agenda"].array,
        "document_id": theirs["id"].to_numpy(),
        "why": pd.array([WHY[kind] for kind in best.values()], dtype="str"),
    }
    return checked(SUGGESTIONS, pd.DataFrame(found))
