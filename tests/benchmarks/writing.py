"""
What writing costs: many changes through mServer, and a few payments in a unit of many documents.

    uv run python -m tests.benchmarks.writing [--changes 10000] [--documents 200000] [--json]

`many` loads a tenth of the changes and then all of them, each in a fresh process apart from the mServer, and
compares the peaks of memory that loading took: `memory_ratio` near 1 is flat. `few` reads and decides the whole
unit for five new payments; `share_of_reading` is the reading's part of the run. The mServer counts its requests.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import sys
import tempfile
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import pandas as pd

from blocks.pohoda import PohodaUnit
from flows.settling import standing_marks
from sandbox.mserver import open_mserver
from tasks.deciding import decided
from tasks.ledger import Ledger
from tasks.loading import load
from tasks.pohoda.documents import read_documents
from tasks.provider import Delivery
from tasks.tables import AGENDAS, CHANGES, INCOMING, SETTLED, table
from tasks.writers.choice import writer_for
from tasks.writers.settlement import NOTHING_DUE
from tests.benchmarks.reading import TODAY, large_pohoda

PAYMENTS = 5


def main() -> int:
    """Measure both and print the figures."""
    options = _parser().parse_args()
    figures = {"many": _many(options.changes), "few": _few(options.documents)}
    lines = (f"{part}.{k:24} {v}" for part, found in figures.items() for k, v in found.items())
    sys.stdout.write((json.dumps(figures) if options.json else "\n".join(lines)) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.writing", description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _many(count: int) -> dict[str, float]:
    tenth = count // 10
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pohoda = large_pohoda(tenth + count, Path(folder))
        ledger = f"sqlite:///{(Path(folder) / 'ledger.db').as_posix()}"
        with open_mserver(pohoda, accepts_updates=True) as mserver:
            unit = pohoda.unit(mserver.address, ledger)
            with Ledger.of_unit(unit.ico, unit.ledger) as opened:
                writer_for(unit, opened, NOTHING_DUE).ready()
            small, _ = _apart(unit, 1, tenth)
            asked = len(mserver.import_requests)
            large, seconds = _apart(unit, tenth + 1, count)
            requests = len(mserver.import_requests) - asked
    return {
        "changes": count,
        "import_requests": requests,
        "seconds": round(seconds, 1),
        "peak_mb_of_a_tenth": round(small / 1e6, 2),
        "peak_mb": round(large / 1e6, 2),
        "memory_ratio": round(large / small, 2),
    }


def _apart(unit: PohodaUnit, first: int, count: int) -> tuple[int, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_loaded, unit, first, count).result()


def _loaded(unit: PohodaUnit, first: int, count: int) -> tuple[int, float]:
    """Bytes that loading took at its peak beyond the changes themselves, and its seconds (while traced)."""
    changes = _changes(first, count)
    tracemalloc.start()
    start = time.perf_counter()
    _load(unit, changes)
    return tracemalloc.get_traced_memory()[1], time.perf_counter() - start


def _changes(first: int, count: int) -> pd.DataFrame:
    rows = (
        {
            "agenda": "issued_invoice",
            "document_id": row_id,
            "number": f"26{row_id:07d}",
            "currency": "CZK",
            "total": 12_100,
            "new_amount": 12_100,
            "new_count": 1,
            "new_paid": True,
        }
        for row_id in range(first, first + count)
    )
    return table(CHANGES, rows)


def _load(unit: PohodaUnit, changes: pd.DataFrame) -> None:
    """Raises RuntimeError unless every change is written."""
    with Ledger.of_unit(unit.ico, unit.ledger) as ledger:
        journal = ledger.journal(unit=unit.ico, run="benchmark", writer=unit.writer)
        found = load(
            changes, writer_for(unit, ledger, NOTHING_DUE), lambda batch: standing_marks(unit, batch), journal
        )
    if not (found["outcome"] == "written").all():
        raise RuntimeError(f"not all was written: {found['outcome'].value_counts().to_dict()}")


def _few(documents: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pohoda = large_pohoda(documents, Path(folder))
        ledger = f"sqlite:///{(Path(folder) / 'ledger.db').as_posix()}"
        with open_mserver(pohoda, accepts_updates=True) as mserver:
            unit = pohoda.unit(mserver.address, ledger)
            with Ledger.of_unit(unit.ico, unit.ledger) as opened:
                writer = writer_for(unit, opened, NOTHING_DUE)
                writer.ready()
                fields = {name: writer.marks(name) for name in AGENDAS if unit.agenda(name).active}
                marked = opened.marked(unit.ico)
                moments = [time.perf_counter()]
                read = read_documents(unit, TODAY)
                moments.append(time.perf_counter())
                _record(opened, read)
                payments = opened.payments()
                changes = decided(payments, read, marked, unit, fields, table(SETTLED)).changes
                moments.append(time.perf_counter())
            asked = len(mserver.import_requests)
            _load(unit, changes)
            moments.append(time.perf_counter())
            requests = len(mserver.import_requests) - asked
    reading, deciding, loading = (late - early for early, late in pairwise(moments))
    return {
        "documents": documents,
        "changes": len(changes),
        "import_requests": requests,
        "read_seconds": round(reading, 3),
        "decide_seconds": round(deciding, 3),
        "load_seconds": round(loading, 3),
        "share_of_reading": round(reading / (moments[-1] - moments[0]), 3),
    }


def _record(ledger: Ledger, documents: pd.DataFrame) -> None:
    """One payment in full for each of the first documents."""
    rows = (
        {
            "source": "fio:benchmark",
            "payment_id": str(row["id"]),
            "booked_on": pd.Timestamp(TODAY),
            "amount": row["total"],
            "currency": "CZK",
            "variable_symbol": row["variable_symbol"],
            "kind": "transfer",
            "raw": "{}",
        }
        for row in documents.head(PAYMENTS).to_dict("records")
    )
    delivery = Delivery(payments=table(INCOMING, rows))
    ledger.record("fio:benchmark", delivery, run="benchmark", at=dt.datetime.now(dt.UTC))


if __name__ == "__main__":
    sys.exit(main())
