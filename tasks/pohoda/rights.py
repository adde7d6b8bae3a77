"""
What a login may change in the unit's database, as SQL Server itself says.

A login that writes marks needs UPDATE on a few columns and nothing else; one that only reads needs nothing at all
of this. Each question is asked of the server, since roles, groups and grants add up in ways that only it knows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from blocks.pohoda import Database
from tasks.pohoda.connection import Connection, read_rows

SERVER_ROLES = ("sysadmin", "serveradmin", "securityadmin", "dbcreator")
DATABASE_ROLES = ("db_owner", "db_datawriter", "db_ddladmin", "db_securityadmin", "db_accessadmin")
SERVER_PERMISSIONS = ("CONTROL SERVER", "ALTER ANY LOGIN", "ALTER ANY DATABASE")
DATABASE_PERMISSIONS = (
    *("CONTROL", "ALTER", "ALTER ANY SCHEMA", "ALTER ANY ROLE", "ALTER ANY USER", "CREATE TABLE"),
    *("INSERT", "UPDATE", "DELETE", "EXECUTE"),
)
TABLE_PERMISSIONS = ("INSERT", "UPDATE", "DELETE", "ALTER", "CONTROL")
LISTED = 8
"""How many rights an error names; a login that may do everything has hundreds."""

Column = tuple[str, str]


@dataclass(frozen=True)
class Rights:
    """Whatever lets a login change something in one database. All empty for a login that only reads."""

    general: frozenset[str]
    """Roles and permissions beyond single tables; one that the server does not tell of counts as held."""
    tables: frozenset[str]
    """Tables that it may change as a whole, by "PERMISSION schema.table"."""
    columns: frozenset[Column]
    """Columns of FA and OBJ that it may update, by table and name, also where the whole table is open to it."""

    def missing(self, needed: Collection[Column]) -> list[Column]:
        """Which of these columns it may not update."""
        held = {_plain(column) for column in self.columns}
        return sorted(column for column in needed if _plain(column) not in held)

    def beyond(self, needed: Collection[Column]) -> list[str]:
        """Everything that it may do beside updating these columns, the widest first."""
        wanted = {_plain(column) for column in needed}
        others = sorted(column for column in self.columns if _plain(column) not in wanted)
        return [*sorted(self.general), *sorted(self.tables), *(f"UPDATE dbo.{t}.{name}" for t, name in others)]


def read_rights(connection: Connection, database: Database) -> Rights:
    """What the login of this connection may change in the database."""
    found = read_rows(connection, SANDBOX_RIGHTS if database.kind == "sqlite" else RIGHTS)
    rows = [(str(kind), str(table or ""), str(name)) for kind, table, name in found]
    return Rights(
        general=frozenset(name for kind, _, name in rows if kind == "general"),
        tables=frozenset(f"{name} {table}" for kind, table, name in rows if kind == "table"),
        columns=frozenset((table, name) for kind, table, name in rows if kind == "column"),
    )


def listed(rights: Collection[str]) -> str:
    """The first few of them, and how many more there are."""
    some = list(rights)[:LISTED]
    more = len(rights) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "")


def _plain(column: Column) -> Column:
    return column[0].upper(), column[1].lower()


def _general() -> str:
    """Names of roles and permissions and what asks for each; one that cannot be told counts as held."""
    questions = {role: f"IS_SRVROLEMEMBER('{role}')" for role in SERVER_ROLES}
    questions |= {role: f"IS_ROLEMEMBER('{role}')" for role in DATABASE_ROLES}
    questions |= {name: f"HAS_PERMS_BY_NAME(NULL, NULL, '{name}')" for name in SERVER_PERMISSIONS}
    questions |= {
        f"{name} in the database": f"HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', '{name}')"
        for name in DATABASE_PERMISSIONS
    }
    asked = " UNION ALL ".join(f"SELECT '{name}' AS NAME, {ask} AS HELD" for name, ask in questions.items())
    return _select("'general'", "NULL", "g.NAME", f"({asked}) AS g", "COALESCE(g.HELD, 1) = 1")


def _tables() -> str:
    permissions = " UNION ALL ".join(f"SELECT '{name}' AS NAME" for name in TABLE_PERMISSIONS)
    place = "QUOTENAME(t.TABLE_SCHEMA) + '.' + QUOTENAME(t.TABLE_NAME)"
    return _select(
        "'table'",
        "t.TABLE_SCHEMA + '.' + t.TABLE_NAME",
        "p.NAME",
        f"INFORMATION_SCHEMA.TABLES AS t CROSS JOIN ({permissions}) AS p",
        f"HAS_PERMS_BY_NAME({place}, 'OBJECT', p.NAME) = 1",
    )


def _columns() -> str:
    place = "'dbo.' + QUOTENAME(c.TABLE_NAME)"
    return _select(
        "'column'",
        "c.TABLE_NAME",
        "c.COLUMN_NAME",
        "INFORMATION_SCHEMA.COLUMNS AS c",
        "c.TABLE_SCHEMA = 'dbo' AND c.TABLE_NAME IN ('FA', 'OBJ') "
        f"AND HAS_PERMS_BY_NAME({place}, 'OBJECT', 'UPDATE', c.COLUMN_NAME, 'COLUMN') = 1",
    )


def _select(kind: str, place: str, name: str, source: str, condition: str) -> str:
    columns = f"{kind} AS KIND, {place} AS PLACE, {name} AS NAME"
    return " ".join(("SELECT", columns, "FROM", source, "WHERE", condition))


RIGHTS = " UNION ALL ".join((_general(), _tables(), _columns()))
"""One row per right that changes anything: general, table or column; where; and its name."""
SANDBOX_RIGHTS = "SELECT r.KIND, r.PLACE, r.NAME FROM INFORMATION_SCHEMA.LOGIN_RIGHTS AS r"
"""SQLite knows no logins, so the sandbox's catalogue tells what its one may do, in the same form."""
