"""
Which backups are ours, and which of them are old enough to go.

A file is deleted only when it is in our own list beside the backups, is named as ours are, has just the size that
was noted, is older than it has to be kept, and a newer backup of the same database is there. Everything else in
the folder belongs to somebody else.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.errors import SettingError
from tasks.pohoda.backup import NAME, Made

LIST = f"{NAME}-zalohy.json"
_OURS = re.compile(rf"[^/\\]+_[0-9]{{8}}_[0-9]{{6}}_{NAME}\.bak")


@dataclass(frozen=True)
class Kept:
    """One backup in our list."""

    file: str
    database: str
    bytes: int
    made_at: str
    """ISO moment with its zone."""


def tidied(folder: Path, made: Sequence[Made], now: dt.datetime, days: int) -> list[str]:
    """Note the new backups in the list, delete ours that are older than so many days, and return their names.

    Raises SettingError when the folder cannot be used, or when the new backups are not in it: then it is not the
    folder that SQL Server writes to, and nothing in it is touched.
    """
    try:
        noted = [*_read(folder), *(_noted(folder, one, now) for one in made)]
        gone = [one for one in noted if _may_go(folder, one, noted, now - dt.timedelta(days=days))]
        _write(folder, noted)
        for one in gone:
            (folder / one.file).unlink()
        _write(folder, [one for one in noted if one not in gone and (folder / one.file).is_file()])
    except (OSError, ValueError, TypeError) as error:
        raise SettingError(
            "Old backups could not be looked after",
            evidence=f"{folder}: {type(error).__name__}",
            next_step="check that backup.reached_as is the folder of backups as the worker's computer sees it, "
            "and that the worker may write and delete there",
        ) from None
    return [one.file for one in gone]


def _noted(folder: Path, made: Made, now: dt.datetime) -> Kept:
    size = (folder / made.planned.file).stat().st_size
    return Kept(made.planned.file, made.planned.database, size, now.isoformat())


def _may_go(folder: Path, one: Kept, noted: Sequence[Kept], before: dt.datetime) -> bool:
    path = folder / one.file
    newer = any(
        other.database == one.database and other.made_at > one.made_at and (folder / other.file).is_file()
        for other in noted
    )
    old = dt.datetime.fromisoformat(one.made_at) < before
    ours = _OURS.fullmatch(one.file) is not None and path.is_file() and path.stat().st_size == one.bytes
    return old and newer and ours


def _read(folder: Path) -> list[Kept]:
    path = folder / LIST
    return [Kept(**one) for one in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def _write(folder: Path, noted: Sequence[Kept]) -> None:
    """Replace the list in one go, so that a run that is killed leaves the old one or the new one."""
    fresh = folder / f"{LIST}.tmp"
    fresh.write_text(json.dumps([asdict(one) for one in noted], indent=1), encoding="utf-8")
    os.replace(fresh, folder / LIST)
