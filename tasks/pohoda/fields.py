"""
Which fields of each agenda could hold the marks, by their types and by their labels in Pohoda's registry.

Marks go to user fields only (VPr…), since neither mServer nor the writer by SQL may set any other column of an
existing document. Editions without user fields have none, and the settlement of invoices is all that is left.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from blocks.pohoda import Agenda, PohodaUnit
from tasks.pohoda.catalogue import KINDS, TABLE, Catalogue, read_catalogue
from tasks.pohoda.connection import Connection, connected, read_rows
from tasks.tables import AGENDAS, MARKS

REGISTRY = "SELECT c.COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS AS c WHERE c.TABLE_NAME IN ('sVP', 'sVPpol')"
LABELS = (
    "SELECT v.TabMain, p.Nazev, p.Popis FROM dbo.sVP AS v JOIN dbo.sVPpol AS p ON p.RefAg = v.ID "
    "WHERE v.TabMain IN ('FA', 'OBJ') AND p.Items = CAST(0 AS bit)"
)
"""Labels of the user fields of documents, not of their lines (pohoda-sql.md 8)."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "amount": ("uhraz", "zaplac", "castka uhr", "uhrad"),
    "count": ("pocet plat", "pocetplat", "pocet uhr", "pocetuhr", "poc plat", "pocplat"),
    "paid": ("uhrazeno vse", "uhrazvse", "uhrazenovse", "plne uhraz", "zaplac", "uhraz"),
}
"""Words without diacritics that tell what a field is for, the surest first."""

Labels = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class FieldChoice:
    """One user field of an agenda: what it is, which marks it could hold, and the one it is suggested for."""

    name: str
    label: str
    type: str
    fits: frozenset[str]
    suggested_for: str | None = None


def suggest_fields(unit: PohodaUnit) -> dict[str, list[FieldChoice]]:
    """The user fields of each agenda that could hold a mark, with at most one suggestion for each mark.

    An agenda without such fields has an empty list. Changes nothing. Raises what `connected` raises.
    """
    with connected(unit.database) as connection:
        catalogue, labels = read_catalogue(connection), read_labels(connection)
    return {agenda: possible_fields(agenda, unit.agenda(agenda), catalogue, labels) for agenda in AGENDAS}


def read_labels(connection: Connection) -> dict[tuple[str, str], str]:
    """The label of each registered user field, by its table and its name as registered, in lower case."""
    if not read_rows(connection, REGISTRY):
        return {}
    found = read_rows(connection, LABELS)
    return {
        (str(table).upper(), str(name).strip().lower()): str(label or "").strip() for table, name, label in found
    }


def possible_fields(agenda: str, settings: Agenda, catalogue: Catalogue, labels: Labels) -> list[FieldChoice]:
    """The agenda's user fields that could hold a mark; suggested is what is set, else what is called so."""
    taken = {settings.reference_column.lower(), settings.variable_symbol_column.lower()}
    table = TABLE[agenda]
    choices: list[FieldChoice] = []
    for name in catalogue.user_fields(table, frozenset().union(*(_types(mark) for mark in MARKS))):
        spelled, kind = catalogue.column(table, name) or (name, "")
        fits = frozenset(mark for mark in MARKS if kind in _types(mark))
        if spelled.lower() not in taken:
            choices.append(FieldChoice(spelled, _label(labels, table, spelled), kind, fits))
    for mark in MARKS:
        chosen = _chosen(mark, str(getattr(settings, f"{mark}_field")), choices)
        choices = [replace(choice, suggested_for=mark) if choice is chosen else choice for choice in choices]
    return choices


def _types(mark: str) -> frozenset[str]:
    return KINDS[f"{mark}_field"][1]


def _label(labels: Labels, table: str, name: str) -> str:
    """The registry may tell the name with or without its prefix."""
    lower = name.lower()
    return labels.get((table, lower)) or labels.get((table, lower.removeprefix("vpr"))) or ""


def _chosen(mark: str, configured: str, choices: list[FieldChoice]) -> FieldChoice | None:
    free = [choice for choice in choices if mark in choice.fits and choice.suggested_for is None]
    for choice in free:
        if choice.name.lower() == configured.lower():
            return choice
    for word in WORDS[mark]:
        for choice in free:
            if word in _plain(f"{choice.label} {choice.name}"):
                return choice
    return None


def _plain(text: str) -> str:
    """Lower case, without diacritics, words apart by one space."""
    letters = unicodedata.normalize("NFD", text.lower())
    return re.sub(r"[\s_]+", " ", "".join(letter for letter in letters if not unicodedata.combining(letter)))
