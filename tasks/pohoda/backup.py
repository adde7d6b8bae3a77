"""
Backups of the unit's databases, made by SQL Server itself and read back by it (pohoda-sql.md 11.2).

A backup is COPY_ONLY, so that the administrator's own chain of backups stays as it is, and it counts only when
the server has read it back from the disk. Paths are those of SQL Server's own computer.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from blocks.pohoda import Database, PohodaUnit
from tasks.days import in_prague
from tasks.errors import Refused, SettingError
from tasks.pohoda.connection import connected, read_rows
from tasks.pohoda.finding import SYSTEM

NAME = "pohoda-payments"
"""What every backup of ours is called inside the file itself."""
EDITION = "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int), CAST(SERVERPROPERTY('Edition') AS varchar(128))"
WAIT = "SET LOCK_TIMEOUT -1"
STANDARD, ENTERPRISE = 2, 3
"""Engine editions that can compress; Express is 4 and cannot."""


@dataclass(frozen=True)
class Planned:
    """One backup to be made: of which database, to which file, and where that is on the server."""

    database: str
    file: str
    path: str


@dataclass(frozen=True)
class Made:
    """A backup that was made."""

    planned: Planned
    seconds: float
    bytes: int | None
    """What it takes on the disk, as its own header says; None when nobody asked."""
    verified: bool


def planned(unit: PohodaUnit, now: dt.datetime) -> list[Planned]:
    """The backups of one run. Names hold the moment, so that no file that is there is ever written over.

    `unit` has its databases filled in. Raises SettingError for a unit without SQL Server or without a folder.
    """
    if unit.database.kind != "sqlserver":
        raise SettingError(
            "Only databases on SQL Server can be backed up here",
            evidence=f"database.kind is {unit.database.kind}",
            next_step="copy the files of other databases with a tool of their own while nobody works with them",
        )
    if not unit.backup.folder:
        raise SettingError(
            "Nobody said where backups go",
            evidence="field backup.folder is empty",
            next_step="write a folder of SQL Server's own computer into backup.folder in the block of the unit",
        )
    names = [unit.database.name, *unit.database.older, *([SYSTEM] if unit.backup.system else [])]
    files = {name: f"{name}_{in_prague(now):%Y%m%d_%H%M%S}_{NAME}.bak" for name in names}
    return [Planned(name, file, _joined(unit.backup.folder, file)) for name, file in files.items()]


def back_up(unit: PohodaUnit, plan: Planned) -> Made:
    """Make one backup and have the server read it back, which may take as long as it takes.

    Raises SettingError for rights, folder and disk, Unavailable when the database cannot be reached now, and
    Refused when what was written is not what it should be.
    """
    started = time.monotonic()
    with _patient(operator(unit), plan.database) as connection:
        _drained(connection, backup_statement(plan, compress=_compresses(connection)))
        if not unit.backup.verify:
            return Made(plan, time.monotonic() - started, None, verified=False)
        _drained(connection, verify_statement(plan))
        header = _header(connection, plan)
    return Made(plan, time.monotonic() - started, _size(header, plan), verified=True)


def backup_statement(plan: Planned, *, compress: bool) -> str:
    """The statement that makes the backup; INIT writes over nothing but an attempt of this same run."""
    options = [
        "COPY_ONLY",
        "CHECKSUM",
        "INIT",
        *(["COMPRESSION"] if compress else []),
        f"NAME = {_literal(NAME)}",
    ]
    return (
        f"BACKUP DATABASE {_identifier(plan.database)} TO DISK = {_literal(plan.path)} WITH {', '.join(options)}"
    )


def verify_statement(plan: Planned) -> str:
    """The statement that reads the whole backup back and checks every page's sum."""
    return f"RESTORE VERIFYONLY FROM DISK = {_literal(plan.path)} WITH CHECKSUM"


def header_statement(plan: Planned) -> str:
    """The statement that tells what is in the file."""
    return f"RESTORE HEADERONLY FROM DISK = {_literal(plan.path)}"


@contextmanager
def _patient(database: Database, name: str) -> Generator[Any]:
    """A connection without any limit of time; each statement stands alone, as a backup must."""
    with connected(database.of_year(name)) as opened:
        connection: Any = opened
        connection.timeout = 0
        _drained(connection, WAIT)
        yield connection


def operator(unit: PohodaUnit) -> Database:
    """The present year's database, reached by the login for backups."""
    if not unit.backup.login:
        return unit.database
    return unit.database.model_copy(update={"login": unit.backup.login, "password": unit.backup.password})


def _drained(connection: Any, sql: str) -> None:
    """Run the statement to its very end: a backup goes on only while its messages are being read."""
    cursor = connection.cursor()
    cursor.execute(sql)
    while cursor.nextset():
        pass


def _compresses(connection: Any) -> bool:
    engine, edition = read_rows(connection, EDITION)[0]
    return engine == ENTERPRISE or (engine == STANDARD and not str(edition).startswith("Web"))


def _header(connection: Any, plan: Planned) -> dict[str, Any]:
    cursor = connection.cursor()
    cursor.execute(header_statement(plan))
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    return dict(zip(names, rows[-1], strict=True)) if rows else {}


def _size(header: dict[str, Any], plan: Planned) -> int:
    """How large the backup is. Raises Refused when its header says that it is not the backup that was meant."""
    told = {name: header.get(name) for name in ("BackupName", "DatabaseName", "HasBackupChecksums", "IsDamaged")}
    if [*told.values()] != [NAME, plan.database, True, False]:
        raise Refused(
            "The backup that was written is not the one that was meant",
            evidence=f"{plan.path}: {told}",
            next_step="look at the file and at SQL Server's error log, and run the backup again",
        )
    return int(header.get("CompressedBackupSize") or header["BackupSize"])


def _joined(folder: str, file: str) -> str:
    windows = "\\" in folder or re.match("[A-Za-z]:", folder)
    return folder + ("\\" if windows else "/") + file


def _literal(text: str) -> str:
    return "N'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"
