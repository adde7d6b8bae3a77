"""A folder that the bank's own application fills: new and changed files, each read once (csob.md 4.6)."""

from __future__ import annotations

import datetime as dt
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tasks.days import Days, prague_day
from tasks.errors import SettingError
from tasks.outside import one_line
from tasks.provider import Fault, Memory, Note
from tasks.providers.csob.bbf import is_complete
from tasks.providers.csob.reading import File, Reading
from tasks.providers.csob.recognise import Format, recognise
from tasks.providers.csob.told import NEWEST, Told

SETTLED_SECONDS = 5
"""A file that changed more recently may still be being written."""
GIVEN_UP_SECONDS = 60 * 60
"""A file without its end that nobody has written to for so long is broken off."""
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart")
SCANNED = "scanned"
LARGEST = 64 * 1024 * 1024
"""A larger file is no advice: the bank's own, with thousands of payments, have some megabytes."""

HIDDEN: int = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)


@dataclass(frozen=True)
class Folder:
    """Where advices come to, and where files go once they were read, if they are to go anywhere."""

    path: Path
    archive: Path | None = None

    def count(self) -> int:
        """How many files there are to read from. Raises SettingError when the folder cannot be read."""
        return sum(1 for _ in self._files())

    def read(self, days: Days, source: str, memory: Memory, now: dt.datetime) -> Reading:
        """What has come since the last time, and again what changed on those of the days that were read before.

        A file is known by its content, so a changed one is new and a renamed one is not. Days count as complete
        when nothing in the folder was being written, and only as far as advices speak: the bank's application
        may have stopped long ago. Raises SettingError when the folder cannot be read.
        """
        known_until = memory.cursor(source, SCANNED)
        again = _again(days, known_until)
        files: list[File] = []
        faults: list[Fault] = []
        cursors = [(SCANNED, now.isoformat())]
        waiting: list[str] = []
        for path in self._files():
            name = self._name(path)
            if _size(path) > LARGEST:
                faults.append(Fault(name, f"soubor je větší než {LARGEST // 1024 // 1024} MiB a nečte se"))
                continue
            data = _settled(path, now)
            if data is None:
                waiting.append(name)
                continue
            key = f"content {sha256(data).hexdigest()}"
            if memory.cursor(source, key) is None:
                cursors.append((key, name))
            elif not _changed_on(path, again):
                self._put_away(path)
                continue
            files.append(File(name, data))
        today = prague_day(now)
        covered = () if waiting else tuple(day for day in days if day < today)
        told = Told(today, memory.cursor(source, NEWEST))
        return Reading(
            tuple(files),
            covered=covered,
            told=told,
            cursors=tuple(cursors),
            faults=tuple(faults),
            notes=_notes(waiting),
        )

    def _files(self) -> Iterator[Path]:
        """Every file that an advice can be in, in a steady order."""
        if not self.path.is_dir():
            raise SettingError(
                "The folder with advices cannot be read",
                evidence=str(self.path),
                next_step="correct the folder in the block csob-account, as the worker's computer sees it",
            )
        roots = [self.path, *([self.archive] if self.archive else [])]
        found = {path for root in roots for path in root.rglob("*")}
        return (path for path in sorted(found) if _of_interest(path))

    def _name(self, path: Path) -> str:
        """As it is told and remembered: a name of a file may hold what no text can."""
        inside = path.relative_to(self.path).as_posix() if path.is_relative_to(self.path) else path.name
        return one_line(inside)

    def _put_away(self, path: Path) -> None:
        """Move a file whose payments were recorded by an earlier run, when that was asked for."""
        if self.archive is None or path.is_relative_to(self.archive):
            return
        target = self.archive / path.relative_to(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        copies = 0
        while target.exists():
            copies += 1
            target = target.with_name(f"{path.stem} ({copies}){path.suffix}")
        shutil.move(path, target)


def _of_interest(path: Path) -> bool:
    if path.name.startswith((".", "~")) or path.suffix.lower() in TEMPORARY:
        return False
    try:
        status = path.stat()
    except OSError:
        return False
    hidden = getattr(status, "st_file_attributes", 0) & HIDDEN
    return stat.S_ISREG(status.st_mode) and status.st_size > 0 and not hidden


def _size(path: Path) -> int:
    """0 for a file that was taken away meanwhile."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _settled(path: Path, now: dt.datetime) -> bytes | None:
    """The content, or None while the file is still being written, is locked, or was taken away."""
    try:
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except OSError:
        return None
    age = now.timestamp() - after.st_mtime
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or 0 <= age < SETTLED_SECONDS:
        return None
    unfinished = recognise(data) is Format.BBF and not is_complete(data)
    return None if unfinished and age < GIVEN_UP_SECONDS else data


def _again(days: Days, known_until: str | None) -> range:
    """Ordinals of the days that were read before and are asked for once more."""
    if known_until is None:
        return range(0)
    read = prague_day(dt.datetime.fromisoformat(known_until)).toordinal()
    return range(days.first.toordinal(), min(days.last.toordinal() + 1, read))


def _changed_on(path: Path, days: range) -> bool:
    changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return prague_day(changed).toordinal() in days


def _notes(waiting: list[str]) -> tuple[Note, ...]:
    if not waiting:
        return ()
    listed = ", ".join(waiting[:10])
    return (Note("files_unfinished", f"Tyto soubory ještě nejsou celé, přečtou se při příštím běhu: {listed}."),)
