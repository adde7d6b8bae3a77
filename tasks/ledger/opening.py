"""Opening the ledger: where it is, whether it is whole, and its tables brought to the present version."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import suppress
from pathlib import Path

import platformdirs
from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from tasks.errors import SettingError, Unavailable
from tasks.ledger.restoring import is_lost, restore
from tasks.ledger.safekeeping import keep, make_privately, problem_of
from tasks.ledger.schema import VERSION
from tasks.ledger.store import BUSY_SECONDS, SUSPECT, Damaged, Store, unusable

_one_migration = threading.Lock()  # alembic keeps the running migration in module globals


def default_file() -> Path:
    """Where the ledger is when nobody says otherwise: a file among this user's application data."""
    return platformdirs.user_data_path("pohoda-payments", appauthor=False) / "ledger.db"


def file_of_unit(unit: str) -> str:
    """The address of an accounting unit's own file, beside `default_file`."""
    file = default_file().with_name(f"ledger-{unit}.db")
    return URL.create("sqlite", database=str(file)).render_as_string()


def open_store(url: str | None, *, mend: bool = True) -> Store:
    """The ledger's database, made when it is not there yet, with its tables brought to the present version.

    A file is copied once a day; one that is damaged or gone is restored from its newest whole copy. Raises
    SettingError for an address that cannot be right, a file that cannot be restored and a newer version's ledger.
    Without `mend` it is neither copied nor restored, and Damaged is raised where it would be.
    """
    address = _address(url)
    if not address.drivername.startswith("sqlite"):
        return _prepared(url)
    file = Path(address.database or "")
    if not mend:
        if _is_lost(file):
            raise Damaged.by("the file is gone, and its copies are there")
        return _prepared(url)
    if _is_lost(file):
        restore(file, None, _prepare)
    try:
        return _whole(url, file)
    except Damaged as damage:
        restore(file, damage, _prepare)
    return _whole(url, file)


def _is_lost(file: Path) -> bool:
    """The same for a file at which perhaps nobody may look, or which can have no such name."""
    try:
        return is_lost(file)
    except OSError as error:
        raise unusable(f"{type(error).__name__} of its file") from None


def _whole(url: str | None, file: Path) -> Store:
    """The ledger in this file, copied if that is due. Raises Damaged when it is seen not to be whole."""
    suspect = file.with_name(file.name + SUSPECT)
    if suspect.exists():
        if file.exists() and (problem := problem_of(file)):
            raise Damaged.by(problem)
        suspect.unlink(missing_ok=True)
    store = _prepared(url)
    try:
        keep(file, dt.datetime.now(dt.UTC))
        store.remember_file()
    except BaseException:
        store.close()
        raise
    return store


def _prepared(url: str | None) -> Store:
    """The database with its tables brought to the present version."""
    store = store_at(url)
    try:
        _prepare(store)
    except BaseException:
        store.close()
        raise
    return store


def store_at(url: str | None) -> Store:
    """The database at a ledger's address, whatever tables it has. Raises SettingError when there can be none."""
    address = _address(url)
    if address.drivername.startswith("sqlite"):
        _make_folder(address)
        if address.database not in (None, ":memory:") and not str(address.database).startswith("file:"):
            _keep_private(Path(str(address.database)))
    try:
        engine = create_engine(address, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise SettingError(
            "The driver for the ledger's database is not installed",
            evidence=f"no module {error.name}",
            next_step="install psycopg, or leave the ledger's address empty to use a file",
        ) from None
    return Store(engine)


def _address(url: str | None) -> URL:
    if url is None or not url.strip():
        return URL.create("sqlite", database=str(default_file()))
    try:
        address = make_url(url.strip())
        kind = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        kind, address = "", URL.create("")
    if address.drivername in ("sqlite", "sqlite+pysqlite") and _is_of_a_file(address):
        return address
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        return address.set(drivername="postgresql+psycopg")
    raise SettingError(
        "The ledger's address is not understood",
        evidence=f"it begins with {address.drivername!r}" if kind else "it is not an address of a database",
        next_step="write sqlite:///C:/folder/ledger.db or postgresql://user:password@server/database, "
        "or leave it empty",
    )


def _is_of_a_file(address: URL) -> bool:
    """Whether it names a file and nothing else: SQLite knows no server, no login, and its options are ours."""
    database = address.database or ""
    return bool(database) and "\0" not in database and not (address.host or address.username or address.query)


def _make_folder(address: URL) -> None:
    folder = Path(address.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            "The folder of the ledger cannot be made",
            evidence=f"{folder}: {type(error).__name__}",
            next_step="choose another folder in the ledger's address, or give this user the right to it",
        ) from None


def _keep_private(file: Path) -> None:
    """Make the file for its owner alone before SQLite does, which gives its log files the same rights.

    One that cannot be made here is left to the opening of the database, which says what is wrong with it.
    """
    with suppress(OSError):
        make_privately(file)


def _prepare(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        _use_write_ahead_log(store)
    with store.reading() as connection:
        if tables_version(connection) == VERSION:
            return
    # Nearly every run finds the tables as they should be, and alembic takes its time to be imported.
    from tasks.ledger.migrating import migrate

    with _one_migration, store.writing("migration") as connection:
        migrate(connection, tables_version(connection))


def _use_write_ahead_log(store: Store) -> None:
    """Let readers go on while somebody writes. Several processes may do this to a new file at the same time,
    and SQLite then refuses instead of waiting, so it is tried again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with store.outside_transactions() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def tables_version(connection: Connection) -> str | None:
    """The version of the tables; None when there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
