"""Pohoda's documents and the marks now standing on them, read by one short statement per agenda."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from blocks.pohoda import PohodaUnit
from tasks.money import wire
from tasks.pohoda import columns
from tasks.pohoda.catalogue import Fields, catalogued, configured_fields, read_facts
from tasks.pohoda.connection import connected, read_portions
from tasks.pohoda.note_line import marks_in
from tasks.pohoda.statements import DOCUMENT_COLUMNS, documents_statement, marks_statement
from tasks.tables import AGENDAS, DOCUMENTS, checked, stacked, table

STANDING = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "marked_amount": "Int64",
    "marked_count": "Int64",
    "marked_paid": "boolean",
}
"""Columns of the marks that are read back."""
Arrays = dict[str, columns.Array]

IDS_PER_STATEMENT = 500
"""SQL Server takes at most 2,100 parameters."""


def read_documents(unit: PohodaUnit, today: dt.date) -> pd.DataFrame:
    """The documents (`tasks.tables.DOCUMENTS`) of all active agendas issued within the unit's horizon.

    A document older than the horizon is left out whatever stands on it: the payments that it once got are beyond
    the horizon too, so what is still to come could not be counted rightly. Amounts are in the document's own
    currency; cancelled documents and those already paid are included. Raises SettingError when the database is
    another unit's or a configured field does not fit, Unavailable when Pohoda's database cannot answer now.
    """
    # This spelling of a moment means the same whatever date format the login's language has.
    since = f"{(today - dt.timedelta(days=unit.horizon_days)).isoformat()}T00:00:00"
    read: list[pd.DataFrame] = []
    with connected(unit.database) as connection, catalogued(connection) as catalogue:
        read_facts(connection, unit)
        active = [agenda for agenda in AGENDAS if unit.agenda(agenda).active]
        fields = {agenda: configured_fields(unit, agenda, catalogue) for agenda in active}
        for agenda in active:
            portions = read_portions(connection, documents_statement(agenda, fields[agenda]), (since,))
            arrays = [_documents(agenda, fields[agenda], unit, portion) for portion in portions]
            read.append(_table(DOCUMENTS, agenda, arrays))
    return stacked(DOCUMENTS, read)


def read_marks(unit: PohodaUnit, agenda: str, ids: Iterable[int]) -> pd.DataFrame:
    """The marks (`STANDING`) that now stand on these documents, by a connection of its own.

    A document that is no longer there has no row. Raises as `read_documents`.
    """
    asked = [int(row_id) for row_id in ids]
    arrays: list[Arrays] = []
    with connected(unit.database) as connection, catalogued(connection) as catalogue:
        fields = configured_fields(unit, agenda, catalogue)
        for start in range(0, len(asked), IDS_PER_STATEMENT):
            some = asked[start : start + IDS_PER_STATEMENT]
            statement = marks_statement(agenda, fields, len(some))
            for row_ids, numbers, *marks in read_portions(connection, statement, some):
                known = {"document_id": np.array(row_ids, dtype=np.int64), "number": columns.texts(numbers)}
                arrays.append({**known, **_marks(fields, numbers, *marks)})
    return _table(STANDING, agenda, arrays)


def _documents(agenda: str, fields: Fields, unit: PohodaUnit, portion: Sequence[Sequence[Any]]) -> Arrays:
    given = dict(zip(DOCUMENT_COLUMNS, portion, strict=True))
    is_order = agenda == "received_order"
    if is_order and not fields.variable_symbol:
        given["variable_symbol"] = [_digits(number) for number in given["number"]]
    return {
        "id": np.array(given["id"], dtype=np.int64),
        "number": columns.texts(given["number"]),
        "variable_symbol": columns.symbols(given["variable_symbol"]),
        "specific_symbol": columns.symbols(given["specific_symbol"]),
        "constant_symbol": columns.symbols(given["constant_symbol"]),
        "reference": columns.texts(given["reference"]),
        "total": columns.amounts(given["total"]),
        "currency": columns.texts([code or unit.home_currency for code in given["currency"]]),
        "issued_on": columns.days(given["issued_on"]),
        "cancelled": np.array(given["cancelled"], dtype=np.bool_),
        # Orders have no open amount at all; an invoice's empty one is zero, as everywhere in Pohoda.
        "open_amount": (columns.optional_amounts if is_order else columns.amounts)(given["open_amount"]),
        "customer": columns.customers(given["ico"], given["ad"]),
        **_marks(fields, given["number"], given["marked_amount"], given["marked_count"], given["marked_paid"]),
    }


def _marks(
    fields: Fields,
    numbers: Sequence[str | None],
    amount: Sequence[Any],
    count: Sequence[Any],
    paid: Sequence[Any],
) -> Arrays:
    """The three marks of a portion, of which those that go to a note are all in the first one's place."""
    given = {"amount": amount, "count": count, "paid": paid}
    if fields.noted:
        texts = given[fields.noted[0]]
        told = [marks_in(text or "", number or "") or {} for text, number in zip(texts, numbers, strict=True)]
        given |= {mark: [marks.get(mark) for marks in told] for mark in fields.noted}
        if "amount" in fields.noted:
            given["amount"] = [None if amount is None else wire(amount) for amount in given["amount"]]
    return {
        "marked_amount": columns.optional_amounts(given["amount"]),
        "marked_count": columns.optional_numbers(given["count"]),
        "marked_paid": columns.optional_numbers(given["paid"]),
    }


def _table(shape: Mapping[str, str], agenda: str, arrays: Sequence[Arrays]) -> pd.DataFrame:
    if not arrays:
        return table(shape)
    found = {
        name: columns.joined([portion[name] for portion in arrays], dtype)
        for name, dtype in shape.items()
        if name != "agenda"
    }
    rows = sum(len(next(iter(portion.values()))) for portion in arrays)
    return checked(shape, pd.DataFrame({"agenda": pd.Series([agenda] * rows, dtype="str"), **found}))


def _digits(number: str) -> str:
    """What Pohoda itself takes for the variable symbol of a document that has none (pohoda-sql.md 4.2)."""
    return number if number.isdecimal() else re.sub(r"[^0-9]", "", number)
