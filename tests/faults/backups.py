"""
The backup's flow with each of its calls failing: only what is whole counts, nothing still needed is deleted.

SQL Server is the one of `tests/pohoda/test_backup.py`, here with a folder in which its backups really grow.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flows.backup import backup
from tasks.pohoda.backup import NAME
from tasks.pohoda.kept import LIST, Kept
from tests.faults.cells import NOT_ASKED, SAME_RUN, TOLD, Untrue, completed
from tests.faults.stage import Stage
from tests.faults.ways import ways_of
from tests.faults.wire import Blow
from tests.pohoda.test_backup import PRESENT, Server, unit

WHOLE = b"a whole backup"
STRANGER = "StwPh_12345678_2026.bak"
OLD = f"{PRESENT}_20200101_000000_{NAME}.bak"
_FILE = re.compile(r"BACKUP DATABASE .* TO DISK = N'([^']+)'")


class Writing(Server):
    """A SQL Server whose backups are files: half of one while it is made, whole at its end."""

    def opened(self, database: Any, **named: Any) -> Any:
        self.done = Noted()
        return super().opened(database, **named)


class Noted(list[str]):
    def append(self, sql: str) -> None:
        super().append(sql)
        if found := _FILE.match(sql):
            Path(found[1]).write_bytes(WHOLE)


def backed_up_in_vain(stage: Stage, only: str, known: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each kind of statement of a backup, and what became of it in every way to fail."""
    folder = stage.folder / "backups"
    folder.mkdir(exist_ok=True)
    name = f"backup-{stage.name}"
    unit(folder=folder.as_posix(), reached_as=str(folder)).save(name, overwrite=True)
    with patch("tasks.pohoda.sqlserver.opened", Writing().opened):
        stage.wire.calm()
        laid_out(folder)
        completed(backup(unit=name, return_state=True))
        for kind in sorted(set(stage.wire.calls)):
            if only in kind and kind not in known:
                yield kind, {way: _tried(stage, name, folder, kind, way) for way in ways_of(kind)}


def laid_out(folder: Path) -> None:
    """A folder with somebody else's backup and an old one of ours, the only one of its database."""
    for file in folder.iterdir():
        file.unlink()
    for file in (STRANGER, OLD):
        (folder / file).write_bytes(WHOLE)
    old = Kept(OLD, PRESENT, len(WHOLE), dt.datetime(2020, 1, 1, tzinfo=dt.UTC).isoformat())
    (folder / LIST).write_text(json.dumps([asdict(old)]), encoding="utf-8")


def _tried(stage: Stage, name: str, folder: Path, kind: str, way: str) -> str:
    laid_out(folder)
    stage.wire.calm()
    blow = stage.wire.plan[kind] = Blow(ways_of(kind)[way], lasting=True)
    try:
        state = backup(unit=name, return_state=True)
        stage.wire.calm()
        listed = {str(row["file"]) for row in json.loads((folder / LIST).read_text("utf-8"))}
        if state.is_failed() and not re.search("Next step|Další krok", str(state.message)):
            return f"! {state.message}"
        if state.is_failed() and listed != {OLD}:
            return "! a backup counts that was not proven whole"
        if not (folder / STRANGER).exists() or (state.is_failed() and not (folder / OLD).exists()):
            return "! a backup was deleted that is still needed"
        completed(backup(unit=name, return_state=True))
    except Untrue as untrue:
        return f"! {untrue}"
    if not blow.struck:
        return NOT_ASKED
    return TOLD if state.is_failed() else SAME_RUN
