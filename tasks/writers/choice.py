"""Which writer an accounting unit has chosen."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from blocks.pohoda import PohodaUnit
from tasks.mserver.capability import Capabilities
from tasks.mserver.process import running
from tasks.pohoda.marking import mark_columns
from tasks.writers import Writer
from tasks.writers.mserver import MServerWriter
from tasks.writers.settlement import Due, SettlementWriter, settled_marks
from tasks.writers.sql import SqlWriter

PLACES = (frozenset({"mserver", "sql"}), frozenset({"settlement"}))
"""Writers that write to the same place: user fields, and the settlement of invoices."""


def marks_of(unit: PohodaUnit, agenda: str) -> frozenset[str]:
    """Which of "amount", "count" and "paid" the unit's writer sets in the agenda."""
    return (
        settled_marks(unit, agenda)
        if unit.writer == "settlement"
        else frozenset(mark_columns(unit.agenda(agenda)))
    )


def writer_for(unit: PohodaUnit, memory: Capabilities, due: Due) -> Writer:
    """The unit's writer, not yet connected.

    `memory` keeps what was found out about the release; `due` is what a writer that settles is to settle.
    """
    match unit.writer:
        case "sql":
            return SqlWriter(unit)
        case "settlement":
            return SettlementWriter(unit, due)
        case "mserver":
            return MServerWriter(unit, memory)


def at_hand(unit: PohodaUnit) -> AbstractContextManager[None]:
    """What the unit's writer needs to run as long as the `with` lasts: its mServer, or nothing."""
    return nullcontext() if unit.writer == "sql" else running(unit.mserver, unit.ico)


def same_place(unit: PohodaUnit) -> frozenset[str]:
    """The writers whose earlier marks stand where those of the unit's writer do."""
    return next(place for place in PLACES if unit.writer in place)
