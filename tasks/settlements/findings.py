"""What a person has to look at or to put right, since no settlement can be taken back by a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.provider import Note
from tasks.reporting.text import amount, day
from tasks.settlements.documents import DOCUMENT, PAYMENT, counted, goals, named

MOST_NAMED = 20


def in_doubt(settled: pd.DataFrame, documents: pd.DataFrame) -> list[Note]:
    """A note that names the open documents on which nobody can tell whether a settlement was done."""
    doubtful = settled.loc[settled["state"] == "sent", DOCUMENT].drop_duplicates()
    if doubtful.empty:
        return []
    found = doubtful.merge(named(documents), on=DOCUMENT)
    numbers = found.loc[found["standing"] < found["total"], "number"].tolist()
    if not numbers:
        return []
    some = ", ".join(numbers[:MOST_NAMED]) + (" a další" if len(numbers) > MOST_NAMED else "")
    text = (
        f"U těchto dokladů není jisté, zda se likvidace provedla, a proto se na nich dál nelikviduje: {some}. "
        "Ověřte je v Pohodě a zbytek zlikvidujte ručně."
    )
    return [Note("settlement_in_doubt", text, urgent=True)]


def elsewhere(
    settled: pd.DataFrame, verdicts: pd.DataFrame, payments: pd.DataFrame, documents: pd.DataFrame
) -> list[Note]:
    """A note for each payment that is settled on one document and counts for another one, or for none, by now."""
    if settled.empty:
        return []
    known = named(documents)
    paid = counted(verdicts, payments, known)
    away = settled.merge(paid[[*DOCUMENT, *PAYMENT]], on=[*DOCUMENT, *PAYMENT], how="left", indicator=True)
    away = away[(away["_merge"] == "left_only") & (away["state"] == "settled")]
    away = away[[*DOCUMENT, *PAYMENT, "amount"]].merge(payments[[*PAYMENT, "booked_on", "currency"]], on=PAYMENT)
    if away.empty:
        return []
    aims = goals(known, paid)
    then = away.merge(aims[[*DOCUMENT, "number", "goal", "standing"]], on=DOCUMENT, how="left")
    short = paid.merge(aims.loc[aims["goal"] > aims["standing"], DOCUMENT], on=DOCUMENT)
    notes = [
        _told(row, short[(short[PAYMENT] == [row[name] for name in PAYMENT]).all(axis=1)]["number"].tolist())
        for row in then.to_dict("records")
    ]
    return [note for note in notes if note][:MOST_NAMED]


def _told(row: dict[Any, Any], waiting: Sequence[str]) -> Note | None:
    """`waiting` are the documents that lack this payment's settlement."""
    gone = pd.isna(row["standing"])
    if not waiting and (gone or row["standing"] <= row["goal"]):
        return None
    place = f"{row['document']}, který Pohoda ve sledovaném období nemá" if gone else str(row["number"])
    now = f"podle nynějších údajů patří k dokladu {', '.join(waiting)}" if waiting else "už k němu nepatří"
    if gone:
        remedy = "Zlikvidujte ji tam v Pohodě ručně."
    elif waiting:
        remedy = f"Zrušte v Pohodě její likvidaci na dokladu {place}; kam patří, zlikviduje ji další běh."
    else:
        remedy = "Zrušte v Pohodě její likvidaci ručně."
    text = (
        f"Platba {amount(row['amount'], str(row['currency']))} ze dne {day(row['booked_on'])} je zlikvidovaná na "
        f"dokladu {place}, a {now}. Podruhé se nelikviduje. {remedy}"
    )
    return Note("settled_elsewhere", text, urgent=True)
