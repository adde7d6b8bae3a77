"""
How fast an advice in BBF is read, next to `pandas.read_fwf` reading the same columns of the same bytes.

    uv run python -m tests.benchmarks.bbf [--json] [--records N]

`ratio_to_read_fwf` is the time of `read_fwf` divided by ours, both giving the same columns with the same meaning:
text as text, dates as dates, amounts and symbols as numbers. `ratio_to_read_fwf_as_text` lets pandas off with
plain text, while ours still gives all that and checks every record. Each booking has an order, number, account,
name, symbol, amount and message of its own; other columns are filled as the bank fills them. Processor time
counts, the best of interleaved rounds. Memory is the peak of a fresh process, all of Python included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from sandbox.csob_advices import block, file, money, movement
from tasks.providers.csob.bbf import parse
from tasks.providers.csob.columns import Code, Day, Piece, Text
from tasks.providers.csob.layout import ADVMUL

RECORDS = 100_000
ROUNDS = 5
PLACES = [(column.first - 1, column.first - 1 + column.width) for column in ADVMUL]


def advice(records: int, *, per_block: int | None = None, trimmed: bool = False) -> bytes:
    """A file of so many bookings, in one block or in blocks of `per_block`."""
    rng = random.Random(1)
    lines = [_booking(rng, number) for number in range(records)]
    size = per_block or records
    moment = dt.datetime(2026, 1, 12, 9, 31)  # noqa: DTZ001 - the bank's own clock
    blocks = [
        block(f"20260112{start:06d}", lines[start : start + size], moment=moment, sequence=1)
        for start in range(0, records, size)
    ]
    return file(*blocks, trimmed=trimmed)


def _booking(rng: random.Random, number: int) -> str:
    symbol = f"{rng.randrange(10**10):010d}"
    return movement(
        kind="11",
        order=f"CB{number:09d}",
        own_account="2100000103",
        bank_reference=str(10_000 + number),
        value="20260112",
        booked="20260112",
        flag=rng.choice(("C", "C", "C", "D")),
        amount=money(rng.randrange(10**7)),
        balance=money(rng.randrange(10**9)),
        bank=rng.choice(("0100", "0800", "2010", "5500")),
        account=str(rng.randrange(10**10)),
        name=f"Jiří Novák {number}",
        variable=symbol,
        their_variable=symbol,
        message_1=f"Platba faktury č. {symbol}",
    )


def read_fwf(data: bytes) -> pd.DataFrame:
    """The same columns by pandas, each as what it is."""
    return pd.read_fwf(
        io.BytesIO(data),
        colspecs=PLACES,
        names=[column.name for column in ADVMUL],
        dtype={column.name: str for column in ADVMUL if isinstance(column.reader, Text | Piece | Code)},
        parse_dates=[column.name for column in ADVMUL if isinstance(column.reader, Day)],
        date_format="%Y%m%d",
        encoding="cp1250",
        keep_default_na=False,
        na_values=[""],
    )


def read_fwf_as_text(data: bytes) -> pd.DataFrame:
    """The same columns by pandas, as plain text."""
    return pd.read_fwf(io.BytesIO(data), colspecs=PLACES, header=None, dtype=str, encoding="cp1250")


def best(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Processor seconds of each, the best of some rounds in which all take turns."""
    found = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, work in works.items():
            begun = time.process_time()
            work()
            found[name] = min(found[name], time.process_time() - begun)
    return found


def peak_mebibytes(data: bytes) -> float | None:
    """The most memory that a fresh process takes to read the file; None where the system does not tell."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "advice.BBF"
        path.write_bytes(data)
        command = [sys.executable, "-c", READER, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return round(float(done.stdout), 1) if done.stdout.strip() else None


READER = """
import sys
from pathlib import Path
from tasks.providers.csob.bbf import parse
parse(Path(sys.argv[1]).read_bytes(), "benchmark")
status = Path("/proc/self/status")
if status.exists():
    print(next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if "VmHWM" in line))
"""


def measured(records: int) -> dict[str, float | None]:
    """Microseconds per record, the ratios and the peak of memory."""
    whole = advice(records)
    plain = b"".join(whole.splitlines(keepends=True)[2:-1])
    blocks, trimmed = advice(records, per_block=200), advice(records, trimmed=True)
    seconds = best(
        {
            "parse": lambda: parse(whole, "benchmark"),
            "parse_of_small_blocks": lambda: parse(blocks, "benchmark"),
            "parse_of_trimmed_lines": lambda: parse(trimmed, "benchmark"),
            "read_fwf": lambda: read_fwf(plain),
            "read_fwf_as_text": lambda: read_fwf_as_text(plain),
        }
    )
    return {
        "records": records,
        **{f"{name}_microseconds": round(value / records * 1e6, 2) for name, value in seconds.items()},
        "ratio_to_read_fwf": round(seconds["read_fwf"] / seconds["parse"], 1),
        "ratio_to_read_fwf_as_text": round(seconds["read_fwf_as_text"] / seconds["parse"], 1),
        "peak_mebibytes": peak_mebibytes(whole),
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.benchmarks.bbf")
    options.add_argument("--json", action="store_true")
    options.add_argument("--records", type=int, default=RECORDS)
    given = options.parse_args()
    figures = measured(given.records)
    if given.json:
        print(json.dumps(figures))
        return
    shown = Table("figure", "value", title="Reading advices in BBF")
    for name, value in figures.items():
        shown.add_row(name.replace("_", " "), f"{value}")
    Console().print(shown)


if __name__ == "__main__":
    main()
