"""Opening the ledger: where it is, whether it is whole, and its tables brought to the present version."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import platformdirs
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from tasks.errors import SettingError, Unavailable
from tasks.ledger.store import BUSY_SECONDS, Store

MIGRATIONS = Path(__file__).parent / "migrations"
_one_migration = threading.Lock()  # alembic keeps the running migration in module globals


def default_file() -> Path:
    """Where the ledger is when nobody says otherwise: a file among this user's application data."""
    return platformdirs.user_data_path("pohoda-payments", appauthor=False) / "ledger.db"


def file_of_unit(unit: str) -> str:
    """The address of an accounting unit's own file, beside `default_file`."""
    file = default_file().with_name(f"ledger-{unit}.db")
    return URL.create("sqlite", database=str(file)).render_as_string()


def open_store(url: str | None) -> Store:
    """The ledger's database, made when it is not there yet, with its tables brought to the present version.

    Raises SettingError for an address that cannot be right, a damaged file and a ledger of a newer version.
    """
    address = _address(url)
    if address.drivername.startswith("sqlite"):
        _make_folder(address)
    try:
        engine = create_engine(address, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise SettingError(
            "The driver for the ledger's database is not installed",
            evidence=f"no module {error.name}",
            next_step="install psycopg, or leave the ledger's address empty to use a file",
        ) from None
    store = Store(engine)
    try:
        _prepare(store)
    except BaseException:
        store.close()
        raise
    return store


def _address(url: str | None) -> URL:
    if url is None or not url.strip():
        return URL.create("sqlite", database=str(default_file()))
    try:
        address = make_url(url.strip())
        kind = address.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        kind, address = "", URL.create("")
    if kind == "sqlite" and address.database:
        return address
    if kind == "postgresql":
        return address.set(drivername="postgresql+psycopg") if "+" not in address.drivername else address
    raise SettingError(
        "The ledger's address is not understood",
        evidence=f"it begins with {kind!r}" if kind else "it is not an address of a database",
        next_step="write sqlite:///C:/folder/ledger.db or postgresql://user:password@server/database, "
        "or leave it empty",
    )


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


def _prepare(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        _use_write_ahead_log(store)
    with store.reading() as connection:
        if _version(connection) == _newest():
            return
    with _one_migration, store.writing("migration") as connection:
        _migrate(connection)


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


def _migrate(connection: Connection) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    version = _version(connection)
    if version is not None and version not in known:
        raise SettingError(
            "The ledger was written by a newer version of this product",
            evidence=f"its tables have version {version}, this product knows up to {_newest()}",
            next_step="update the product on this machine",
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _newest() -> str | None:
    return _scripts().get_current_head()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
