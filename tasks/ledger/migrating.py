"""Bringing the ledger's tables to the present version, by the migrations beside this file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tasks.errors import SettingError
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
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def scripts() -> ScriptDirectory:
    """All migrations that this product knows."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
