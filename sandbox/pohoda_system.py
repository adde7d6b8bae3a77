"""The sandbox's StwPh_sys: POHODA's own list of accounting units and their years, beside the units' databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from blocks.pohoda import Database
from sandbox.pohoda import SandboxPohoda
from sandbox.pohoda_shape import create_catalogue
from tasks.pohoda.finding import SYSTEM
from tasks.pohoda.sqlite import catalogue_beside

OTHERS = ("StwPh_87654321_2026", "StwPh_12345678_199901")
"""Databases in the list that are not there: another firm's, and one of a year long gone."""


def list_units(folder: Path, years: Sequence[SandboxPohoda]) -> Database:
    """Write the list of units into the folder, and give what a unit is found by there.

    File names stand in it as Pohoda writes them, with an extension and spaces (pohoda-sql.md 2.2).
    """
    file = folder / f"{SYSTEM}.db"
    rows = [(pohoda.database_name, pohoda.ico, pohoda.year) for pohoda in years]
    rows += [(name, name.split("_")[1], int(name.split("_")[2][:4])) for name in OTHERS]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE Firma (ID INTEGER PRIMARY KEY, ICO varchar(15), Firma varchar(255), "
            "Soubor varchar(255), Rok int, DatRokOd datetime, DatRokDo datetime)"
        )
        connection.executemany(
            "INSERT INTO Firma (ICO, Soubor, Rok, DatRokOd, DatRokDo) VALUES (?, ?, ?, ?, ?)",
            [
                (f"{ico} ", f"{name}.mdb  ", year, f"{year}-01-01T00:00:00", f"{year}-12-31T00:00:00")
                for name, ico, year in rows
            ],
        )
    with closing(sqlite3.connect(catalogue_beside(file))) as connection, connection:
        create_catalogue(connection)
    return Database(kind="sqlite", server=str(folder))
