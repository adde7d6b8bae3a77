"""
Where Pohoda's database is reached: a plain DB-API connection with `?` parameters, open only as long as needed.

An open connection holds a lock on the whole database that stops Pohoda's own restore and year close, so every
connection is closed at once after use and nothing pools it (pohoda-sql.md 9.2).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Protocol

from blocks.pohoda import Database
from tasks.errors import OutcomeUnknown
from tasks.pohoda import sqlite, sqlserver
from tasks.pohoda.driver_errors import explained, is_driver_error

ROWS_AT_ONCE = 500


class Cursor(Protocol):
    """What the product uses of a DB-API cursor."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any: ...

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> list[Any]: ...

    def fetchmany(self, size: int, /) -> list[Any]: ...


class Connection(Protocol):
    """What the product uses of a DB-API connection."""

    def cursor(self) -> Cursor: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def connected(database: Database, *, read_only: bool = True) -> Generator[Connection]:
    """A connection for as long as the `with` lasts, the driver's errors turned into the product's own.

    Read-only, each statement stands alone and no transaction is ever open. Otherwise everything inside is one
    transaction: committed at the end, rolled back when anything is raised. Raises SettingError when a person must
    act (login, driver, certificate, rights), Unavailable when trying later helps, OutcomeUnknown when the commit
    itself failed, Refused for the rest.
    """
    try:
        opened: Connection = _open(database, read_only)
        with closing(opened) as connection:
            try:
                yield connection
            except BaseException:
                if not read_only:
                    _roll_back(connection)
                raise
            if not read_only:
                _commit(connection, database)
    except Exception as error:
        if not is_driver_error(error):
            raise
        # The driver's own error is not chained: its text may repeat what the connection string says.
        raise explained(error, database) from None


def read_rows(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """Every row that the statement gives, each a sequence of its values."""
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    return cursor.fetchall()


def read_portions(
    connection: Connection, sql: str, parameters: Sequence[Any] = ()
) -> Iterator[list[tuple[Any, ...]]]:
    """The same, some hundred rows at a time and each time column by column; nothing when there is no row.

    Values that are used while they are fresh and then let go cost a large unit far less than all of them at once.
    """
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    while portion := cursor.fetchmany(ROWS_AT_ONCE):
        yield list(zip(*portion, strict=True))


def _roll_back(connection: Connection) -> None:
    """Of a broken connection the server takes everything back by itself, and the cause tells more than this."""
    try:
        connection.rollback()
    except Exception as error:
        if not is_driver_error(error):
            raise


def _commit(connection: Connection, database: Database) -> None:
    try:
        connection.commit()
    except Exception as error:
        if not is_driver_error(error):
            raise
        # Whether the server had done it before the connection broke, only what stands there can tell.
        raise OutcomeUnknown(
            "The database did not confirm that it kept the changes",
            evidence=explained(error, database).evidence,
            next_step="what stands in Pohoda is read back before anything is sent again",
        ) from None


def _open(database: Database, read_only: bool) -> Any:
    if database.kind == "sqlite":
        return sqlite.opened(database, read_only=read_only)
    return sqlserver.opened(database, read_only=read_only)
