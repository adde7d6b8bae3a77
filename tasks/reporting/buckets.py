"""Where every payment of a source ended: each in exactly one bucket, so that no hundredth goes unnoticed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import pandas as pd

from tasks.matching.reasons import Reason

LOOK_BACK_DAYS = 30
"""Unsettled payments older than this are counted, not listed, so that old ones do not hide new ones."""

PRECEDENCE: tuple[Reason, ...] = (
    Reason.COUNTED,
    Reason.SEEN_AT_GATEWAY,
    Reason.SEEN_ELSEWHERE,
    Reason.OTHER_CUSTOMERS,
    Reason.AMBIGUOUS,
    Reason.OTHER_CURRENCY,
    Reason.BEFORE_DOCUMENT,
    Reason.CANCELLED_DOCUMENT,
    Reason.CREDIT_NOTE,
    Reason.REFUND_WITHOUT_PAYMENT,
    Reason.SURPLUS,
    Reason.NO_DOCUMENT,
    Reason.NO_KEY,
    Reason.RETURNED,
    Reason.OUTGOING,
    Reason.IGNORED_COUNTERPARTY,
    Reason.SETTLEMENT,
    Reason.FEE,
    Reason.INTEREST,
    Reason.ZERO,
)
"""Which reason tells most about a payment that met different ends in different agendas: the first one here."""

NEEDS_LOOK = frozenset(
    {
        Reason.SEEN_AT_GATEWAY,
        Reason.OTHER_CUSTOMERS,
        Reason.RETURNED,
        Reason.AMBIGUOUS,
        Reason.OTHER_CURRENCY,
        Reason.BEFORE_DOCUMENT,
        Reason.CANCELLED_DOCUMENT,
        Reason.CREDIT_NOTE,
        Reason.REFUND_WITHOUT_PAYMENT,
        Reason.SURPLUS,
        Reason.NO_DOCUMENT,
        Reason.NO_KEY,
    }
)
"""Reasons for which somebody should look at the payment."""


def parts(payments: pd.DataFrame, verdicts: pd.DataFrame, source: str) -> pd.DataFrame:
    """The source's payments in parts, each part with the one reason that tells what became of it.

    A payment is looked at in the agenda that counts most of it (then in the one whose reason comes first in
    `PRECEDENCE`), so that its parts sum to its amount and no hundredth is told of twice or not at all. Columns:
    those of the payments, with the part's `amount`, and agenda, document_id and reason.
    """
    rank = {reason.value: place for place, reason in enumerate(PRECEDENCE)}
    mine = verdicts[verdicts["source"] == source]
    mine = mine.assign(
        rank=mine["reason"].map(rank), counted=mine["amount"].abs().where(mine["reason"] == Reason.COUNTED, 0)
    )
    by_agenda = mine.groupby(["payment_id", "agenda"], as_index=False).agg({"rank": "min", "counted": "sum"})
    ordered = by_agenda.sort_values(["counted", "rank", "agenda"], ascending=[False, True, True])
    telling = ordered.drop_duplicates("payment_id")[["payment_id", "agenda"]]
    told = mine.merge(telling, on=["payment_id", "agenda"])[
        ["payment_id", "agenda", "document_id", "amount", "reason"]
    ]
    of_source = payments[payments["source"] == source].drop(columns="amount")
    return of_source.merge(told, on="payment_id").sort_values(["booked_on", "payment_id"], ignore_index=True)


def unsettled(told: pd.DataFrame, today: dt.date, fresh: Collection[str]) -> pd.DataFrame:
    """Of the parts, those that no document counts and that somebody should look at.

    Payments of the last days, and whatever day they are of those that came with this run (`fresh`, by their ids).
    """
    since = pd.Timestamp(today) - pd.Timedelta(days=LOOK_BACK_DAYS)
    recent = (told["booked_on"] >= since) | told["payment_id"].isin(list(fresh))
    return told[told["reason"].isin([reason.value for reason in NEEDS_LOOK]) & recent]
