"""Whether the unit's databases could be backed up as its block says; no backup is tried."""

from __future__ import annotations

from blocks.pohoda import PohodaUnit
from tasks.checking import Finding, looked
from tasks.pohoda.backup import operator
from tasks.pohoda.connection import connected, read_rows
from tasks.pohoda.finding import SYSTEM

AREA = "Zálohování"
ALLOWED = (
    "SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'BACKUP DATABASE') AS SAVES, "
    "HAS_PERMS_BY_NAME('master', 'DATABASE', 'CREATE DATABASE') AS VERIFIES"
)
"""SQL Server verifies a backup only for a login that could also restore it as a new database."""


def backup_findings(unit: PohodaUnit) -> list[Finding]:
    """What the login for backups may do in each database that is backed up; nothing where none are made."""
    if unit.database.kind != "sqlserver" or not unit.backup.folder:
        return []
    names = [unit.database.name, *unit.database.older, *([SYSTEM] if unit.backup.system else [])]
    return [each for name in names for each in looked(AREA, name, lambda name=name: [_allowed(unit, name)])]


def _allowed(unit: PohodaUnit, name: str) -> Finding:
    with connected(operator(unit).of_year(name)) as connection:
        saves, verifies = read_rows(connection, ALLOWED)[0]
    if not saves:
        step = "Ať správce dá loginu v této databázi roli db_backupoperator."
        return Finding(
            AREA, name, "wrong", "Login tuto databázi zálohovat nesmí.", "chybí právo BACKUP DATABASE", step
        )
    if unit.backup.verify and not verifies:
        step = "Ať správce dá loginu v databázi master právo CREATE DATABASE, nebo v bloku vypněte Ověřovat."
        return Finding(AREA, name, "wrong", "Login zálohu nesmí ověřit.", "chybí právo CREATE DATABASE", step)
    return Finding(AREA, name, "ok", "Login smí databázi zálohovat.", unit.backup.folder)
