"""
How the sandbox's SQLite database is reached, so that the very statements meant for SQL Server run on it.

The file is attached as `dbo` and the catalogue beside it as `INFORMATION_SCHEMA`: qualified names then mean the
same in both worlds. There are two ways in: through pyodbc, as in real life, where the SQLite driver is installed,
and through Python's own module where it is not.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from blocks.pohoda import Database

WAY = "POHODA_PAYMENTS_SQLITE"
"""Environment variable that forces the way in: "odbc" or "python"."""
ODBC_DRIVER = "SQLite3"
BUSY_SECONDS = 5
_MEMORY = "file::memory:"


def catalogue_beside(database: Path) -> Path:
    """The file that stands for INFORMATION_SCHEMA beside the sandbox's database."""
    return database.with_name(f"{database.stem}.catalogue{database.suffix}")


def way() -> str:
    """How the file is reached here: "odbc" when pyodbc and its SQLite driver are there, else "python"."""
    forced = os.environ.get(WAY)
    if forced:
        return forced
    try:
        import pyodbc
    except ImportError:
        return "python"
    return "odbc" if ODBC_DRIVER in pyodbc.drivers() else "python"


def opened(database: Database, *, read_only: bool) -> Any:
    """A connection whose `dbo` is the database's file; a writing one leaves transactions to us."""
    file = Path(database.name).resolve()
    mode = "ro" if read_only else "rw"
    connection = _by_odbc() if way() == "odbc" else _by_python()
    try:
        connection.execute(f"ATTACH DATABASE '{file.as_uri()}?mode={mode}' AS dbo")
        connection.execute(f"ATTACH DATABASE '{catalogue_beside(file).as_uri()}?mode=ro' AS INFORMATION_SCHEMA")
    except BaseException:
        connection.close()
        raise
    if not read_only:
        _leave_transactions_to_us(connection)
    return connection


def _by_odbc() -> Any:
    import pyodbc

    pyodbc.pooling = False
    return pyodbc.connect(
        f"Driver={{{ODBC_DRIVER}}};Database={_MEMORY};Timeout={int(BUSY_SECONDS * 1000)}", autocommit=True
    )


def _by_python() -> Any:
    return sqlite3.connect(_MEMORY, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _leave_transactions_to_us(connection: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = "IMMEDIATE"
    else:
        connection.autocommit = False
