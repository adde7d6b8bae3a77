"""Which writer an accounting unit has chosen."""

from __future__ import annotations

from blocks.pohoda import PohodaUnit
from tasks.mserver.capability import Capabilities
from tasks.writers import Writer
from tasks.writers.mserver import MServerWriter
from tasks.writers.sql import SqlWriter


def writer_for(unit: PohodaUnit, memory: Capabilities) -> Writer:
    """The unit's writer, not yet connected. `memory` keeps what was found out about the release."""
    match unit.writer:
        case "sql":
            return SqlWriter(unit)
        case _:
            return MServerWriter(unit, memory)
