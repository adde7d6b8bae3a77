"""
The ledger's own backups: one whole copy a day beside the file, and all that goes to Pohoda noted a second time.

Payments come again from their providers, since the ledger also holds which days it has; what was written or
settled in Pohoda can be learnt nowhere else. So each write and each settlement is appended to a second file
before it is sent, and a ledger that is restored from yesterday's copy still knows what is its own.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from tasks.errors import PohodaPaymentsError, SettingError
from tasks.ledger.store import DAMAGE, Damaged, Store

log = logging.getLogger(__name__)

DAYS_KEPT = 14
MOST_BYTES = 2 * 1024**3
"""Of all copies together; the two newest stay whatever their size."""
COPY = "????-??-??.db"
NOTED = "{}-????-??-??.jsonl"


def folder_of(file: Path) -> Path:
    """Where the copies of this ledger are."""
    return file.with_name(f"{file.stem}-backups")


def copies(file: Path) -> list[Path]:
    """The copies of this ledger, newest first; what only looks like one is left alone."""
    return sorted((found for found in folder_of(file).glob(COPY) if _is_copy(found)), reverse=True)


def _is_copy(found: Path) -> bool:
    """Whether it is a file of a day. A link leads to somebody else's file."""
    try:
        dt.date.fromisoformat(found.stem)
    except ValueError:
        return False
    return found.is_file() and not found.is_symlink()


def keep(file: Path, now: dt.datetime) -> None:
    """Make the day's copy when there is none yet, and let old ones go.

    Raises Damaged when the ledger is not whole. A copy that cannot be made is no reason to mark nothing: it is
    logged, and `check` tells of it.
    """
    copy = folder_of(file) / f"{now.date()}.db"
    # Copies of days to come were made by a clock that ran ahead, and would be taken for the newest ones.
    there = copies(file)
    ahead = [other for other in there if other.stem > copy.stem]
    if copy in there and not ahead:
        return
    if problem := problem_of(file):
        raise Damaged.by(problem)
    try:
        copy.parent.mkdir(mode=0o700, exist_ok=True)
        _copy(file, copy)
        for other in ahead:
            other.unlink(missing_ok=True)
        _let_go(file, now.date())
    except (OSError, sqlite3.Error) as error:
        log.warning("The ledger could not be backed up: %s", type(error).__name__)


def problem_of(file: Path) -> str:
    """What is wrong with the database in this file; empty when it is whole. Reads all of it."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True)) as connection:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        # A file that is locked or cannot be opened just now says nothing about what is in it.
        return str(error) if any(sign in str(error) for sign in DAMAGE) else ""
    return "" if said == ("ok",) else str(said[0])


def make_privately(file: Path) -> None:
    """Make a new file that only its owner may read, before SQLite makes it for everybody."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _copy(file: Path, copy: Path) -> None:
    fresh = copy.with_name(f".{uuid.uuid4().hex}.tmp")
    make_privately(fresh)
    try:
        with closing(sqlite3.connect(file)) as ours, closing(sqlite3.connect(fresh)) as theirs:
            ours.backup(theirs)
        os.replace(fresh, copy)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _let_go(file: Path, today: dt.date) -> None:
    """Delete what is older than it has to be kept, and the oldest where all together are too large."""
    size = 0
    kept: list[Path] = []
    for number, copy in enumerate(copies(file)):
        size += copy.stat().st_size
        old = dt.date.fromisoformat(copy.stem) < today - dt.timedelta(days=DAYS_KEPT)
        if number >= 2 and (old or size > MOST_BYTES):
            copy.unlink()
        else:
            kept.append(copy)
    for noted in folder_of(file).glob(NOTED.format("*")):
        if _day_of(noted) < min(copy.stem for copy in kept):
            noted.unlink()


def note_again(store: Store, table: Table, rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> None:
    """Append these rows of the table, or parts of rows with their `id`, and return when they are on the disk.

    A ledger that is no file has no second note. Raises SettingError when that cannot be done, so that nothing is
    sent to Pohoda that is noted only once.
    """
    if store.file is None or not rows:
        return
    path = folder_of(store.file) / f"{table.name}-{now.date()}.jsonl"
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="\n") as noted:
            # A line that broke off when a process was killed must not take this one with it.
            noted.write("\n")
            noted.writelines(json.dumps(row, default=dt.datetime.isoformat) + "\n" for row in rows)
            noted.flush()
            os.fsync(noted.fileno())
    except OSError as error:
        raise _not_noted(path, error) from None


def _not_noted(path: Path, error: OSError) -> PohodaPaymentsError:
    return SettingError(
        "A write to Pohoda could not be noted beside the ledger",
        evidence=f"{path.name}: {type(error).__name__}",
        next_step="make room on the disk and give this user the right to write there, then run again",
    )


def notes_of(file: Path, table: Table) -> list[dict[str, Any]]:
    """What was noted of the table beside the ledger, each row or part of one once as it was last."""
    found: dict[int | str, dict[str, Any]] = {}
    for path in sorted(folder_of(file).glob(NOTED.format(table.name))):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):  # a line that broke off
                row: dict[str, Any] = json.loads(line)
                found.setdefault(row["id"], {}).update(row)
    return [*found.values()]


def _day_of(noted: Path) -> str:
    """The day (ISO) of a file of notes."""
    return noted.stem[-len("YYYY-MM-DD") :]
