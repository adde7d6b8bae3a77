"""The invoices that Pohoda settles, under names that outlast a year, and the payments that count for each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tasks.marks import KEY
from tasks.matching.reasons import Reason
from tasks.pohoda.catalogue import SETTLED_AGENDAS

DOCUMENT = ["agenda", "document"]
PAYMENT = ["source", "payment_id"]
KNOWN = [*KEY, "document", "number", "currency", "total", "issued_on", "standing"]


def named(documents: pd.DataFrame) -> pd.DataFrame:
    """The invoices (`KNOWN`): `document` is the lasting name, `standing` what is settled now, whoever did it.

    A document keeps its number and its day when a new year's database gives it another id, and a series that
    begins anew gives the number to a document of another day. Should several share both, the id tells them apart.
    """
    found = documents[documents["agenda"].isin(SETTLED_AGENDAS)].rename(columns={"id": "document_id"})
    days = np.datetime_as_string(found["issued_on"].to_numpy().astype("datetime64[D]"))
    names = found["number"] + " " + pd.Series(days, index=found.index, dtype="str")
    found = found.assign(document=names, standing=found["marked_amount"].fillna(0).astype("int64"))
    several = found.duplicated(DOCUMENT, keep=False)
    own = names + "#" + found["document_id"].astype("str")
    return found.assign(document=names.where(~several, own))[KNOWN]


def counted(verdicts: pd.DataFrame, payments: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """What each payment brings to each of these invoices, oldest first, beside the columns `KNOWN`.

    The amount is negative where money went back.
    """
    rows = verdicts.loc[verdicts["reason"] == Reason.COUNTED, [*KEY, *PAYMENT, "amount"]]
    summed = rows.astype({"document_id": "int64"}).groupby([*KEY, *PAYMENT], as_index=False)["amount"].sum()
    dated = summed.merge(payments[[*PAYMENT, "booked_on"]], on=PAYMENT).sort_values(["booked_on", *PAYMENT])
    return dated.merge(known, on=KEY)


def goals(known: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    """The invoices (`KNOWN`) with their `goal`: how much should be settled by what counts, at most the total."""
    sums = paid.groupby(KEY)["amount"].sum().rename("goal").reset_index()
    rows = known.merge(sums, on=KEY, how="left")
    goal = rows["goal"].fillna(0).astype("int64").clip(lower=0)
    return rows.assign(goal=goal.where(goal < rows["total"], rows["total"]))
