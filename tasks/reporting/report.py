"""Everything that one run has to tell, before it is written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tasks.days import Days
from tasks.deciding import Decided
from tasks.provider import Fault, Note
from tasks.reporting.buckets import parts, unsettled


@dataclass(frozen=True)
class Report:
    """Everything that one run has to tell. Frames have the columns that `tasks.tables` gives them."""

    provider: str
    source: str
    unit: str
    today: dt.date
    asked: Days | None
    plan: str
    """Of a trial run: the plan that it left, to be applied by this name; empty when marks were to be written."""
    new: int
    changed: int
    fresh: frozenset[str]
    """Ids of the source's payments that nobody knew before this run."""
    faults: Sequence[Fault]
    notes: Sequence[Note]
    decided: Decided
    written: pd.DataFrame | None
    """The changes with an `outcome` and a `note` each; None when nothing was sent."""
    drift_policy: str
    """What the unit's block says about marks changed by hand: ask, restore, respect."""
    freshness: pd.DataFrame
    """Columns source, complete_until, last_recorded_at."""
    failure: str = ""
    """Why the marks are not all written, with the next step; empty when they are."""

    @cached_property
    def parts(self) -> pd.DataFrame:
        """What became of the source's payments, see `tasks.reporting.buckets.parts`."""
        return parts(self.decided.payments, self.decided.verdicts, self.source)

    @cached_property
    def to_look_at(self) -> pd.DataFrame:
        """Those of the parts that somebody should look at."""
        return unsettled(self.parts, self.today, self.fresh)

    @property
    def done(self) -> int:
        """How many documents were marked, or would have been by a trial run."""
        if self.plan:
            return len(self.decided.changes)
        return 0 if self.written is None else int((self.written["outcome"] == "written").sum())
