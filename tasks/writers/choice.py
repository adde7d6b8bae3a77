"""Which writer an accounting unit has chosen."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, nullcontext

from blocks.pohoda import PohodaUnit
from tasks.mserver.capability import Capabilities
from tasks.mserver.process import running
from tasks.writers import Writer
from tasks.writers.mserver import MServerWriter
from tasks.writers.settlement import SettlementWriter
from tasks.writers.sql import SqlWriter

PLACES = (frozenset({"mserver", "sql"}), frozenset({"settlement"}))
"""Writers that write to the same place: user fields, and the settlement of invoices."""


def writer_for(unit: PohodaUnit, memory: Capabilities) -> Writer:
    """The unit's writer, not yet connected. `memory` keeps what was found out about the release."""
    match unit.writer:
        case "sql":
            return SqlWriter(unit)
        case "settlement":
            return SettlementWriter(unit)
        case "mserver":
            return MServerWriter(unit, memory)


@contextmanager
def open_writer(unit: PohodaUnit, memory: Capabilities) -> Generator[Writer]:
    """The unit's writer, and its mServer running as long as the `with` lasts where the writer needs one."""
    with nullcontext() if unit.writer == "sql" else running(unit.mserver, unit.ico):
        yield writer_for(unit, memory)


def same_place(unit: PohodaUnit) -> frozenset[str]:
    """The writers whose earlier marks stand where those of the unit's writer do."""
    return next(place for place in PLACES if unit.writer in place)
