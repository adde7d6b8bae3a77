"""The sandbox's Pohoda: the database of the small firm, in Pohoda's shape, with all that real ones hold."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from blocks.matching import Matching
from blocks.pohoda import Agenda, Database, MServer, PohodaUnit
from sandbox.books import PAYOUT_ACCOUNTS
from sandbox.pohoda_rows import fill
from sandbox.pohoda_shape import create_catalogue, create_tables
from sandbox.world import Marks, World
from tasks.money import hundredths
from tasks.pohoda.sqlite import catalogue_beside

ICO = "12345678"
COMPANY = "Zkušební pískoviště s.r.o."
MSERVER_USER = "platby"
MSERVER_PASSWORD = "heslo-pískoviště"

AMOUNT_FIELD = "VPrUhrazeno"
COUNT_FIELD = "VPrPocetPlateb"
PAID_FIELD = "VPrUhrazVse"
KEY_FIELD = "VPrPlatbaKlic"
NOTES = ("Pozn2", "Pozn")
"""The internal note and the note of a document."""
LINE = re.compile(
    r"#Platby (?P<number>\S+): uhrazeno (?P<amount>[-0-9 ,]+); plateb (?P<count>\d+); zcela (?P<paid>ano|ne)"
)
"""The marks of a document in an installation without user fields, as a person reads them in its internal note."""

_TABLE = {
    "issued_invoice": ("FA", "RelTpFak", 1),
    "advance_invoice": ("FA", "RelTpFak", 4),
    "received_order": ("OBJ", "RelTpObj", 1),
}
"""Where each agenda's documents are: table, the column of the kind, and its value (pohoda-sql.md 4.1 and 5.1)."""

Value = str | int | Decimal | bool


class SandboxPohoda:
    """One unit's database in one year. Safe to use from several threads at once."""

    def __init__(self, path: Path, *, ico: str = ICO, year: int, company: str = COMPANY) -> None:
        self.path = path
        self.ico = ico
        self.year = year
        self.company = company
        self.user_fields = True
        self._writing = threading.Lock()

    @classmethod
    def build(cls, world: World, folder: Path) -> SandboxPohoda:
        """A new database of the world's documents in the folder, and its catalogue beside it."""
        year = world.today.year
        pohoda = cls(folder / f"StwPh_{ICO}_{year}.db", year=year)
        catalogue = catalogue_beside(pohoda.path)
        for file in (pohoda.path, catalogue):
            file.unlink(missing_ok=True)
        with pohoda._connected() as connection:
            connection.execute("BEGIN")
            create_tables(connection)
            fill(connection, world, pohoda.ico, pohoda.company)
        with closing(sqlite3.connect(catalogue)) as connection, connection:
            connection.execute("BEGIN")
            create_catalogue(connection)
        return pohoda

    def remove_user_fields(self) -> None:
        """Make it an installation without the edition E1: no user fields, so no payment keys either."""
        names = (AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, KEY_FIELD)
        with self._writing, self._connected() as connection:
            for table, name in product(("FA", "OBJ"), names):
                connection.execute(f"ALTER TABLE [{table}] DROP COLUMN [{name}]")
            connection.execute("DELETE FROM sVPpol")
        with closing(sqlite3.connect(catalogue_beside(self.path))) as connection, connection:
            connection.execute("DELETE FROM COLUMNS WHERE COLUMN_NAME LIKE 'VPr%'")
        self.user_fields = False

    @property
    def database_name(self) -> str:
        """The name that the same database would have on SQL Server."""
        return self.path.stem

    def unit(self, mserver_address: str, ledger: str) -> PohodaUnit:
        """The block of this unit, with fields for the marks in all three agendas, or their internal note."""
        agenda = Agenda(
            amount_field=AMOUNT_FIELD if self.user_fields else NOTES[0],
            count_field=COUNT_FIELD if self.user_fields else NOTES[0],
            paid_field=PAID_FIELD if self.user_fields else NOTES[0],
            reference_column=KEY_FIELD if self.user_fields else "",
        )
        return PohodaUnit(
            ico=self.ico,
            database=Database(kind="sqlite", name=str(self.path)),
            mserver=MServer(address=mserver_address, user=MSERVER_USER, password=SecretStr(MSERVER_PASSWORD)),
            ledger=SecretStr(ledger),
            issued_invoices=agenda.model_copy(),
            advance_invoices=agenda.model_copy(),
            received_orders=agenda.model_copy(),
            matching=Matching(ignored_accounts=list(PAYOUT_ACCOUNTS)),
        )

    def find(self, agenda: str, row_id: int) -> str | None:
        """The number of the agenda's document with this id, or None when there is no such document."""
        table, kind, value = _TABLE[agenda]
        with self._connected() as connection:
            row = connection.execute(
                f"SELECT Cislo FROM [{table}] WHERE ID = ? AND [{kind}] = ?", (row_id, value)
            ).fetchone()
        return row[0] if row else None

    def apply(self, agenda: str, row_id: int, values: Mapping[str, Value | None]) -> bool:
        """Set these user fields or notes of one document; False when the agenda has no document of this id.

        Raises KeyError for a field that is neither.
        """
        table, kind, value = _TABLE[agenda]
        spelled = {name.lower(): name for name in (AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD, KEY_FIELD, *NOTES)}
        stored = {spelled[name.lower()]: _stored(name, given) for name, given in values.items()}
        assignments = ", ".join(f"[{name}] = ?" for name in stored)
        with self._writing, self._connected() as connection:
            changed = connection.execute(
                f"UPDATE [{table}] SET {assignments} WHERE ID = ? AND [{kind}] = ?",
                (*stored.values(), row_id, value),
            )
        return changed.rowcount == 1

    def settle(self, agenda: str, row_id: int, amount: Decimal) -> bool:
        """Settle so much of an invoice in the home currency; False, and nothing done, when less is open."""
        table, kind, value = _TABLE[agenda]
        with self._writing, self._connected() as connection:
            still_open, settled = connection.execute(
                f"SELECT KcLikv, KcU FROM [{table}] WHERE ID = ? AND [{kind}] = ?", (row_id, value)
            ).fetchone()
            left = Decimal(still_open or 0) - amount
            if left < 0:
                return False
            paid = Decimal(settled or 0) + amount
            connection.execute(
                f"UPDATE [{table}] SET KcLikv = ?, KcU = ? WHERE ID = ?", (f"{left:.4f}", f"{paid:.4f}", row_id)
            )
        return True

    def settled(self) -> dict[tuple[str, int], int]:
        """How much of each invoice in the home currency is settled, in hundredths; without those that are not."""
        found: dict[tuple[str, int], int] = {}
        with self._connected() as connection:
            for agenda in ("issued_invoice", "advance_invoice"):
                rows = connection.execute(
                    "SELECT ID, KcCelkem, KcLikv FROM FA "
                    "WHERE RelTpFak = ? AND COALESCE(Cislo, '') <> '' AND COALESCE(RefCM, 0) = 0 AND TpStorn = 0",
                    (_TABLE[agenda][2],),
                )
                for row_id, total, still_open in rows:
                    found[agenda, row_id] = hundredths(total) - hundredths(still_open or "0")
        return {key: amount for key, amount in found.items() if amount}

    def set_marks(self, agenda: str, row_id: int, marks: Marks | None) -> bool:
        """Put the marks on a document, as a person would by hand; None empties the three fields."""
        amount = Decimal(marks.amount).scaleb(-2) if marks else None
        count, paid = (marks.count, marks.paid) if marks else (None, None)
        return self.apply(agenda, row_id, {AMOUNT_FIELD: amount, COUNT_FIELD: count, PAID_FIELD: paid})

    def marks(self) -> dict[tuple[str, int], Marks | None]:
        """What stands on each document now: None where all three fields, or the note's line, are empty."""
        if not self.user_fields:
            return {key: _line_in(number, note) for key, (number, note) in self._notes(NOTES[0]).items()}
        standing = self._columns(AMOUNT_FIELD, COUNT_FIELD, PAID_FIELD)
        return {key: _marks(*row) for key, row in standing.items()}

    def notes(self, column: str = NOTES[0]) -> dict[tuple[str, int], str]:
        """The whole note of each document."""
        return {key: note for key, (_, note) in self._notes(column).items()}

    def _notes(self, column: str) -> dict[tuple[str, int], tuple[str, str]]:
        rows = self._columns("Cislo", column)
        return {key: (str(number), str(note or "")) for key, (number, note) in rows.items()}

    def _columns(self, *names: str) -> dict[tuple[str, int], list[Any]]:
        """These columns of each document that has a number, by agenda and id."""
        listed = ", ".join(f"[{name}]" for name in names)
        found: dict[tuple[str, int], list[Any]] = {}
        with self._connected() as connection:
            for agenda, (table, kind, value) in _TABLE.items():
                rows = connection.execute(
                    f"SELECT ID, {listed} FROM [{table}] WHERE [{kind}] = ? AND COALESCE(Cislo, '') <> ''",
                    (value,),
                )
                found |= {(agenda, row_id): row for row_id, *row in rows}
        return found

    @contextmanager
    def _connected(self) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
            yield connection


def _stored(name: str, value: Value | None) -> str | int | None:
    if value is not None and name.lower() == AMOUNT_FIELD.lower():
        return f"{Decimal(value):.4f}"
    return str(value) if isinstance(value, Decimal) else value


def _line_in(number: str, note: str) -> Marks | None:
    """What the one line for this document says, as an accountant would read it."""
    found = [line for line in map(LINE.fullmatch, note.splitlines()) if line and line["number"] == number]
    if not found:
        return None
    (line,) = found
    return Marks(hundredths(line["amount"]), int(line["count"]), line["paid"] == "ano")


def _marks(amount: str | None, count: int | None, paid: int | None) -> Marks | None:
    if amount is None and count is None and paid is None:
        return None
    return Marks(hundredths(amount or "0"), count or 0, bool(paid))
