"""
Loading: wanted marks go to Pohoda in batches, and only what is then read back counts as written.

A writer's word is never enough, neither its yes nor its silence. Before a batch is sent its documents are read,
so that one which moved meanwhile is left alone; afterwards they are read again, and what stands decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

import pandas as pd

from tasks.errors import Unavailable
from tasks.tables import CHANGES, MARKS, checked
from tasks.writers import Writer, Written

Outcome = Literal["written", "refused", "unknown", "left_out"]

LOADED: Mapping[str, str] = {
    **CHANGES,
    "outcome": "str",  # written, refused, unknown, left_out
    "note": "str",  # why, in Czech, for the report; missing when there is nothing to say
}
"""What became of each change."""

MOVED = "Úhrady na dokladu se mezitím změnily; doklad zůstal, jak je."
GONE = "Doklad už v Pohodě není."
ALREADY = "Hodnoty už na dokladu stály."
NOT_SEEN = "Zápis byl potvrzen, ale v databázi není vidět."
NOT_REACHED = "Zápis se nezdařil, na dokladu se nic nezměnilo."

LOST = "Zda se zápis provedl, ukáže příští běh."

Marks = tuple[int, ...]
Key = tuple[str, int]
Result = tuple[Outcome, str]
Standing = Callable[[pd.DataFrame], pd.DataFrame]


class Journal(Protocol):
    """Where each write is noted before it is sent and settled after. The ledger keeps one."""

    def intend(self, batch: pd.DataFrame) -> list[int]:
        """Note these writes (`CHANGES`) before they are sent; their numbers, one per row, never reused."""
        ...

    def settle(self, ids: Sequence[int], outcomes: Sequence[str], notes: Sequence[str]) -> None:
        """Note what came of the writes of these numbers."""
        ...


def load(
    changes: pd.DataFrame, writer: Writer, standing: Standing, journal: Journal, batch_size: int = 100
) -> pd.DataFrame:
    """Write the changes (`CHANGES`) and return them as `LOADED`, in the same order.

    `standing` reads the marks that stand right now on the documents of a batch: columns agenda, document_id,
    marked_amount, marked_count, marked_paid, no row for a document that is gone. Only marks that the writer sets
    are compared. A change whose marks stand already is written without being sent, so trying again after a
    failure is safe. Raises what the writer and `standing` raise; every write noted by then is settled.
    """
    if checked(CHANGES, changes).empty:
        return _loaded(changes, [])
    writer.ready()
    results: list[Result] = []
    for first in range(0, len(changes), batch_size):
        results += _Batch(changes.iloc[first : first + batch_size], writer, standing).load(journal)
    return _loaded(changes, results)


class _Batch:
    """One batch on its way. Its rows are known by their place in it."""

    def __init__(self, changes: pd.DataFrame, writer: Writer, standing: Standing) -> None:
        self._changes = changes
        self._writer = writer
        self._standing = standing
        rows: list[dict[Any, Any]] = changes.to_dict("records")
        self._keys = [(str(row["agenda"]), int(row["document_id"])) for row in rows]
        self._old = [self._compared(str(row["agenda"]), [row[f"old_{mark}"] for mark in MARKS]) for row in rows]
        self._new = [self._compared(str(row["agenda"]), [row[f"new_{mark}"] for mark in MARKS]) for row in rows]

    def load(self, journal: Journal) -> list[Result]:
        """What became of each row, in order."""
        now = self._now()
        results = [self._settled(n, now) for n in range(len(self._keys))]
        rows = [n for n, result in enumerate(results) if result is None]
        sent = iter(self._sent(rows, journal) if rows else [])
        return [next(sent) if result is None else result for result in results]

    def _settled(self, n: int, now: Mapping[Key, Marks]) -> Result | None:
        """What becomes of a row without sending it; None when it is to be sent."""
        if self._keys[n] not in now:
            return "left_out", GONE
        if now[self._keys[n]] == self._new[n]:
            return "written", ALREADY
        return None if now[self._keys[n]] == self._old[n] else ("left_out", MOVED)

    def _sent(self, rows: Sequence[int], journal: Journal) -> list[Result]:
        """Send these rows and settle them whatever happens, also when an error ends the run."""
        ids = journal.intend(self._part(rows))
        results: list[Result] = [("unknown", LOST)] * len(rows)
        try:
            try:
                said = self._writer.write(self._part(rows), ids)
            except Unavailable:
                results = [("left_out", NOT_REACHED)] * len(rows)
                raise
            results = self._found_out(rows, ids, said)
            return results
        finally:
            journal.settle(ids, [outcome for outcome, _ in results], [note for _, note in results])

    def _found_out(self, rows: Sequence[int], ids: Sequence[int], said: Sequence[Written]) -> list[Result]:
        """What stands now, after sending once more what got lost and has not been done."""
        now = self._now()
        answers = dict(zip(rows, said, strict=True))
        lost = {
            n: number
            for n, number in zip(rows, ids, strict=True)
            if answers[n].outcome == "unknown" and self._settled(n, now) is None
        }
        if lost:
            with suppress(Unavailable):  # what is not known stays so until the next run
                answers.update(zip(lost, self._writer.write(self._part([*lost]), [*lost.values()]), strict=True))
            now = self._now()
        return [self._judged(n, answers[n], now) for n in rows]

    def _judged(self, n: int, said: Written, now: Mapping[Key, Marks]) -> Result:
        if now.get(self._keys[n]) == self._new[n]:
            return "written", said.note if said.outcome == "accepted" else ""
        if said.outcome == "left_out":
            return "left_out", said.note
        if said.outcome == "refused":
            return "refused", f"{said.note} ({said.code})" if said.code else said.note
        return "unknown", NOT_SEEN if said.outcome == "accepted" else said.note

    def _now(self) -> dict[Key, Marks]:
        found = self._standing(self._changes)
        columns = [found[f"marked_{mark}"] for mark in MARKS]
        return {
            (str(agenda), int(row)): self._compared(str(agenda), marks)
            for agenda, row, *marks in zip(found["agenda"], found["document_id"], *columns, strict=True)
        }

    def _compared(self, agenda: str, marks: Sequence[Any]) -> Marks:
        """The marks that the writer sets in this agenda; an empty one, and any other, is nothing."""
        ours = self._writer.marks(agenda)
        return tuple(
            int(value) if name in ours and not pd.isna(value) else 0
            for name, value in zip(MARKS, marks, strict=True)
        )

    def _part(self, rows: Sequence[int]) -> pd.DataFrame:
        return self._changes.iloc[list(rows)].reset_index(drop=True)


def _loaded(changes: pd.DataFrame, results: Sequence[Result]) -> pd.DataFrame:
    outcome = pd.Series([outcome for outcome, _ in results], index=changes.index, dtype="str")
    note = pd.Series([note or None for _, note in results], index=changes.index, dtype="str")
    return checked(LOADED, changes.assign(outcome=outcome, note=note))
