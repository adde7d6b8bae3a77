"""
Faults where databases are reached: at Pohoda's driver and at the ledger's, with the driver's own errors.

A statement's kind is its verb and its table. `refused` fails before anything is done, `status` is the number of
the sentence with which the database fails, `broken_off_after` gives so many portions of rows first, and `lost`
does what was asked and then fails.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, create_engine

from blocks.pohoda import Database
from sandbox.faults import RIGHT, Fault
from tasks.pohoda import connection as connections
from tests.faults.wire import Wire

LOCKED, DISK, FULL, GONE = range(1, 5)
SENTENCES = {
    LOCKED: "database is locked",
    DISK: "disk I/O error",
    FULL: "database or disk is full",
    GONE: "unable to open database file",
}
_KIND = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*?(?:FROM|INTO|UPDATE)\s+\(?([\w.\[\]\"]+)", re.S | re.I
)


def statement(sql: str) -> str:
    """The kind of a statement, "" for what only opens, closes or sets something up."""
    if sql.lstrip().upper().startswith("UPDATE"):
        return "UPDATE " + _table(sql.split()[1])
    if sql.startswith(("BACKUP", "RESTORE")):
        return " ".join(sql.split()[:2])
    found = _KIND.match(sql)
    return f"{found[1].upper()} {_table(found[2])}" if found else ""


def _table(name: str) -> str:
    return name.replace("[", "").replace("]", "").replace('"', "").removeprefix("dbo.")


def failing(fault: Fault) -> sqlite3.OperationalError:
    """The driver's error."""
    return sqlite3.OperationalError(SENTENCES[fault.status or DISK])


class _Cursor:
    """A DB-API cursor on which a statement can go wrong."""

    def __init__(self, cursor: Any, wire: Wire) -> None:
        self._cursor = cursor
        self._wire = wire
        self._left: int | None = None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        fault = self._wire.met(f"Pohoda: {kind}") if (kind := statement(sql)) else RIGHT
        if fault.status:
            raise failing(fault)
        done = self._cursor.execute(sql, parameters)
        self._left = fault.broken_off_after
        if fault.lost:
            raise failing(fault)
        return self if done is self._cursor else done

    def fetchmany(self, size: int) -> list[Any]:
        self._fetched()
        return self._cursor.fetchmany(size)

    def fetchall(self) -> list[Any]:
        self._fetched()
        return self._cursor.fetchall()

    def _fetched(self) -> None:
        if self._left is None:
            return
        if self._left == 0:
            raise sqlite3.OperationalError(SENTENCES[DISK])
        self._left -= 1

    def nextset(self) -> bool:
        self._fetched()
        return bool(self._cursor.nextset())

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)


class _Connection:
    """A DB-API connection whose statements and commit can go wrong."""

    def __init__(self, connection: Any, wire: Wire, writes: bool) -> None:
        self._connection = connection
        self._wire = wire
        self._writes = writes
        self.timeout = 0

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection.cursor(), self._wire)

    def commit(self) -> None:
        fault = self._wire.met("Pohoda: COMMIT") if self._writes else RIGHT
        if fault.status and not fault.lost:
            self._connection.rollback()
            raise failing(fault)
        self._connection.commit()
        if self._writes:
            self._wire.done("Pohoda: COMMIT")
        if fault.lost:
            raise failing(fault)

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()


class _LedgerCursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return self._done(sql, lambda: super(_LedgerCursor, self).execute(sql, parameters))

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        return self._done(sql, lambda: super(_LedgerCursor, self).executemany(sql, parameters))

    def _done(self, sql: str, execute: Any) -> sqlite3.Cursor:
        connection = self.connection
        assert isinstance(connection, _LedgerConnection)
        kind = statement(sql)
        if sql.startswith("BEGIN"):
            connection.touched = set()
        if kind.split(" ")[0] in ("INSERT", "UPDATE", "DELETE"):
            connection.touched.add(kind.split(" ")[1])
        fault = connection.wire.met(f"ledger: {kind}") if kind and "sqlite_master" not in kind else RIGHT
        if fault.status and not fault.lost:
            raise failing(fault)
        done = execute()
        if fault.lost:
            raise failing(fault)
        return done


class _LedgerConnection(sqlite3.Connection):
    wire: Wire

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.touched: set[str] = set()

    def cursor(self, factory: Any = _LedgerCursor) -> Any:
        return super().cursor(factory)

    def _what(self) -> str:
        """What a transaction that touched these tables is about."""
        told = {"sources": "delivery", "writes": "writes", "leases": "lease", "alembic_version": "tables"}
        return next(
            (what for table, what in told.items() if table in self.touched), "+".join(sorted(self.touched))
        )

    def commit(self) -> None:
        kind = f"ledger: COMMIT {self._what()}"
        writes = bool(self.touched) and self.in_transaction
        fault = self.wire.met(kind) if writes else RIGHT
        if fault.status and not fault.lost:
            raise failing(fault)
        super().commit()
        if writes:
            self.wire.done(kind)
        if fault.lost:
            raise failing(fault)


@contextmanager
def watched_databases(wire: Wire) -> Generator[None]:
    """Let this wire know of, and strike at, every statement to Pohoda's database and to the ledger."""
    real = connections._open  # pyright: ignore[reportPrivateUsage]

    def opened(database: Database, read_only: bool) -> _Connection:
        fault = wire.met("Pohoda: connect" if read_only else "Pohoda: connect to write")
        if fault.status:
            raise failing(fault)
        return _Connection(real(database, read_only), wire, not read_only)

    class Watched(_LedgerConnection):
        pass

    Watched.wire = wire

    def engine(address: Any, **named: Any) -> Engine:
        return create_engine(address, connect_args={"factory": Watched}, **named)

    with ExitStack() as patches:
        patches.enter_context(patch("tasks.pohoda.connection._open", opened))
        patches.enter_context(patch("tasks.ledger.opening.create_engine", engine))
        yield
