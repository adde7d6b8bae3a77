"""
Prefect's own database, copied before an update and brought back to what an earlier version of Prefect knows.

A server brings its database to its own tables when it starts, and an earlier one cannot start with those of a
later one. Only the later Prefect knows the way back, and it is tried on a copy: blocks, schedules and runs stay.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from tasks.installing.home import Installation, Version
from tasks.installing.versions import copied, poured

NAME = "prefect"
LONGEST_SECONDS = 900


def database_of(installation: Installation, home: Path) -> Path | None:
    """The file of the installation's own Prefect server; None when it has none, or another kind of database."""
    file = home / "prefect" / f"{NAME}.db"
    elsewhere = "PREFECT_SERVER_DATABASE_CONNECTION_URL" in installation.environment
    return file if installation.local_server and not elsewhere and file.is_file() else None


def tables_of(file: Path) -> str:
    """The version of the tables in a database of Prefect, by its own count; empty when there are none."""
    with closing(sqlite3.connect(file)) as database:
        try:
            found = database.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return ""
    return str(found[0]) if found else ""


def copy_before(folder: Path, version: str) -> Path | None:
    """The newest copy that was made before the change to this version; None when there is none."""
    return max(folder.glob(f"{NAME}-before-{version}-*.db"), default=None)


def bring_back(file: Path, before: Path, by: Version) -> bool:
    """Make the tables of the database, which no server may be using, those of the copy that was made `before`.

    `by` is the version whose Prefect made the present tables. Whether everything in the database stayed: where
    its Prefect does not find the way back, the database becomes the copy.
    """
    wanted = tables_of(before)
    if tables_of(file) == wanted:
        return True
    with tempfile.TemporaryDirectory(prefix="pohoda-payments-") as scratch:
        (tried,) = copied([file], Path(scratch), by.number)
        stayed = _downgraded(tried, wanted, by)
        poured(tried if stayed else before, file)
    return stayed


def _downgraded(file: Path, wanted: str, by: Version) -> bool:
    prefect = [str(by.python), "-m", "prefect", "--no-prompt"]
    try:
        done = subprocess.run(  # noqa: S603 - an argument list of ours, no shell
            [*prefect, "server", "database", "downgrade", "-y", "-r", wanted],
            env={
                **os.environ,
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{file.as_posix()}",
            },
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=LONGEST_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and tables_of(file) == wanted
