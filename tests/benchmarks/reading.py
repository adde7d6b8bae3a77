"""
How fast documents are read, against the bare driver's `fetchall` of the very same columns.

    uv run python -m tests.benchmarks.reading [--documents 200000] [--rounds 5] [--json]

`ratio_to_fetchall` is the driver's time divided by ours, the best of each in one run: 1 would be no time for
anything but the driver. The bare read runs the same statements on the same kind of connection.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from blocks.pohoda import PohodaUnit
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Paper, World
from tasks.pohoda.catalogue import configured_fields, read_catalogue
from tasks.pohoda.connection import connected, read_rows
from tasks.pohoda.documents import read_documents
from tasks.pohoda.sqlite import way
from tasks.pohoda.statements import documents_statement

TODAY = dt.date(2026, 6, 30)
SINCE = "2000-01-01T00:00:00"


def main() -> int:
    """Build a large sandbox unit, read it both ways, and print the figures."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        unit = _large_unit(options.documents, Path(folder))
        times = [
            (_timed(lambda: _bare(unit)), _timed(lambda: read_documents(unit, TODAY)))
            for _ in range(options.rounds)
        ]
    bare, ours = (min(column) for column in zip(*times, strict=True))
    figures = {
        "documents": options.documents,
        "way": way(),
        "fetchall_seconds": round(bare, 3),
        "read_documents_seconds": round(ours, 3),
        "ratio_to_fetchall": round(bare / ours, 3),
    }
    shown = json.dumps(figures) if options.json else "\n".join(f"{k:24} {v}" for k, v in figures.items())
    sys.stdout.write(shown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading", description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _large_unit(documents: int, folder: Path) -> PohodaUnit:
    """A unit with so many issued invoices, all within the horizon and a third of them marked."""
    pohoda = large_pohoda(documents, folder)
    with closing(sqlite3.connect(pohoda.path)) as connection, connection:
        connection.execute(
            "UPDATE FA SET VPrUhrazeno = KcCelkem, VPrPocetPlateb = 1, VPrUhrazVse = 1 WHERE ID % 3 = 0"
        )
    return pohoda.unit("http://127.0.0.1:444", "sqlite://")


def large_pohoda(documents: int, folder: Path) -> SandboxPohoda:
    """So many issued invoices with ids from 1, all within the horizon and none marked."""
    papers = tuple(
        Paper(
            "issued_invoice",
            row_id,
            f"26{row_id:07d}",
            12_100 + row_id * 37 % 9_999_900,
            TODAY - dt.timedelta(days=row_id % 360),
            variable_symbol=f"{row_id:010d}",
            customer=row_id % 5_000,
        )
        for row_id in range(1, documents + 1)
    )
    return SandboxPohoda.build(World(1, TODAY, papers, ()), folder)


def _bare(unit: PohodaUnit) -> object:
    with connected(unit.database) as connection:
        catalogue = read_catalogue(connection)
        statements = [
            documents_statement(agenda, configured_fields(unit, agenda, catalogue))
            for agenda in ("issued_invoice", "advance_invoice", "received_order")
        ]
        return [read_rows(connection, statement, (SINCE,)) for statement in statements]


def _timed(read: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    kept = read()
    taken = time.perf_counter() - start
    del kept
    return taken


if __name__ == "__main__":
    sys.exit(main())
