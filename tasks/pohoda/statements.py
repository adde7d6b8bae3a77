"""
Every statement that reads documents, in the words that T-SQL and SQLite share.

So no TOP, no ISNULL, no text joined by `+`, and of arithmetic on money only a difference, which is exact. "Not
set" is NULL or 0 in Pohoda, and always both are meant (pohoda-sql.md 1.7, 9.4, 13.3). No text but our own words
and names in brackets that have passed `quoted` ever gets into a statement; values are parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.pohoda.catalogue import TABLE, Fields, quoted
from tasks.pohoda.note_line import SIGN
from tasks.tables import MARKS

UNKNOWN_CURRENCY = "XXX"
"""ISO's code for no currency, where a document's foreign currency is not in Pohoda's list: no payment has it."""

DOCUMENT_COLUMNS = (
    "id",
    "number",
    "variable_symbol",
    "specific_symbol",
    "constant_symbol",
    "reference",
    "total",
    "currency",
    "issued_on",
    "cancelled",
    "open_amount",
    "ico",
    "ad",
    "marked_amount",
    "marked_count",
    "marked_paid",
)
"""What each column of `documents_statement` holds, in order.

Where marks go to a note, the first of them holds the note as far as it has our sign, and the others are empty.
"""


@dataclass(frozen=True)
class _Kind:
    """How one agenda's documents are told apart from the table's other rows, and what their table lacks."""

    condition: str
    cancelled: str
    variable_symbol: str = "NULL"
    specific_symbol: str = "NULL"
    constant_symbol: str = "NULL"
    open_amount: str = "NULL"


def _home_or_foreign(home: str, foreign: str) -> str:
    return f"CASE WHEN COALESCE(d.RefCM, 0) = 0 THEN d.{home} ELSE d.{foreign} END"


def _text(column: str) -> str:
    # A long text column can be neither trimmed nor compared before it is cast, and a whole number becomes text.
    return f"NULLIF(LTRIM(RTRIM(CAST({column} AS varchar(250)))), '')"


def _invoices(kind: int) -> _Kind:
    return _Kind(
        condition=f"d.RelTpFak = {kind}",
        cancelled="d.DatStorn IS NOT NULL OR COALESCE(d.RelStorn, 0) <> 0 OR d.TpStorn = 1",
        variable_symbol="RTRIM(d.VarSym)",
        specific_symbol="d.SpecSym",
        constant_symbol="d.KonstSym",
        open_amount=_home_or_foreign("KcLikv", "CmLikv"),
    )


_KINDS = {
    "issued_invoice": _invoices(1),
    "advance_invoice": _invoices(4),
    "received_order": _Kind(condition="d.RelTpObj = 1", cancelled="d.DatStorn IS NOT NULL"),
}


def documents_statement(agenda: str, fields: Fields) -> str:
    """All documents of one agenda issued on a day or later; the one parameter is the first moment of that day.

    Its columns are `DOCUMENT_COLUMNS`, the currency empty for the home one. The empty row that Pohoda keeps in
    the table has no number and is left out (pohoda-sql.md 3).
    """
    kind = _KINDS[agenda]
    columns = (
        "d.ID",
        _text("d.Cislo"),
        _text(f"d.{quoted(fields.variable_symbol)}") if fields.variable_symbol else kind.variable_symbol,
        kind.specific_symbol,
        kind.constant_symbol,
        _text(f"d.{quoted(fields.reference)}") if fields.reference else "NULL",
        _home_or_foreign("KcCelkem", "CmCelkem"),
        f"CASE WHEN COALESCE(d.RefCM, 0) = 0 THEN NULL ELSE COALESCE(m.Kod, '{UNKNOWN_CURRENCY}') END",
        "d.Datum",
        f"CASE WHEN {kind.cancelled} THEN 1 ELSE 0 END",
        kind.open_amount,
        "NULLIF(REPLACE(d.ICO, ' ', ''), '')",
        "NULLIF(d.RefAD, 0)",
        *_marks(fields),
    )
    return _select(
        columns,
        f"FROM dbo.{TABLE[agenda]} AS d LEFT JOIN dbo.sCMeny AS m ON m.ID = d.RefCM",
        f"WHERE {kind.condition} AND d.Datum >= ? AND COALESCE(d.Cislo, '') <> ''",
    )


def marks_statement(agenda: str, fields: Fields, documents: int) -> str:
    """Id, number and the marks now standing on so many documents; the parameters are their ids."""
    return _of_documents(agenda, ("d.ID", _text("d.Cislo"), *_marks(fields)), documents)


def notes_statement(agenda: str, note: str, documents: int) -> str:
    """Id and whole note of so many documents; the parameters are their ids."""
    return _of_documents(agenda, ("d.ID", f"d.{quoted(note)}"), documents)


def _of_documents(agenda: str, columns: Sequence[str], documents: int) -> str:
    asked = ", ".join("?" * documents)
    condition = f"WHERE {_KINDS[agenda].condition} AND d.ID IN ({asked})"
    return _select(columns, f"FROM dbo.{TABLE[agenda]} AS d", condition)


def _select(columns: Sequence[str], source: str, condition: str) -> str:
    return " ".join(("SELECT", ", ".join(columns), source, condition))


def _marks(fields: Fields) -> list[str]:
    if fields.settled:
        home, foreign = (f"COALESCE(d.{k}Celkem, 0) - COALESCE(d.{k}Likv, 0)" for k in ("Kc", "Cm"))
        return [f"CASE WHEN COALESCE(d.RefCM, 0) = 0 THEN {home} ELSE {foreign} END", "NULL", "NULL"]
    return [_mark(mark, getattr(fields, mark), fields.noted) for mark in MARKS]


def _mark(mark: str, name: str | None, noted: Sequence[str]) -> str:
    if not name or mark in noted[1:]:
        return "NULL"
    column = f"d.{quoted(name)}"
    # Notes without our line are left where they are: they can be long, and they are nobody's business here.
    return f"CASE WHEN {column} LIKE '%{SIGN} %' THEN {column} END" if mark in noted else column
