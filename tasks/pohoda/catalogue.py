"""
What the unit's database really has: its identity, and the columns that the configured fields mean.

Everything is checked before a single document is read: a new year's database made without the user fields,
another unit, or a field of the wrong kind stops the run at once with a sentence that says what to change.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from blocks.pohoda import PohodaUnit, is_note
from tasks.errors import SettingError, Unavailable
from tasks.pohoda.connection import Connection, connected, read_rows
from tasks.pohoda.driver_errors import is_driver_error
from tasks.tables import MARKS

COLUMNS = (
    "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS AS c "
    "WHERE c.TABLE_SCHEMA = 'dbo' AND c.TABLE_NAME IN ('FA', 'OBJ')"
)
CONFIGURATION = "SELECT k.ICO, k.Rok, k.Firma FROM dbo.sKonfig AS k"
PERIOD = "SELECT k.DatRokOd, k.DatRokDo FROM dbo.sKonfig AS k"
VERSIONS = "SELECT v.Verze, v.Release FROM dbo.Verze AS v ORDER BY v.ID"

TABLE = {"issued_invoice": "FA", "advance_invoice": "FA", "received_order": "OBJ"}
"""Pohoda's table of each agenda (pohoda-sql.md 4.1 and 5.1)."""
SETTINGS = {
    "issued_invoice": "issued_invoices",
    "advance_invoice": "advance_invoices",
    "received_order": "received_orders",
}
"""The field of the unit's block that holds each agenda's settings."""

_MONEY = frozenset({"money", "smallmoney", "decimal", "numeric"})
_WHOLE = frozenset({"int", "bigint", "smallint", "tinyint"})
_TEXT = frozenset({"varchar", "nvarchar", "char", "nchar", "text", "ntext"})
KINDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "amount_field": ("currency", _MONEY),
    "count_field": ("whole number", _WHOLE),
    "paid_field": ("yes/no", frozenset({"bit"})),
    "variable_symbol_column": ("text or whole number", _TEXT | _WHOLE),
    "reference_column": ("text or whole number", _TEXT | _WHOLE),
}
"""What each configurable column must be, in Pohoda's words and in SQL Server's base types (pohoda-sql.md 8)."""
NOTE_KIND = ("long text", _TEXT)
"""The same of a note, which may hold any mark."""

MARK_FIELDS = ("amount_field", "count_field", "paid_field")
SETTLED_AGENDAS = ("issued_invoice", "advance_invoice")
"""Agendas whose documents Pohoda itself settles; orders have no open amount (pohoda-sql.md 1.3)."""


@dataclass(frozen=True)
class UnitFacts:
    """What the database says of itself."""

    ico: str
    company: str
    year: int
    release: str
    """Version and release of the Pohoda that last wrote the data, for example "14 14000"."""


@dataclass(frozen=True)
class Fields:
    """The configured columns of one agenda in their real spelling; None where nothing is configured.

    `settled` means that not a user field holds the amount but Pohoda's own settlement of the document. The marks
    that go to a note share its one column.
    """

    amount: str | None = None
    count: str | None = None
    paid: str | None = None
    variable_symbol: str | None = None
    reference: str | None = None
    settled: bool = False

    @property
    def noted(self) -> tuple[str, ...]:
        """The marks that go to a note."""
        return tuple(mark for mark in MARKS if is_note(getattr(self, mark) or ""))


class Catalogue:
    """The columns of Pohoda's document tables and their types; names are found whatever their letter case."""

    def __init__(self, columns: Iterable[tuple[str, str, str]]) -> None:
        self._columns: dict[tuple[str, str], tuple[str, str]] = {
            (table.upper(), name.lower()): (name, kind.lower()) for table, name, kind in columns
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self._columns == other._columns

    def column(self, table: str, name: str) -> tuple[str, str] | None:
        """The real spelling and the type of the table's column, or None when it has no such column."""
        return self._columns.get((table, name.lower()))

    def user_fields(self, table: str, kinds: frozenset[str]) -> list[str]:
        """The table's user fields that are of one of these types."""
        listed = ((owner, name, kind) for (owner, _), (name, kind) in self._columns.items())
        return sorted(
            n for owner, n, k in listed if owner == table and n.lower().startswith("vpr") and k in kinds
        )

    def has(self, table: str) -> bool:
        """Whether the login sees the table at all."""
        return any(owner == table for owner, _ in self._columns)


def read_catalogue(connection: Connection) -> Catalogue:
    """The columns of FA and OBJ as they are now."""
    return Catalogue((table, name, kind) for table, name, kind in read_rows(connection, COLUMNS))


@contextmanager
def catalogued(connection: Connection) -> Generator[Catalogue]:
    """The columns of FA and OBJ, on which statements inside the `with` may rely.

    Raises Unavailable instead of the driver's error when they are other columns by then: an upgrade of Pohoda
    makes its tables anew, and the same statements are right again when it is done.
    """
    catalogue = read_catalogue(connection)
    try:
        yield catalogue
    except Exception as error:
        if not is_driver_error(error) or read_catalogue(connection) == catalogue:
            raise
        raise Unavailable(
            "Pohoda is changing its tables just now",
            evidence="the columns of FA and OBJ are others than a moment ago",
            next_step="it is tried again by itself, and is right when the upgrade of Pohoda is done",
        ) from None


def unit_facts(unit: PohodaUnit) -> UnitFacts:
    """What the unit's database says of itself. Raises SettingError when it belongs to another unit."""
    with connected(unit.database) as connection:
        return read_facts(connection, unit)


def read_facts(connection: Connection, unit: PohodaUnit) -> UnitFacts:
    """As `unit_facts`, on a connection that is already open."""
    configured = read_rows(connection, CONFIGURATION)
    ico = str(configured[0][0] or "").strip() if configured else ""
    if not configured or ico.lstrip("0") != unit.ico.lstrip("0"):
        raise SettingError(
            "The database belongs to another accounting unit",
            evidence=f"field ico is {unit.ico!r}, the database {unit.database.name!r} says {ico!r}",
            next_step="correct ico or database.name in the block of the unit",
        )
    versions = read_rows(connection, VERSIONS)
    release = " ".join(str(part).strip() for part in versions[-1] if part is not None) if versions else ""
    return UnitFacts(
        ico=ico, company=str(configured[0][2] or "").strip(), year=int(configured[0][1]), release=release
    )


def kind_of(field: str, name: str) -> tuple[str, frozenset[str]]:
    """What the column of this name must be to serve as this field of the agenda's settings."""
    return NOTE_KIND if field in MARK_FIELDS and is_note(name) else KINDS[field]


def read_period(connection: Connection) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of the accounting year that the database is of; None when it does not say."""
    found = read_rows(connection, PERIOD)
    if not found or not all(found[0]):
        return None
    first, last = (dt.date.fromisoformat(str(moment)[:10]) for moment in found[0])
    return first, last


def configured_fields(unit: PohodaUnit, agenda: str, catalogue: Catalogue) -> Fields:
    """The agenda's configured columns, each checked for existence and type.

    Raises SettingError with the block's field, the agenda and the column, and with the fields that would do.
    """
    table = TABLE[agenda]
    if not catalogue.has(table):
        raise SettingError(
            f"The login sees no table {table} in the database {unit.database.name!r}",
            next_step="let the administrator grant db_datareader there, or correct database.name",
        )
    settings = unit.agenda(agenda)
    settles = unit.writer == "settlement"
    named = {field: "" if settles and field in MARK_FIELDS else getattr(settings, field) for field in KINDS}
    found = {field: _checked(catalogue, agenda, field, name) for field, name in named.items()}
    return Fields(
        settled=settles and agenda in SETTLED_AGENDAS,
        amount=found["amount_field"],
        count=found["count_field"],
        paid=found["paid_field"],
        variable_symbol=found["variable_symbol_column"],
        reference=found["reference_column"],
    )


def quoted(name: str) -> str:
    """The column's name in brackets. Nothing but letters, digits and underscores ever reaches SQL."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise SettingError("A column's name has characters that are not allowed", evidence=repr(name))
    return f"[{name}]"


def _checked(catalogue: Catalogue, agenda: str, field: str, name: str) -> str | None:
    if not name:
        return None
    wanted, kinds = kind_of(field, name)
    place = f"field {SETTINGS[agenda]}.{field} names the column {name!r} of the table {TABLE[agenda]}"
    usable = catalogue.user_fields(TABLE[agenda], kinds)
    next_step = (
        f"use one of the user fields of this kind: {', '.join(usable)}"
        if usable
        else (f"create a user field of the kind {wanted} in Pohoda (Nastavení, Volitelné parametry)")
    )
    column = catalogue.column(TABLE[agenda], name)
    if column is None:
        raise SettingError("A configured field does not exist in Pohoda", evidence=place, next_step=next_step)
    spelled, kind = column
    if kind not in kinds:
        raise SettingError(
            f"A configured field in Pohoda is not of the kind {wanted}",
            evidence=f"{place}, which is {kind}",
            next_step=next_step,
        )
    return spelled
