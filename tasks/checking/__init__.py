"""
What is right and what is not on the client's machine, found out without changing anything.

Each module looks at one area and gives findings in Czech: cause, evidence, next step. One thing that fails never
hides the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tasks.checking.czech import in_czech
from tasks.errors import PohodaPaymentsError, Unavailable

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. All texts are Czech, but for evidence quoted from elsewhere."""

    area: str
    name: str
    state: State
    cause: str
    """How it is, in one sentence."""
    evidence: str = ""
    next_step: str = ""
    code: Literal["", "expires", "source_late", "disk_full"] = ""
    """What kind of thing it is, where people are told of it in its own words."""


def failed(area: str, name: str, error: PohodaPaymentsError) -> Finding:
    """The finding that an error amounts to."""
    cause, next_step = in_czech(error)
    # Where the words are ours in Czech already, the English ones would only repeat them.
    evidence = error.evidence if cause else str(error)
    passing = isinstance(error, Unavailable)
    return Finding(
        area,
        name,
        "wrong",
        cause or ("Teď to nejde zjistit." if passing else "Není to nastavené tak, aby to fungovalo."),
        evidence,
        next_step or ("Spusťte kontrolu za chvíli znovu." if passing else "Opravte nastavení v bloku."),
    )


def looked(area: str, name: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """The findings of one look, or the one finding that it failed."""
    try:
        return look()
    except PohodaPaymentsError as error:
        return [failed(area, name, error)]


__all__ = ["Finding", "State", "failed", "looked"]
