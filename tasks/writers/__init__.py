"""How marks get into Pohoda: one small interface, several writers, chosen per accounting unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import pandas as pd


@dataclass(frozen=True)
class Written:
    """What a writer says came of one change. What really stands in Pohoda is read back by `tasks.loading`."""

    outcome: Literal["accepted", "refused", "left_out", "unknown"]
    """`left_out`: the document stays as it is for now and a later run may write it, so nothing failed."""
    code: str = ""
    """The other side's own number of a refusal, where it gave one."""
    note: str = ""
    """Why, in Czech or in the other side's words, for the report. No personal data, no secret."""


OPEN = Written("left_out", note="Doklad má někdo v Pohodě otevřený k úpravám; zapíše se při příštím běhu.")


class Writer(Protocol):
    """What loading needs of a writer. None of them can create a document."""

    def ready(self) -> None:
        """Raise SettingError, in one clear sentence, when this writer cannot be used as things are set.

        Raises Unavailable when that cannot be found out now. Changes nothing. May be called more than once.
        """
        ...

    def marks(self, agenda: str) -> frozenset[str]:
        """Which of "amount", "count" and "paid" this writer sets in the agenda."""
        ...

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        """Set the new marks of at most a hundred documents; one result per row, in the same order.

        `changes` has the columns `tasks.tables.CHANGES`, each document once. `writes` are the ledger's numbers
        of these writes: the same numbers mean the same attempt, so that a repetition can be recognised as one.
        Setting the same marks twice comes to the same. Raises Unavailable when nothing was changed, SettingError
        and Refused when a person must act before it makes sense to go on.
        """
        ...
