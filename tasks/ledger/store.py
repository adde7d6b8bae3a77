"""The database under the ledger: one way to read, one way to write, and failures in the house's words."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, ProgrammingError

from tasks.errors import PohodaPaymentsError, SettingError, Unavailable

T = TypeVar("T")

BUSY_SECONDS = 30.0
"""How long SQLite waits for another process to finish its transaction."""

SUSPECT = ".suspect"
"""Ending of the file that asks whoever opens the ledger next to look at all of it first."""

DAMAGE = ("not a database", "malformed")
_SETTINGS = (
    "no such table",
    "unable to open",
    "readonly",
    "disk is full",
    "authentication failed",
    "does not exist",
    "permission denied",
)


class Damaged(SettingError):
    """The ledger's file is not whole any more."""

    @classmethod
    def by(cls, evidence: str) -> Self:
        """Damage of which there is this evidence."""
        return cls(
            "The ledger's file is damaged",
            evidence=evidence,
            next_step="restore the file from a backup of this computer; payments then come again by themselves",
        )


class Store:
    """The ledger's database. Transactions that write are serialised: the whole of each sees a still world."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)
            self._reader = engine.execution_options(begin="BEGIN")
        else:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")
        # A transaction that begins by reading and then writes fails at once when another one wrote in between.
        self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")
        self._opened: os.stat_result | None = None

    @property
    def file(self) -> Path | None:
        """The file of the ledger, when it is one."""
        is_file = self.engine.dialect.name == "sqlite"
        return Path(self.engine.url.database or "") if is_file else None

    def remember_file(self) -> None:
        """Remember which file it is that stands under the ledger's name now."""
        self._opened = self.file.stat() if self.file else None

    def still_there(self) -> bool:
        """Whether the file is still the one remembered, and not moved aside for another one."""
        try:
            return self._opened is None or os.path.samestat(Path(str(self.file)).stat(), self._opened)
        except OSError:
            return False

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection that sees one moment of the ledger and changes nothing."""
        with self._translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, key: str) -> Generator[Connection]:
        """One transaction that writes; no other one for the same `key` runs at the same time in any process.

        SQLite has a single writer anyway; PostgreSQL takes a lock that ends with the transaction.
        """
        with self._translated(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_number(key)})
            yield connection

    @contextmanager
    def outside_transactions(self) -> Generator[Connection]:
        """A connection on which every statement stands alone; only for what SQLite takes no other way."""
        with translated_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Failures in the house's words; of damage, whoever opens the ledger next is told as well."""
        try:
            with translated_errors():
                yield
        except Damaged:
            self.suspect()
            raise

    def suspect(self) -> None:
        """Ask whoever opens the ledger next to look at all of it first, and to restore it if need be."""
        if self.file:
            with suppress(OSError):
                self.file.with_name(self.file.name + SUSPECT).touch()

    def close(self) -> None:
        """Give all connections back, so that the file can be moved or deleted on Windows too."""
        self.engine.dispose()


@contextmanager
def translated_errors() -> Generator[None]:
    """Turn the driver's failures into Unavailable or SettingError; programming mistakes stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _in_our_words(error) from None
    except DatabaseError as error:
        if isinstance(error, ProgrammingError) and error.statement is None:
            # No connection came about, and the driver quotes what it did not like in the address.
            raise unusable(f"{type(error.orig).__name__} of the address") from None
        if type(error) is not DatabaseError:  # IntegrityError and the like are faults of ours
            raise
        raise _in_our_words(error) from None


def _in_our_words(error: DatabaseError | InterfaceError) -> PohodaPaymentsError:
    lines = str(error.orig).strip().splitlines() or [""]
    # Only the driver's first line: further lines can quote the values of a row.
    evidence = f"{type(error.orig).__name__}: {lines[0][:200]}"
    if any(sign in str(error.orig) for sign in DAMAGE):
        return Damaged.by(evidence)
    if any(sign in str(error.orig) for sign in _SETTINGS):
        return unusable(evidence)
    return Unavailable("The ledger's database cannot be reached or is locked", evidence=evidence)


def unusable(evidence: str) -> SettingError:
    """The error for a database with which nothing can be done until a person changes something."""
    return SettingError(
        "The ledger's database cannot be used",
        evidence=evidence,
        next_step="check the ledger's address, rights and disk, or restore the file from a backup",
    )


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows; where the primary key stands already, replace all other columns."""
    if not rows:
        return
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    others = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), rows)


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`, since a statement takes a bounded number of values."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # otherwise Python's driver decides when transactions begin
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


def _on_begin(connection: Connection) -> None:
    if begin := connection.get_execution_options().get("begin"):
        connection.exec_driver_sql(begin)


def _lock_number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True)
