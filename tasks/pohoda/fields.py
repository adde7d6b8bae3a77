"""
Which fields of each agenda could hold the marks, by their types and by their labels in Pohoda's registry.

Marks go to user fields (VPr…), which come with the edition E1. Where there are none they can go to a note, as a
line of text, as far as mServer writes them; the writer by SQL may set nothing but user fields.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from blocks.pohoda import Agenda, PohodaUnit, is_note
from tasks.pohoda.catalogue import KINDS, NOTE_KIND, TABLE, Catalogue, read_catalogue
from tasks.pohoda.connection import Connection, connected, read_rows
from tasks.tables import AGENDAS, MARKS

REGISTRY = "SELECT c.COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS AS c WHERE c.TABLE_NAME IN ('sVP', 'sVPpol')"
LABELS = (
    "SELECT v.TabMain, p.Nazev, p.Popis FROM dbo.sVP AS v JOIN dbo.sVPpol AS p ON p.RefAg = v.ID "
    "WHERE v.TabMain IN ('FA', 'OBJ') AND p.Items = CAST(0 AS bit)"
)
"""Labels of the user fields of documents, not of their lines (pohoda-sql.md 8)."""
NOTE_LABELS: Mapping[str, str] = {"pozn2": "Interní poznámka", "pozn": "Poznámka"}
"""What Pohoda's forms call the notes of a document, the better one first."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "amount": ("uhraz", "zaplac", "castka uhr", "uhrad"),
    "count": ("pocet plat", "pocetplat", "pocet uhr", "pocetuhr", "poc plat", "pocplat"),
    "paid": ("uhrazeno vse", "uhrazvse", "uhrazenovse", "plne uhraz", "zaplac", "uhraz"),
}
"""Words without diacritics that tell what a field is for, the surest first."""

Labels = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class FieldChoice:
    """One field of an agenda: what it is, which marks it could hold, and those that it is suggested for."""

    name: str
    label: str
    type: str
    fits: frozenset[str]
    suggested_for: frozenset[str] = frozenset()

    @property
    def note(self) -> bool:
        """Whether it is a note, which all marks share, and not a user field."""
        return is_note(self.name)


def suggest_fields(unit: PohodaUnit) -> dict[str, list[FieldChoice]]:
    """The fields of each agenda that could hold a mark, with at most one suggestion for each mark.

    An agenda without such fields has an empty list. Changes nothing. Raises what `connected` raises.
    """
    with connected(unit.database) as connection:
        catalogue, labels = read_catalogue(connection), read_labels(connection)
    return {agenda: possible_fields(unit, agenda, catalogue, labels) for agenda in AGENDAS}


def read_labels(connection: Connection) -> dict[tuple[str, str], str]:
    """The label of each registered user field, by its table and its name as registered, in lower case."""
    if not read_rows(connection, REGISTRY):
        return {}
    found = read_rows(connection, LABELS)
    return {
        (str(table).upper(), str(name).strip().lower()): str(label or "").strip() for table, name, label in found
    }


def possible_fields(unit: PohodaUnit, agenda: str, catalogue: Catalogue, labels: Labels) -> list[FieldChoice]:
    """The agenda's fields that could hold a mark, as far as the unit's writer reaches; user fields come first.

    Suggested is what is set, else the user field that is called so; where there is none, one note for all marks.
    """
    settings = unit.agenda(agenda)
    noted = frozenset(mark for mark in MARKS if is_note(str(getattr(settings, f"{mark}_field"))))
    choices = _user_fields(agenda, settings, catalogue, labels)
    for mark in (mark for mark in MARKS if mark not in noted):
        chosen = _chosen(mark, str(getattr(settings, f"{mark}_field")), choices)
        choices = [replace(one, suggested_for=frozenset({mark})) if one is chosen else one for one in choices]
    if unit.writer != "mserver":
        return choices
    notes = _notes(agenda, settings, catalogue)
    if not noted and not any(choice.suggested_for for choice in choices):
        noted = frozenset(MARKS)
    wanted = settings.note or (notes[0].name if notes else "")
    return choices + [replace(n, suggested_for=noted) if n.name.lower() == wanted.lower() else n for n in notes]


def _user_fields(agenda: str, settings: Agenda, catalogue: Catalogue, labels: Labels) -> list[FieldChoice]:
    table = TABLE[agenda]
    choices: list[FieldChoice] = []
    for name in catalogue.user_fields(table, frozenset().union(*(_types(mark) for mark in MARKS))):
        spelled, kind = catalogue.column(table, name) or (name, "")
        fits = frozenset(mark for mark in MARKS if kind in _types(mark))
        if spelled.lower() not in _taken(settings):
            choices.append(FieldChoice(spelled, _label(labels, table, spelled), kind, fits))
    return choices


def _notes(agenda: str, settings: Agenda, catalogue: Catalogue) -> list[FieldChoice]:
    found = [(label, catalogue.column(TABLE[agenda], name)) for name, label in NOTE_LABELS.items()]
    return [
        FieldChoice(column[0], label, column[1], frozenset(MARKS))
        for label, column in found
        if column and column[1] in NOTE_KIND[1] and column[0].lower() not in _taken(settings)
    ]


def _taken(settings: Agenda) -> set[str]:
    """Columns that tell which payments belong to a document."""
    return {settings.reference_column.lower(), settings.variable_symbol_column.lower()}


def _types(mark: str) -> frozenset[str]:
    return KINDS[f"{mark}_field"][1]


def _label(labels: Labels, table: str, name: str) -> str:
    """The registry may tell the name with or without its prefix."""
    lower = name.lower()
    return labels.get((table, lower)) or labels.get((table, lower.removeprefix("vpr"))) or ""


def _chosen(mark: str, configured: str, choices: list[FieldChoice]) -> FieldChoice | None:
    free = [choice for choice in choices if mark in choice.fits and not choice.suggested_for]
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
