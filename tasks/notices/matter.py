"""One thing that stands open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "payment_waits",
    "paid_twice",
    "mark_changed",
    "writing_refused",
    "unreadable",
    "attention",
    "expires",
    "source_late",
    "disk_full",
    "check_wrong",
]


@dataclass(frozen=True)
class Matter:
    """One thing that stands open. `key` makes it the same one the next time it is found."""

    code: Code
    key: str
    line: str
    """The thing in one line of Czech, without a payer's data and without a secret; equal lines are counted."""
    remind_after: int | None = None
    """Days after which it is told again while it stands open; None for once only."""
