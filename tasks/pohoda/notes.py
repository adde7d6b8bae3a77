"""Notes of documents, whole, as people and this product have written them; they go nowhere but back to Pohoda."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.pohoda.connection import Connection, read_rows
from tasks.pohoda.statements import notes_statement

LENGTHS = (
    "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.CHARACTER_MAXIMUM_LENGTH FROM INFORMATION_SCHEMA.COLUMNS AS c "
    "WHERE c.TABLE_SCHEMA = 'dbo' AND c.COLUMN_NAME IN ('Pozn', 'Pozn2')"
)
LONGEST = 30_000
"""Characters of the longest note that is written anew. The column takes far more, but not every driver gives more
of it than 64 KiB, and what was not read whole would be lost by writing it."""


def read_notes(connection: Connection, agenda: str, note: str, ids: Sequence[int]) -> dict[int, str]:
    """The note of each of at most 500 documents; an empty one is "", a document that is gone has none."""
    rows = read_rows(connection, notes_statement(agenda, note, len(ids)), list(ids))
    return {int(row_id): str(text or "") for row_id, text in rows}


def longest_notes(connection: Connection) -> dict[tuple[str, str], int]:
    """How many characters each note of each table takes, `LONGEST` at most; by table and column in upper case."""
    rows = read_rows(connection, LENGTHS)
    # An unlimited column tells no length, or a negative one.
    told = {(str(table).upper(), str(name).upper()): int(most or 0) for table, name, most in rows}
    return {column: min(most, LONGEST) if most > 0 else LONGEST for column, most in told.items()}
