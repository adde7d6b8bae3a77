"""
What a day or a month brought to one accounting unit, over all sources: computed, not yet written down.

Amounts are of the payments *booked* in the period, since that is what a bank's or gateway's statement shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tasks.days import ONE_DAY, Days, periods, prague_day, start_of
from tasks.deciding import Decided
from tasks.matching.reasons import Reason, State
from tasks.reporting.buckets import NEEDS_LOOK, parts

BUCKETS = ("counted", "waiting", "elsewhere", "aside")
"""Counted for a document; waits for a decision; the same money is counted from another source; no business of
documents (fees, payouts, what the firm itself paid …)."""
WAITS_FOR_A_PERSON = (State.PAID_TWICE.value, State.OVERPAID.value)


@dataclass(frozen=True)
class FailedRun:
    """A run that did not end well, as the Prefect server knows it."""

    id: str
    name: str
    at: dt.datetime
    message: str


@dataclass(frozen=True)
class Overview:
    """Everything that the report of a period has to tell. Frames have the columns of the modules named."""

    unit: str
    days: Days
    shown: Days
    """The days of the picture; they hold those of the period."""
    now: dt.datetime
    """When this was computed; documents and verdicts are as they stand at this moment."""
    decided: Decided
    seen: pd.DataFrame
    """`tasks.ledger.periods.FIRST_SEEN`"""
    writes: pd.DataFrame
    """Those confirmed within the period, `tasks.ledger.journal.WRITES`"""
    faults: pd.DataFrame
    """Those first found within the period, `tasks.ledger.reading.FAULTS`"""
    freshness: pd.DataFrame
    """`tasks.ledger.reading.FRESHNESS`"""
    completed: pd.DataFrame
    """Complete days among those shown, `tasks.ledger.periods.COMPLETED`"""
    begins: dict[str, dt.date]
    """From which day a source is kept complete; sources asked by documents are not there, they know no days."""
    drift_policy: str
    failed_runs: Sequence[FailedRun] = ()

    @cached_property
    def sources(self) -> list[str]:
        """Every source that the ledger knows, by name."""
        return sorted({*self.freshness["source"], *self.decided.payments["source"]})

    @cached_property
    def ends(self) -> pd.DataFrame:
        """What became of every payment: `tasks.reporting.buckets.parts` with columns bucket and first_seen_at."""
        payments, verdicts = self.decided.payments, self.decided.verdicts
        found = [parts(payments, verdicts, str(source)) for source in sorted(payments["source"].unique())]
        every = pd.concat(found, ignore_index=True) if found else parts(payments, verdicts, "")
        every["bucket"] = every["reason"].map(bucket_of)
        return every.merge(self.seen[["source", "payment_id", "first_seen_at"]], how="left")

    @cached_property
    def came(self) -> pd.DataFrame:
        """The ends of the payments that were booked in the period."""
        booked = self.ends["booked_on"]
        return self.ends[booked.between(pd.Timestamp(self.days.first), pd.Timestamp(self.days.last))]

    @cached_property
    def late(self) -> pd.DataFrame:
        """The ends of the payments booked before the period that became known only in its course."""
        start, end = (pd.Timestamp(moment) for moment in moments(self.days))
        known = self.ends["first_seen_at"]
        return self.ends[
            (self.ends["booked_on"] < pd.Timestamp(self.days.first)) & (known >= start) & (known < end)
        ]

    @cached_property
    def waiting(self) -> pd.DataFrame:
        """All that still waits for a decision and was booked by the end of the period, newest first."""
        found = self.ends[
            (self.ends["bucket"] == "waiting") & (self.ends["booked_on"] <= pd.Timestamp(self.days.last))
        ]
        return found.sort_values(["booked_on", "source", "payment_id"], ascending=[False, True, True])

    @cached_property
    def returned(self) -> pd.DataFrame:
        """What went back to customers in the period, or should have come from a document's money and did not."""
        return self.came[(self.came["amount"] < 0) & (self.came["bucket"] != "aside")]

    @cached_property
    def marked(self) -> pd.DataFrame:
        """The documents written to in the period: their last write, and the marks from before the first one."""
        document = ["agenda", "document_id", "number"]
        first = self.writes.drop_duplicates(document, keep="first")[[*document, "old_amount", "old_paid"]]
        last = self.writes.drop_duplicates(document, keep="last").drop(columns=["old_amount", "old_paid"])
        found = last.merge(first, on=document)
        return found.sort_values(["agenda", "number"], ignore_index=True)

    @cached_property
    def surplus(self) -> pd.DataFrame:
        """Documents whose money is more than they ask for, with the day of their last payment, newest first."""
        rows = self.decided.wanted[self.decided.wanted["state"].isin(WAITS_FOR_A_PERSON)]
        counted = self.ends[self.ends["reason"] == Reason.COUNTED].astype({"document_id": "int64"})
        last = counted.groupby(["agenda", "document_id"])["booked_on"].max().reset_index()
        found = rows.merge(last, on=["agenda", "document_id"], how="left")
        return found.sort_values(["booked_on", "number"], ascending=[False, True], ignore_index=True)

    def gaps(self, source: str, within: Days) -> list[Days]:
        """Days of the source that are over and should be complete, and are not."""
        begin = self.begins.get(source)
        if begin is None:
            return []
        last = min(within.last, prague_day(self.now) - ONE_DAY)
        complete = set(self.completed.loc[self.completed["source"] == source, "day"].dt.date)
        return periods(day for day in within if begin <= day <= last and day not in complete)

    @property
    def is_over(self) -> bool:
        """Whether the period had ended when this was computed."""
        return prague_day(self.now) > self.days.last


def bucket_of(reason: str) -> str:
    """Which of `BUCKETS` a part with this reason belongs to."""
    if reason == Reason.COUNTED:
        return "counted"
    if reason == Reason.SEEN_ELSEWHERE:
        return "elsewhere"
    return "waiting" if reason in NEEDS_LOOK else "aside"


def month_of(day: dt.date) -> Days:
    """The whole month that holds the day."""
    first = day.replace(day=1)
    after = (first + 31 * ONE_DAY).replace(day=1)
    return Days(first, after - ONE_DAY)


def moments(days: Days) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of the days, and the first one after them; aware."""
    return start_of(days.first), start_of(days.last + ONE_DAY)
