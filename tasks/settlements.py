"""Of the changes that payments call for, those that Pohoda's own settlement of invoices can make. Pure."""

from __future__ import annotations

import pandas as pd

from tasks.marks import KEY
from tasks.tables import CHANGES, checked


def settlements(changes: pd.DataFrame, marked: pd.DataFrame) -> pd.DataFrame:
    """The changes (`tasks.tables.CHANGES`) that go through Pohoda's own settlement.

    Here an amount is what is settled of an invoice, whoever settled it. Never more than the invoice's total is to
    be settled, and what is settled beyond our payments, by an accountant or from cash, is nobody's fault: nothing
    is to change then. What we ourselves settled (`tasks.ledger.journal.MARKED`) and has gone back to the customer
    stays in, although no settlement can take it away, since a person must.
    """
    capped = changes["new_amount"].clip(upper=changes["total"])
    found = changes.assign(new_amount=capped)
    more = found["new_amount"] > found["old_amount"].fillna(0)
    ours = marked.groupby(KEY)["amount"].max().rename("ours")
    settled_by_us = found[KEY].merge(ours.reset_index(), on=KEY, how="left")["ours"].fillna(0).astype("int64")
    went_back = ~more & (settled_by_us.to_numpy() > found["new_amount"].to_numpy())
    return checked(CHANGES, found[(more | went_back).astype("bool")].reset_index(drop=True))
