"""Sums that an accountant holds against the statements of banks and gateways: by source, currency and day."""

from __future__ import annotations

import pandas as pd

from tasks.reporting.overview import BUCKETS

MOVED = ["count", "in_sum", "out_sum", "sum"]


def moved(ends: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """What came in and went out, as columns `MOVED` beside those of `by`; each payment counts once.

    `ends` are parts of payments (`tasks.reporting.overview.Overview.ends`). Sums are hundredths; `out_sum` is
    negative and `sum` is the two together.
    """
    whole = ends.groupby([*{*by, "source", "payment_id", "currency"}], as_index=False)["amount"].sum()
    whole["count"] = 1
    whole["in_sum"] = whole["amount"].clip(lower=0)
    whole["out_sum"] = whole["amount"].clip(upper=0)
    whole["sum"] = whole["amount"]
    return whole.groupby(by)[MOVED].sum().reset_index()


def by_bucket(ends: pd.DataFrame) -> pd.DataFrame:
    """Of every source and currency the sum in each of `BUCKETS` and their total, `sum`."""
    sums = ends.pivot_table(
        index=["source", "currency"], columns="bucket", values="amount", aggfunc="sum", fill_value=0
    )
    sums = sums.reindex(columns=list(BUCKETS), fill_value=0).astype("int64")
    sums["sum"] = sums.sum(axis=1)
    return sums.reset_index()
