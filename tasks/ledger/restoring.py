"""
A damaged or lost ledger, restored from its own copy of an earlier day.

Nothing is thrown away: the damaged file is kept aside. What came since the copy comes again, because the days
that are complete are part of the copy; what was written or settled in Pohoda since is known from its second note.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, select, update

from tasks.errors import SettingError, Unavailable
from tasks.ledger.safekeeping import copies, folder_of, make_privately, notes_of, problem_of
from tasks.ledger.schema import Moment, capabilities, leases, settlements, writes
from tasks.ledger.store import SUSPECT, Damaged, Store, upsert

log = logging.getLogger(__name__)

RESTORED = "restored from a copy"
LONGEST_WAIT_SECONDS = 120.0
DEAD_SECONDS = 600.0
"""After so long nobody restores any more who began to; a ledger is copied in seconds."""
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Restored:
    """The last time that the ledger was restored."""

    copy_of: str
    """The day (ISO) of the copy."""
    at: str
    """The moment (ISO) of restoring."""
    aside: str
    """Where the damaged file is kept; empty when there was no file any more."""
    writes: int
    """How many writes to Pohoda were known only from their second note."""


def is_lost(file: Path) -> bool:
    """Whether there was a ledger here that is gone or empty."""
    gone = not file.exists() or file.stat().st_size == 0
    return gone and bool(copies(file))


def restore(file: Path, damage: Damaged | None, prepare: Callable[[Store], None]) -> None:
    """Put the newest whole copy in the ledger's place. `prepare` brings its tables to the present version.

    Raises the damage itself when no copy is whole, and SettingError when the file cannot be moved. Several
    processes may do this at once: the first one's ledger stays, and Unavailable is raised when it takes too long.
    """
    try:
        with _alone(file):
            if is_lost(file) or problem_of(file):
                _replaced(file, damage, prepare)
    except OSError as error:
        raise SettingError(
            "The damaged ledger could not be replaced by its copy",
            evidence=f"{file.name}: {type(error).__name__}",
            next_step="end all runs of this unit, look whether the disk is full, and run again",
        ) from None


@contextmanager
def _alone(file: Path) -> Generator[None]:
    """Nobody else restores this ledger meanwhile; a lock that its owner left when it died is taken over."""
    lock = folder_of(file) / ".restoring"
    lock.parent.mkdir(mode=0o700, exist_ok=True)
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            make_privately(lock)
            break
        except FileExistsError:
            with suppress(OSError):
                if time.time() - lock.stat().st_mtime > DEAD_SECONDS:
                    lock.unlink(missing_ok=True)
        if time.monotonic() > deadline:
            raise Unavailable("The ledger is being restored by another run", evidence=lock.parent.name)
        time.sleep(PAUSE_SECONDS)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _replaced(file: Path, damage: Damaged | None, prepare: Callable[[Store], None]) -> None:
    whole = next((copy for copy in copies(file) if not problem_of(copy)), None)
    if whole is None:
        raise damage or Damaged.by("the file is gone, and none of its copies is whole")
    fresh = folder_of(file) / ".restoring.tmp"
    fresh.unlink(missing_ok=True)
    make_privately(fresh)
    aside = folder_of(file) / f"damaged-{_now():%Y%m%d-%H%M%S-%f}" if file.exists() else None
    try:
        shutil.copyfile(whole, fresh)
        told = Restored(whole.stem, _now().isoformat(), str(aside or ""), 0)
        _bring_up_to_date(fresh, file, told, prepare)
        _move(file, aside)
        # Whoever opened it just now made an empty file in its place; what they do there comes again.
        os.replace(fresh, file)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
            file.with_name(file.name + SUSPECT).unlink(missing_ok=True)
    log.error(
        "The ledger was damaged and has been restored from its copy of %s; it is kept in %s",
        whole.name,
        aside.name if aside else "no folder, since it was gone",
    )


def _move(file: Path, aside: Path | None) -> None:
    """Put what is left of the ledger aside, its logs too: they would be taken for those of the restored one."""
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        if aside is None:
            path.unlink(missing_ok=True)
        elif path.exists():
            aside.mkdir(exist_ok=True)
            os.replace(path, aside / path.name)


def _bring_up_to_date(fresh: Path, file: Path, restored: Restored, prepare: Callable[[Store], None]) -> None:
    store = Store(create_engine(f"sqlite:///{fresh.as_posix()}", hide_parameters=True))
    try:
        prepare(store)
        with store.writing("restore") as connection:
            added = _noted(connection, writes, file)
            _noted(connection, settlements, file)
            connection.execute(delete(leases))
            told = asdict(restored) | {"writes": added}
            entry = {"name": RESTORED, "value": json.dumps(told), "remembered_at": _now()}
            upsert(connection, capabilities, [entry])
        with store.outside_transactions() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    finally:
        store.close()


def _noted(connection: Connection, table: Table, file: Path) -> int:
    """Put what was noted of the table into it; how many rows of it the copy did not have."""
    known = set(connection.execute(select(table.c.id)).scalars())
    rows = [_read(table, row) for row in notes_of(file, table)]
    whole = [dict.fromkeys(table.columns.keys()) | row for row in rows if "unit" in row]
    upsert(connection, table, whole)
    for row in rows:
        if "unit" not in row:  # its beginning is noted no more, so the copy has it
            connection.execute(update(table).where(table.c.id == row["id"]).values(row))
    return len({row["id"] for row in whole} - known)


def _read(table: Table, noted: dict[str, Any]) -> dict[str, Any]:
    """A row, or a part of one, as it was before it was noted."""
    moments = {column.name for column in table.columns if isinstance(column.type, Moment)}
    return {
        name: dt.datetime.fromisoformat(value) if value and name in moments else value
        for name, value in noted.items()
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
