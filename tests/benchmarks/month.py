"""
What a month of hourly runs leaves behind, once with payments trickling in and once with none.

    uv run python -m tests.benchmarks.month [--days 30] [--runs-a-day 24] [--json]

For each of the two a process of its own simulates the days of the sandbox's firm. Real are the story of a run
(`flows.marking.marked`), Fio and mServer on the wire, Pohoda's database and the ledger, which every run opens and
closes. Left out is Prefect: the steps are called as the plain functions they are made of, the day is given, and
the report is made but neither kept on a server nor sent. The ledger's copies and notes of writes are made and let
go by the day of the run. Figures are taken after the runs of the first day, of the middle and of the last: rows
per table of the ledger, the size of its file after a checkpoint, files beside it and temporary ones, and the
memory of the process, which in reality ends after each run, here with the sandbox's servers in it. `grown_tables`
have more rows on the last day than on the first. What may grow is the ledger's facts; anything else ends it as
failed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import sqlite3
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

from prefect.logging import disable_run_logger
from sqlalchemy import Table

from blocks.fio import FioAccount
from blocks.pohoda import PohodaUnit
from flows import fetching, marking, settling
from flows.marking import marked
from flows.runs import Run
from sandbox.fio import FioServer, opened
from sandbox.fio_statement import Account, row
from sandbox.firm import firm
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from tasks.days import ONE_DAY, prague_day, start_of
from tasks.ledger import Ledger, journal, opening, safekeeping
from tasks.ledger.schema import metadata
from tasks.ledger.store import Store
from tasks.providers.fio import Fio

PLAIN = {fetching: ("extract", "normalize"), settling: ("read", "decide", "write_marks")}
"""Where the story takes its steps from."""
FACTS = frozenset({"payments", "payments_history", "coverage", "writes", "faults"})
"""Tables of the ledger that grow with what happens."""
MOST_BESIDE = 2 * (safekeeping.DAYS_KEPT + 2)
"""Files beside the ledger: a copy and the notes of writes for each day they are kept, and for today."""


@dataclass
class Clock:
    """The moment that it is in the month."""

    now: dt.datetime


def main() -> int:
    """Simulate both months at the same time and print the figures."""
    options = _parser().parse_args()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        months = {
            name: processes.submit(month, options.days, options.runs_a_day, trickle)
            for name, trickle in (("trickle", True), ("nothing", False))
        }
        figures = {
            "runs": options.days * options.runs_a_day,
            **{name: one.result() for name, one in months.items()},
        }
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")
    return 0 if all(figures[name]["only_facts_grew"] for name in months) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.month",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs-a-day", type=int, default=24)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser


def month(days: int, runs_a_day: int, trickle: bool) -> dict[str, Any]:
    """The figures of so many days; with `trickle` the firm's own payments come as they were paid."""
    with tempfile.TemporaryDirectory(prefix="month-") as made, ExitStack() as things:
        folder, temporary = Path(made), Path(made) / "temporary"
        temporary.mkdir()
        things.enter_context(patch.object(tempfile, "tempdir", str(temporary)))
        world = firm(seed=1, today=prague_day(dt.datetime.now(dt.UTC)))
        coming = [row(money) for money in world.channel("fio") if money.currency == "CZK"]
        first = world.today - ONE_DAY * (days - 1)
        bank, pohoda = FioServer(interval=0), SandboxPohoda.build(world, folder)
        account = Account(rows=[one for one in coming if one.day < first])
        bank.set_clock(start_of(first) - ONE_DAY)
        bank.open(account)
        mserver = things.enter_context(open_mserver(pohoda, accepts_updates=True))
        block = things.enter_context(opened(bank))
        file = folder / "ledger.db"
        unit = pohoda.unit(mserver.address, f"sqlite:///{file.as_posix()}")
        things.enter_context(plain_steps())
        clock = Clock(start_of(first))
        things.enter_context(kept_by(clock))
        figures: dict[str, Any] = {}
        for number in range(days):
            today = first + ONE_DAY * number
            new = [one for one in coming if one.day == today and trickle]
            for hour in range(runs_a_day):
                account.rows += new[hour::runs_a_day]
                clock.now = start_of(today) + ONE_DAY * hour / runs_a_day
                bank.set_clock(clock.now)
                run_once(block, unit, today, f"{today} {hour}")
            bank.log.clear()
            mserver.log.clear()
            if number in (0, days // 2 - 1, days - 1):
                figures[f"day_{number + 1}"] = {
                    "rows": rows(file),
                    "ledger_bytes": size(file),
                    "files_beside": files(safekeeping.folder_of(file)),
                    "temporary_files": files(temporary),
                    "memory_bytes": memory(),
                }
    began, ended = figures["day_1"]["rows"], figures[f"day_{days}"]["rows"]
    grown = {table: ended[table] - began[table] for table in ended if ended[table] > began[table]}
    last = figures[f"day_{days}"]
    bounded = last["temporary_files"] == 0 and last["files_beside"] <= MOST_BESIDE
    return {**figures, "grown_tables": grown, "only_facts_grew": bounded and grown.keys() <= FACTS}


@contextmanager
def plain_steps() -> Generator[None]:
    """Runs without a Prefect server for as long as the `with` lasts."""
    with ExitStack() as things:
        things.enter_context(disable_run_logger())
        for module, names in PLAIN.items():
            for name in names:
                things.enter_context(patch.object(module, name, getattr(module, name).fn))
        for name in ("leave_report", "tell_of_run"):
            things.enter_context(patch.object(marking, name))
        yield


@contextmanager
def kept_by(clock: Clock) -> Generator[None]:
    """Copies of the ledger and notes of writes made and let go by the month's clock, not the machine's."""

    def keep(file: Path, _now: dt.datetime) -> None:
        safekeeping.keep(file, clock.now)

    def note(store: Store, table: Table, rows: Sequence[Mapping[str, Any]], _now: dt.datetime) -> None:
        safekeeping.note_again(store, table, rows, clock.now)

    with patch.object(opening, "keep", keep), patch.object(journal, "note_again", note):
        yield


def run_once(account: FioAccount, unit: PohodaUnit, today: dt.date, name: str) -> None:
    """One run of the day; raises RuntimeError when it fails."""
    run = Run(name, "fio", "pohoda", today, None, False, dt.datetime.now(dt.UTC))
    with Ledger.of_unit(unit.ico, unit.ledger) as ledger:
        report = marked(Fio(account, ledger), unit, ledger, run)
    if report.failure:
        raise RuntimeError(report.failure)


def rows(file: Path) -> dict[str, int]:
    """How many rows each table of the ledger has."""
    with closing(sqlite3.connect(file)) as ledger:
        return {name: ledger.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in metadata.tables}


def files(folder: Path) -> int:
    """How many files are in the folder and below."""
    return sum(1 for path in folder.rglob("*") if path.is_file())


def size(file: Path) -> int:
    """Bytes of the ledger's file, with all that was written in it."""
    with closing(sqlite3.connect(file)) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def memory() -> int:
    """Resident memory of this process, as Linux counts it."""
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    sys.exit(main())
