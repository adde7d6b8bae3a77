"""The documents of all years of one accounting unit as one table, each document once."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from blocks.pohoda import Agenda, PohodaUnit
from tasks.pohoda.catalogue import KINDS, SETTINGS, TABLE, Catalogue, kind_of, read_catalogue
from tasks.pohoda.connection import connected
from tasks.pohoda.documents import read_documents
from tasks.provider import Note
from tasks.tables import AGENDAS, DOCUMENTS, stacked

OLDER_IDS = 2**32
"""Added to row ids once for each year back: ids start anew in every database, and Pohoda's have 31 bits."""

NAMED = 20
NUMBER = ["agenda", "number"]
SAME = (["issued_on"], ["total", "customer", "variable_symbol"])
"""What two documents of one number must have in common, one or the other, to be one document."""


def read_years(unit: PohodaUnit, today: dt.date) -> pd.DataFrame:
    """As `read_documents`, from all years of the unit; a document carried over to a newer year counts once.

    Documents of older years have ids that no other document has, see `of_older_year`.
    """
    found = read_documents(unit, today)
    for back, name in enumerate(unit.database.older, start=1):
        older = read_documents(_as_it_was(unit, name), today)
        older = older.assign(id=older["id"] + back * OLDER_IDS)
        found = stacked(DOCUMENTS, [found, older[~_carried_over(older, found)]])
    return found


def of_older_year(ids: pd.Series) -> pd.Series:
    """Which of these ids are of documents that stand in an older year's database, where nothing is written."""
    return ids >= OLDER_IDS


def note_of_older(changes: pd.DataFrame) -> list[Note]:
    """What to tell of changes (`tasks.tables.CHANGES`) that are not written since they are of older years."""
    if changes.empty:
        return []
    numbers = changes["number"].head(NAMED).tolist()
    more = f" a dalších {len(changes) - NAMED}" if len(changes) > NAMED else ""
    text = (
        f"Úhrady se změnily i na dokladech minulých let, kam se nezapisuje: {', '.join(numbers)}{more}. "
        "Je-li to třeba, upravte je v Pohodě ve starším roce ručně."
    )
    return [Note("older_year", text)]


def _carried_over(older: pd.DataFrame, newer: pd.DataFrame) -> pd.Series:
    """Which rows of the older year stand in a newer one too: same agenda and number, and issued the same day or
    the same in total, customer and variable symbol.

    A series that begins anew each year gives its numbers to other documents, which differ in these.
    """
    carried = pd.Series(False, index=older.index)
    for columns in SAME:
        ours, theirs = (_keys(frame, [*NUMBER, *columns]) for frame in (older, newer))
        carried |= ours.isin(set(theirs)).to_numpy()
    return carried


def _keys(documents: pd.DataFrame, columns: list[str]) -> pd.Series:
    texts = documents[columns].astype("str").fillna("")
    return pd.Series(list(texts.itertuples(index=False, name=None)), index=documents.index, dtype=object)


def _as_it_was(unit: PohodaUnit, name: str) -> PohodaUnit:
    """The unit with the database of an older year, and of the configured fields those that were there then."""
    database = unit.database.of_year(name)
    with connected(database) as connection:
        catalogue = read_catalogue(connection)
    agendas = {SETTINGS[agenda]: _known(unit.agenda(agenda), catalogue, TABLE[agenda]) for agenda in AGENDAS}
    return unit.model_copy(update={"database": database, **agendas})


def _known(agenda: Agenda, catalogue: Catalogue, table: str) -> Agenda:
    named = {field: str(getattr(agenda, field)) for field in KINDS}
    missing = {
        field: ""
        for field, name in named.items()
        if (column := catalogue.column(table, name)) is None or column[1] not in kind_of(field, name)[1]
    }
    return agenda.model_copy(update=missing)
