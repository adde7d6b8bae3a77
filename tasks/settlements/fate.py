"""Whether a settlement whose answer is lost was done, and whether what was done still stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import pandas as pd

from tasks.drift import DRIFTED
from tasks.settlements.documents import DOCUMENT, PAYMENT, counted, goals, named
from tasks.tables import SETTLED, checked


def arrived(before: int, amounts: Sequence[int], now: int) -> int | None:
    """How many of the settlements, done in this order, what is settled now tells of; None when it fits none."""
    sums = list(accumulate(amounts, initial=before))
    return sums.index(now) if now in sums else None


def found_out(settled: pd.DataFrame, documents: pd.DataFrame) -> dict[str, str]:
    """Of the settlements (`SETTLED`) whose fate was not known, those that what stands tells of: state by id."""
    known: Mapping[Any, Any] = named(documents).set_index(DOCUMENT)["standing"].to_dict()
    states: dict[str, str] = {}
    for key, sent in settled[settled["state"] == "sent"].groupby(DOCUMENT):
        if key in known:
            told = arrived(int(sent["before"].iloc[0]), sent["amount"].tolist(), int(known[key]))
            states |= told_states(sent["id"].tolist(), told)
    return states


def told_states(ids: Sequence[str], done: int | None) -> dict[str, str]:
    """The states of settlements of which the first so many were done; none when that is not known."""
    if done is None:
        return {}
    return {id: "settled" if place < done else "not_settled" for place, id in enumerate(ids)}


def known_by_now(settled: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """The settlements (`SETTLED`) that were done or may have been, by what stands now."""
    states = found_out(settled, documents)
    now = [states.get(id, state) for id, state in zip(settled["id"], settled["state"], strict=True)]
    known = settled.assign(state=pd.Series(now, index=settled.index, dtype="str"))
    return checked(SETTLED, known[known["state"] != "not_settled"].reset_index(drop=True))


def cancelled(
    settled: pd.DataFrame, verdicts: pd.DataFrame, payments: pd.DataFrame, documents: pd.DataFrame
) -> pd.DataFrame:
    """The invoices of which a person took away what we settled, though it still counts there; `DRIFTED`."""
    known = named(documents)
    paid = counted(verdicts, payments, known)
    ours = settled[settled["state"] == "settled"].merge(paid[[*DOCUMENT, *PAYMENT]], on=[*DOCUMENT, *PAYMENT])
    sums = ours.groupby(DOCUMENT)["amount"].sum().rename("written_amount").reset_index()
    rows = goals(known, paid).merge(sums, on=DOCUMENT)
    less = (rows["standing"] < rows["written_amount"]) & (rows["standing"] < rows["goal"])
    found = rows[less].rename(columns={"standing": "standing_amount"}).reindex(columns=[*DRIFTED])
    return checked(DRIFTED, found.astype(dict(DRIFTED)).reset_index(drop=True))
