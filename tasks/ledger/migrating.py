"""Bringing the ledger's tables to this version or to an earlier one, by the migrations beside this file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tasks.errors import SettingError
from tasks.ledger.opening import store_at, tables_version
from tasks.ledger.schema import VERSION

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, version: str | None) -> None:
    """Bring tables of this version (None: no tables) to the present one, in the connection's transaction."""
    if version is not None and version not in {script.revision for script in scripts().walk_revisions()}:
        raise SettingError(
            "The ledger was written by a newer version of this product",
            evidence=f"its tables have version {version}, this product knows up to {VERSION}",
            next_step="update the product on this machine",
        )
    config = _config(MIGRATIONS)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def bring_back(url: str, to: Path, by: Path) -> None:
    """Take a ledger's tables back to those of an earlier version of the product, so that it can be used again.

    `to` and `by` are the folders of migrations of that version and of the one that made the tables; only the
    newer one knows the way. What the earlier version has no place for is lost, so make a copy before.
    """
    known = {script.revision for script in scripts(to).walk_revisions()}
    store = store_at(url)
    try:
        with store.writing("migration") as connection:
            if tables_version(connection) in {None, *known}:
                return
            config = _config(by)
            config.attributes["connection"] = connection
            command.downgrade(config, str(scripts(to).get_current_head()))
    finally:
        store.close()


def scripts(folder: Path = MIGRATIONS) -> ScriptDirectory:
    """All migrations in a folder, by default those that this version of the product knows."""
    return ScriptDirectory.from_config(_config(folder))


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", folder.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
