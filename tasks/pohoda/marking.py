"""
Statements that write marks into user fields of documents: the only ones here that change Pohoda's data.

Nothing but columns that begin with VPr can ever be set by them. They are in the words that T-SQL and SQLite
share, see `tasks.pohoda.statements`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blocks.pohoda import Agenda
from tasks.money import wire
from tasks.pohoda.catalogue import TABLE, quoted
from tasks.pohoda.connection import Connection, read_rows
from tasks.tables import MARKS

KIND = {
    "issued_invoice": "RelTpFak = 1",
    "advance_invoice": "RelTpFak = 4",
    "received_order": "RelTpObj = 1",
}
"""What tells the documents of each agenda from the other rows of its table (pohoda-sql.md 4.1 and 5.1)."""
EDITED = "SELECT l.[tablename], l.[rowid] FROM dbo.stwlock AS l"
"""Documents that are open for editing in Pohoda; rows of dead processes may remain (pohoda-sql.md 9.2)."""

_USER_FIELD = re.compile(r"VPr[A-Za-z0-9_]+", re.IGNORECASE)
_NUMBER = "LTRIM(RTRIM(CAST(Cislo AS varchar(250))))"
"""A document's number as it is read, see `tasks.pohoda.statements`."""
_TYPE = {"amount": "money", "count": "int", "paid": "bit"}


def mark_columns(agenda: Agenda) -> dict[str, str]:
    """The user field of each mark that has one; none when the agenda is not used."""
    return named_fields(agenda) if agenda.active else {}


def named_fields(agenda: Agenda) -> dict[str, str]:
    """The same, whether the agenda is used or not."""
    named = {mark: str(getattr(agenda, f"{mark}_field")) for mark in MARKS}
    return {mark: name for mark, name in named.items() if name}


def update_statement(agenda: str, columns: Mapping[str, str], empty: Iterable[str]) -> str:
    """Set the marks of one document if it is the one that was read and its marks still stand.

    `columns` names the field of each mark that is set, `empty` those marks that were empty (NULL). Parameters:
    the new values, the id, the number, and the old values of the marks that were not empty, as `parameters` gives
    them. The number tells whether the id is still of that document: after a restore it may not be.
    Raises ValueError for any column but a user field, which would be a fault of this product.
    """
    if not columns or not all(_USER_FIELD.fullmatch(name) for name in columns.values()):
        raise ValueError(f"{sorted(columns.values())} are not the fields of marks")
    were_empty = set(empty)
    assignments = ", ".join(f"{quoted(name)} = CAST(? AS {_TYPE[mark]})" for mark, name in columns.items())
    standing = [_still(mark, name, mark in were_empty) for mark, name in columns.items()]
    condition = " AND ".join(["ID = ?", f"{_NUMBER} = CAST(? AS varchar(250))", KIND[agenda], *standing])
    return " ".join(("UPDATE", f"dbo.{TABLE[agenda]}", "SET", assignments, "WHERE", condition))


def parameters(
    columns: Mapping[str, str], document: tuple[int, str], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Any]:
    """The parameters of `update_statement` for the document of this id and number.

    Money goes as text with a point, which is exact in every driver.
    """
    stood = [_value(mark, old[mark]) for mark in columns if mark in old]
    return [*(_value(mark, new[mark]) for mark in columns), *document, *stood]


def locked_statement(agenda: str, documents: int) -> str:
    """Which of so many documents are locked in Pohoda, on either level; the parameters are their ids."""
    asked = ", ".join("?" * documents)
    is_locked = "(d.[Lock] = CAST(1 AS bit) OR d.[Lock1] = CAST(1 AS bit))"
    return " ".join(("SELECT d.ID FROM", f"dbo.{TABLE[agenda]} AS d WHERE", is_locked, f"AND d.ID IN ({asked})"))


def edited(connection: Connection) -> set[tuple[str, int]]:
    """Table and id of every row that somebody has open for editing in Pohoda, as far as it is told."""
    rows = read_rows(connection, EDITED)
    return {(_table(str(table)), int(row_id)) for table, row_id in rows if table and row_id is not None}


def locked(connection: Connection, agenda: str, ids: Sequence[int]) -> set[int]:
    """Which of these documents of the agenda are locked against changes."""
    return {int(row[0]) for row in read_rows(connection, locked_statement(agenda, len(ids)), ids)}


def _still(mark: str, name: str, was_empty: bool) -> str:
    if was_empty:
        return f"{quoted(name)} IS NULL"
    # Pohoda keeps four decimals and hundredths were read, so hundredths are compared, exactly.
    column = f"ROUND({quoted(name)}, 2)" if mark == "amount" else quoted(name)
    return f"{column} = CAST(? AS {_TYPE[mark]})"


def _value(mark: str, value: Any) -> str | int:
    return wire(int(value)) if mark == "amount" else int(value)


def _table(name: str) -> str:
    """The table's bare name; how Pohoda spells it there is not documented."""
    return name.strip().rpartition(".")[2].strip("[]").upper()
