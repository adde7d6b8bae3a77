"""
Marks that go to a note: what people wrote in it is read just before it is written anew, and looked at just after.

mServer takes a note only as a whole, so a document that somebody has open is left for the next run, and so is one
whose note could not come through unharmed. That what people wrote still stands is proved by reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blocks.pohoda import PohodaUnit, is_note
from tasks.errors import SettingError
from tasks.mserver.requests import Update
from tasks.pohoda.catalogue import TABLE
from tasks.pohoda.connection import Connection, connected
from tasks.pohoda.marking import edited
from tasks.pohoda.note_line import with_marks, without_marks
from tasks.pohoda.notes import LONGEST, longest_notes, read_notes
from tasks.tables import AGENDAS, MARKS
from tasks.writers import OPEN, Written

GONE = Written("left_out", note="Doklad už v Pohodě není.")
FULL = Written("refused", note="Do poznámky dokladu se řádek s úhradami nevejde; zkraťte ji.")
UNSENDABLE = Written("refused", note="Poznámka dokladu má znak, který XML nepřenese; přepište ji v Pohodě.")

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Key = tuple[str, int]


@dataclass(frozen=True)
class Note:
    """The note of one document on its way."""

    key: Key
    number: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    held: Written | None = None
    """Why it is not written, if it is not."""

    @property
    def people(self) -> str:
        """What people wrote in it."""
        return without_marks(self.before, self.number)


class Notes:
    """The notes of one accounting unit, for those agendas whose marks go to one."""

    def __init__(self, unit: PohodaUnit) -> None:
        self._unit = unit
        self._columns = {name: unit.agenda(name).note for name in AGENDAS if unit.agenda(name).active}

    def prepared(self, rows: Sequence[Mapping[Any, Any]]) -> dict[Key, Note]:
        """The notes of those rows of changes whose marks go to one, as they are to be written."""
        noted = [row for row in rows if self._columns.get(str(row["agenda"]))]
        if not noted:
            return {}
        with connected(self._unit.database) as connection:
            standing, being_edited = self._standing(connection, map(_key, noted)), edited(connection)
            longest = longest_notes(connection)
        return {_key(row): self._prepared(row, standing, being_edited, longest) for row in noted}

    def kept(self, notes: Sequence[Note]) -> bool:
        """Whether one of these notes was seen to be written anew with all that people wrote in it.

        Raises SettingError when something of it, in any of them, is not there any more byte for byte.
        """
        if not notes:
            return False
        with connected(self._unit.database) as connection:
            now = self._standing(connection, [note.key for note in notes])
        lost = [n.number for n in notes if n.key in now and without_marks(now[n.key], n.number) != n.people]
        if lost:
            raise SettingError(
                "A note is not as people wrote it after our line was put into it, so no more notes are written",
                evidence=f"documents {', '.join(lost)}",
                next_step="look at these notes in POHODA; unless somebody was editing them just then, name user "
                "fields (VPr…) for the marks, and tell support the release of POHODA",
            )
        return any(note.key in now and now[note.key] != note.before for note in notes)

    def _prepared(
        self,
        row: Mapping[Any, Any],
        standing: Mapping[Key, str],
        being_edited: set[Key],
        longest: Mapping[tuple[str, str], int],
    ) -> Note:
        agenda, row_id = key = _key(row)
        number, before = str(row["number"]), standing.get(key, "")
        settings = self._unit.agenda(agenda)
        noted = [mark for mark in MARKS if is_note(str(getattr(settings, f"{mark}_field")))]
        after = with_marks(before, number, {mark: int(row[f"new_{mark}"]) for mark in noted})
        most = longest.get((TABLE[agenda], self._columns[agenda].upper()), LONGEST)
        held = {
            GONE: key not in standing,
            OPEN: (TABLE[agenda], row_id) in being_edited,
            FULL: len(after) > most,
            UNSENDABLE: _NOT_IN_XML.search(after) is not None,
        }
        return Note(key, number, before, after, next((why for why, holds in held.items() if holds), None))

    def _standing(self, connection: Connection, keys: Iterable[Key]) -> dict[Key, str]:
        by_agenda: dict[str, list[int]] = {}
        for agenda, row_id in keys:
            by_agenda.setdefault(agenda, []).append(row_id)
        return {
            (agenda, row_id): text
            for agenda, ids in by_agenda.items()
            for row_id, text in read_notes(connection, agenda, self._columns[agenda], ids).items()
        }


def with_words(updates: Sequence[Update], notes: Mapping[Key, Note]) -> list[Note]:
    """The notes that these updates write anew and in which people wrote something."""
    found = [notes.get((update.agenda, update.document_id)) for update in updates]
    return [note for note in found if note and note.people]


def first_alone(updates: Sequence[Update], notes: Mapping[Key, Note]) -> list[list[Update]]:
    """The updates in two parts, the first one with nothing but the first note in which people wrote, if any."""
    first = {note.key for note in with_words(updates, notes)[:1]}
    alone = [update for update in updates if (update.agenda, update.document_id) in first]
    rest = [update for update in updates if (update.agenda, update.document_id) not in first]
    return [part for part in (alone, rest) if part]


def _key(row: Mapping[Any, Any]) -> Key:
    return str(row["agenda"]), int(row["document_id"])
