"""
Marks straight into user fields in Pohoda's database, for releases whose mServer takes no updates.

Only after a person has chosen so: it is outside the interface that Pohoda supports (pohoda-mserver.md 3.5 F). So
it touches nothing but user fields, in one short transaction per batch, only where what was read still stands, and
leaves alone what somebody has open or locked in Pohoda.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blocks.pohoda import Database, PohodaUnit
from tasks.errors import OutcomeUnknown, Refused, SettingError
from tasks.pohoda.catalogue import SETTINGS, TABLE, configured_fields, read_catalogue
from tasks.pohoda.connection import Connection, connected
from tasks.pohoda.marking import edited, locked, mark_columns, named_fields, parameters, update_statement
from tasks.pohoda.rights import Column, Rights, listed, read_rights
from tasks.tables import AGENDAS, MARKS
from tasks.writers import OPEN, Written

MOST = 100
"""Documents in one transaction, so that Pohoda never waits for it noticeably."""
WRITTEN = Written("accepted")
MOVED = Written("left_out", note="Úhrady na dokladu se mezitím změnily; doklad zůstal, jak je.")
LOCKED = Written("left_out", note="Doklad je v Pohodě zamčený; zapíše se, až bude odemčený.")


class SqlWriter:
    """Writes the marks of one accounting unit by a login of its own. Raises SettingError for marks in a note."""

    def __init__(self, unit: PohodaUnit) -> None:
        _demand_user_fields(unit)
        self._unit = unit
        self._columns = {name: mark_columns(unit.agenda(name)) for name in AGENDAS}
        self._database = writing_database(unit)
        self._ready = False

    def marks(self, agenda: str) -> frozenset[str]:
        return frozenset(self._columns[agenda])

    def ready(self) -> None:
        """Make sure that the fields exist, and that the login may write them and, unless confirmed, no more."""
        if self._ready:
            return
        _demand_own_login(self._unit)
        with connected(self._unit.database) as connection:
            catalogue = read_catalogue(connection)
            for agenda in filter(self.marks, AGENDAS):
                found = configured_fields(self._unit, agenda, catalogue)
                self._columns[agenda] = {mark: str(getattr(found, mark)) for mark in self._columns[agenda]}
        with connected(self._database) as connection:
            edited(connection)
            self._demand_rights(read_rights(connection, self._database))
        self._ready = True

    def write(self, changes: pd.DataFrame, writes: Sequence[int]) -> list[Written]:
        """One transaction for the whole batch: all that still stands as it was read is written, or nothing."""
        if len(changes) > MOST:
            raise ValueError(f"{len(changes)} documents are too many for one transaction")
        self.ready()
        rows = changes.to_dict("records")
        try:
            with connected(self._database, read_only=False) as connection:
                held = _held(connection, rows)
                return [held.get(_key(row)) or self._update(connection, row) for row in rows]
        except OutcomeUnknown as error:
            return [Written("unknown", note=f"Databáze zápis nepotvrdila ({error.evidence}).")] * len(rows)

    def _update(self, connection: Connection, row: Mapping[Any, Any]) -> Written:
        agenda = str(row["agenda"])
        columns = self._columns[agenda]
        old = {mark: row[f"old_{mark}"] for mark in columns if not pd.isna(row[f"old_{mark}"])}
        new = {mark: row[f"new_{mark}"] for mark in MARKS}
        statement = update_statement(agenda, columns, columns.keys() - old.keys())
        cursor = connection.cursor()
        cursor.execute(statement, parameters(columns, (int(row["document_id"]), str(row["number"])), old, new))
        if cursor.rowcount not in (0, 1):
            raise Refused(
                "The database did not say that just one document was changed, so nothing was written",
                evidence=f"{cursor.rowcount} rows for {agenda} {row['number']}",
                next_step="choose another way of writing in the unit, and ask for help",
            )
        return WRITTEN if cursor.rowcount else MOVED

    def _demand_rights(self, rights: Rights) -> None:
        needed: list[Column] = [
            (TABLE[a], name) for a, columns in self._columns.items() for name in columns.values()
        ]
        if missing := rights.missing(needed):
            raise SettingError(
                "The login for writing may not write the fields of marks",
                evidence=", ".join(f"dbo.{table}.{name}" for table, name in missing),
                next_step="let the administrator GRANT UPDATE on just these columns to it; a new year's database "
                "needs it anew",
            )
        unused: list[Column] = [
            (TABLE[name], column) for name in AGENDAS for column in named_fields(self._unit.agenda(name)).values()
        ]
        beyond = rights.beyond([*needed, *unused])
        if beyond and not self._unit.sql.wide_rights_confirmed:
            raise SettingError(
                "The login for writing could change more than the fields of marks, so nothing was written",
                evidence=listed(beyond),
                next_step="let the administrator take these rights away, or confirm sql.wide_rights_confirmed",
            )


def writing_database(unit: PohodaUnit) -> Database:
    """The same database, reached by the login for writing; the Windows account when none is filled in."""
    return unit.database.model_copy(update={"login": unit.sql.login, "password": unit.sql.password})


def _demand_user_fields(unit: PohodaUnit) -> None:
    noted = [f"{SETTINGS[name]}: {unit.agenda(name).note}" for name in AGENDAS if unit.agenda(name).active]
    if noted := [place for place in noted if not place.endswith(": ")]:
        raise SettingError(
            "Marks go to a note through mServer only, never straight into the database",
            evidence=f"writer is 'sql', {', '.join(noted)}",
            next_step="name user fields (VPr…) in these agendas, or choose mserver as the way of writing",
        )


def _demand_own_login(unit: PohodaUnit) -> None:
    reading, writing = unit.database.login, unit.sql.login
    if unit.database.kind == "sqlserver" and reading.casefold() == writing.casefold():
        raise SettingError(
            "Writing into the database needs a login of its own",
            evidence=f"both database.login and sql.login are {writing!r}" if writing else "sql.login is empty",
            next_step="let the administrator make a login that may update only the fields of marks, and fill in "
            "sql.login and sql.password in the unit",
        )


def _held(connection: Connection, rows: Sequence[Mapping[Any, Any]]) -> dict[tuple[str, int], Written]:
    """The documents that are not to be touched now, each with the reason."""
    being_edited = edited(connection)
    held: dict[tuple[str, int], Written] = {}
    for agenda in {agenda for agenda, _ in map(_key, rows)}:
        ids = [row_id for name, row_id in map(_key, rows) if name == agenda]
        held |= {(agenda, row_id): LOCKED for row_id in locked(connection, agenda, ids)}
        held |= {(agenda, row_id): OPEN for row_id in ids if (TABLE[agenda], row_id) in being_edited}
    return held


def _key(row: Mapping[Any, Any]) -> tuple[str, int]:
    return str(row["agenda"]), int(row["document_id"])
