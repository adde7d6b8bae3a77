"""Verdicts against the known truth: precision, recall, and every "paid" that is not true."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.tables import AGENDAS
from tests.benchmarks.generator import CERTAIN, Sample

PAIR = ["payment", "document"]
SHARED_TIERS = ("lump", "monthly", "twins", "eshop")


@dataclass(frozen=True)
class Judgement:
    """How well one way of matching did on one sample."""

    precision: float
    """Of the pairs of payment and document that it counted, how many were meant."""
    recall: float
    """Of the pairs that were meant, how many it counted."""
    recall_unambiguous: float
    """The same among payments that name their documents unmistakably."""
    wrong_paid: int
    """Documents called paid in full that are not, where the payments themselves could have told."""
    wrong_paid_unknowable: int
    """The same where a payer wrote just that document's symbol and just its amount by mistake."""
    documents: int
    tiers: pd.DataFrame
    """Per tier: pairs meant, counted rightly and wrongly, recall and precision."""


def pairs(sample: Sample, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that name source, payment_id, agenda and document_id as rows of the sample's two tables."""
    payment = pd.Index(sample.payments["payment_id"]).get_indexer(pd.Index(rows["payment_id"]))
    codes = [pd.Categorical(frame["agenda"], list(AGENDAS)).codes for frame in (sample.documents, rows)]
    ids = [sample.documents["id"].to_numpy(np.int64), rows["document_id"].to_numpy(np.int64)]
    keys = [which * len(AGENDAS) + code for which, code in zip(ids, codes, strict=True)]
    return pd.DataFrame({"payment": payment, "document": pd.Index(keys[0]).get_indexer(pd.Index(keys[1]))})


def judge(sample: Sample, counted: pd.DataFrame, paid: npt.NDArray[np.bool_]) -> Judgement:
    """`counted` has payment and document rows; `paid` says for each document whether it is called paid."""
    meant = sample.meant.merge(counted[PAIR].drop_duplicates(), on=PAIR, how="left", indicator="hit")
    meant["hit"] = meant["hit"] == "both"
    wrong = counted[PAIR].merge(sample.meant[PAIR], on=PAIR, how="left", indicator="hit")
    wrong = wrong[wrong["hit"] == "left_only"]
    certain = meant[_certain(sample, meant)]
    false = _false(sample, paid)
    unknowable = false & _hit_by_mistake(sample)
    return Judgement(
        precision=1 - len(wrong) / max(len(counted), 1),
        recall=float(meant["hit"].mean()),
        recall_unambiguous=float(certain["hit"].mean()),
        wrong_paid=int((false & ~unknowable).sum()),
        wrong_paid_unknowable=int(unknowable.sum()),
        documents=len(sample.documents),
        tiers=_tiers(sample, meant, wrong),
    )


def _certain(sample: Sample, meant: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Pairs of payments in the certain tiers, less shared keys on which somebody else's mistake fell."""
    tiers = sample.tiers.to_numpy()[meant["payment"]]
    disturbed = _hit_by_mistake(sample)[meant["document"]] & np.isin(tiers, SHARED_TIERS)
    touched = meant.loc[disturbed, "payment"].unique()
    return np.isin(tiers, list(CERTAIN)) & ~meant["payment"].isin(touched).to_numpy()


def _false(sample: Sample, paid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    truly = np.zeros(len(sample.documents), np.int64)
    np.add.at(truly, sample.meant["document"].to_numpy(), sample.meant["amount"].to_numpy())
    return paid & (truly < sample.documents["total"].to_numpy())


def _hit_by_mistake(sample: Sample) -> npt.NDArray[np.bool_]:
    """Documents whose symbol somebody wrote by mistake."""
    written = sample.payments.loc[sample.mistyped, "variable_symbol"]
    return sample.documents["variable_symbol"].isin(written.unique()).to_numpy()


def _tiers(sample: Sample, meant: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    tiers = sample.tiers.to_numpy()
    right = meant["hit"].groupby(tiers[meant["payment"]]).agg(["size", "sum"])
    found = right.rename(columns={"size": "meant", "sum": "right"})
    found["wrong"] = wrong.groupby(tiers[wrong["payment"]]).size()
    found = found.fillna(0).astype("int64")
    found["recall"] = found["right"] / found["meant"]
    found["precision"] = found["right"] / (found["right"] + found["wrong"]).clip(lower=1)
    return found


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """The Clopper-Pearson upper bound of a rate; with no event it is about three in the number of trials."""
    low, high = events / trials, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(events, trials, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(events: int, trials: int, rate: float) -> float:
    """The chance of at most so many events."""
    if rate >= 1:
        return 0.0
    logs = (
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(rate) + (trials - k) * math.log1p(-rate)
        for k in range(events + 1)
    )  # fmt: skip
    return sum(math.exp(log) for log in logs)
