"""
Which databases an accounting unit has, one per year, found by its company number instead of typed.

Their names are read, never built: POHODA's own list of units tells them, and the unit's own one-row table
confirms them (pohoda-sql.md 2.1, 2.2). The newest year that has begun is the unit's present one, where marks go.
Older years that the horizon reaches are only read.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from blocks.pohoda import Database, PohodaUnit
from tasks.errors import SettingError, Unavailable
from tasks.pohoda.connection import connected, read_rows

SYSTEM = "StwPh_sys"
LISTED = "SELECT f.Soubor, f.ICO, f.Rok, f.DatRokOd, f.DatRokDo FROM dbo.Firma AS f"
CONFIRMED = "SELECT k.ICO, k.Rok, k.DatRokOd, k.DatRokDo FROM dbo.sKonfig AS k"
ON_SERVER = (
    "SELECT d.name, d.state_desc, d.user_access_desc, HAS_DBACCESS(d.name) FROM sys.databases AS d "
    "WHERE d.name LIKE 'StwPh[_]%'"
)


@dataclass(frozen=True)
class Year:
    """One year of the unit: its database, and the days that belong to it, both included."""

    database: str
    first: dt.date
    last: dt.date


def located(unit: PohodaUnit, today: dt.date) -> PohodaUnit:
    """The unit with its databases filled in: the present year's, and those that the horizon reaches.

    A unit whose database is typed in stays as it is. Raises SettingError when there is none, when several could
    be meant, or when the login may not open one; Unavailable when Pohoda has one to itself.
    """
    if unit.database.name:
        return unit
    present, *older = years(unit, today)
    names = {"name": present.database, "older": [year.database for year in older]}
    return unit.model_copy(update={"database": unit.database.model_copy(update=names)})


def years(unit: PohodaUnit, today: dt.date) -> list[Year]:
    """The unit's years that the horizon reaches, the present one first, then backwards."""
    since = today - dt.timedelta(days=unit.horizon_days)
    candidates = _openable(unit, [year.database for year in _listed(unit) if _reached(year, since, today)])
    found = [year for name in candidates if (year := _confirmed(unit, name)) and _reached(year, since, today)]
    if not found:
        raise SettingError(
            "No database of this accounting unit holds the present year",
            evidence=f"company number {unit.ico} on {today}, server {unit.database.server!r}",
            next_step="correct ico, let the administrator grant db_datareader in StwPh_sys and in the unit's "
            "databases, or type the database's name into the block of the unit",
        )
    found.sort(key=lambda year: year.first, reverse=True)
    for newer, older in pairwise(found):
        if newer.first == older.first:
            raise SettingError(
                "Several databases are of the same year of this accounting unit",
                evidence=f"{newer.database}, {older.database}",
                next_step="type the name of the right one into the block of the unit",
            )
    return found


def beside(database: Database, name: str) -> Database:
    """Another database of the same server; in the sandbox, a file in the same folder."""
    if database.kind == "sqlserver":
        return database.of_year(name)
    folder = Path(database.name).parent if database.name else Path(database.server)
    return database.of_year(str(folder / f"{name}.db"))


def _reached(year: Year, since: dt.date, today: dt.date) -> bool:
    return year.first <= today and year.last >= since


def _listed(unit: PohodaUnit) -> list[Year]:
    """The unit's years by Pohoda's own list; none when the list cannot be read or does not know the unit."""
    try:
        with connected(beside(unit.database, SYSTEM)) as connection:
            listed = read_rows(connection, LISTED)
    except (SettingError, Unavailable):
        return []
    named = [(_without_extension(str(row[0] or "")), row) for row in listed]
    return [_year(name, *row[2:]) for name, row in named if name and _same(row[1], unit.ico)]


def _openable(unit: PohodaUnit, names: list[str]) -> list[str]:
    """Those of the names that the server has; without any name, every database that could be the unit's.

    Raises SettingError or Unavailable when the server has one of the names and this login cannot open it.
    """
    if unit.database.kind == "sqlite":
        return [name for name in names if Path(beside(unit.database, name).name).is_file()]
    with connected(unit.database.of_year("master")) as connection:
        on_server = {str(row[0]).casefold(): row for row in read_rows(connection, ON_SERVER)}
    if names:
        return [name for name in names if name.casefold() in on_server and _opens(*on_server[name.casefold()])]
    open_ones = [str(name) for name, *_, allowed in on_server.values() if allowed == 1 and name != SYSTEM]
    return [name for name in open_ones if f"_{unit.ico}_" in name] or open_ones


def _opens(name: str, state: str, access: str, allowed: int | None) -> bool:
    if allowed == 1:
        return True
    if (state, access) != ("ONLINE", "MULTI_USER"):
        raise Unavailable(
            "Pohoda has a database of the accounting unit to itself",
            evidence=f"{name} is {state}, {access}",
            next_step="it is tried again by itself; if it lasts, see who is restoring or closing the year",
        )
    raise SettingError(
        "The login may not open a database of the accounting unit",
        evidence=name,
        next_step="let the administrator grant db_datareader there; every new year's database needs it anew",
    )


def _confirmed(unit: PohodaUnit, name: str) -> Year | None:
    """What the database says of itself; None when it is of another unit."""
    database = beside(unit.database, name)
    with connected(database) as connection:
        own = read_rows(connection, CONFIRMED)
    return _year(database.name, *own[0][1:]) if own and _same(own[0][0], unit.ico) else None


def _year(name: str, year: Any, first: Any, last: Any) -> Year:
    """A year by its range of days, which may be a fiscal one; by its number where the range is empty."""
    number = int(year or 1900)
    return Year(name, _day(first) or dt.date(number, 1, 1), _day(last) or dt.date(number, 12, 31))


def _day(moment: dt.datetime | str | None) -> dt.date | None:
    if not moment:
        return None
    return moment.date() if isinstance(moment, dt.datetime) else dt.datetime.fromisoformat(moment).date()


def _same(ico: Any, wanted: str) -> bool:
    return str(ico or "").replace(" ", "").lstrip("0") == wanted.lstrip("0")


def _without_extension(name: str) -> str:
    """A database's name as the list of units writes it: perhaps with a file's extension and spaces (2.2)."""
    return re.sub(r"\.[A-Za-z]{2,4}$", "", name.strip()).strip()
