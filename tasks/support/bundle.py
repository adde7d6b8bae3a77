"""The support bundle as a page for the UI and as a file for support."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tasks.errors import SettingError
from tasks.reporting import key_of
from tasks.reporting.text import escaped, table_of
from tasks.support import Part

MOST_SHOWN = 40
"""Rows of one table on the page; the file has them all."""
LONGEST_CELL = 300
LARGEST_PAGE = 100_000
"""Characters of the page, beyond which the UI gets slow."""
INTRO = (
    "Pro technickou podporu. Nejsou tu hesla, klíče, jména, účty ani zprávy plátců; co program nepozná jako "
    "vlastní slovo, nahradil znakem ▒."
)


def bundle_key(unit: str) -> str:
    """The artifact's key: one per unit, so that the UI shows its bundles as one history."""
    return key_of("podpora", unit)


def bundle_markdown(unit: str, when: str, parts: Sequence[Part]) -> str:
    """The page: every part with its first rows, bounded as a whole."""
    pages = [f"# Podklady pro podporu, jednotka {escaped(unit)}, {when}", INTRO]
    room = LARGEST_PAGE
    for part in parts:
        page = _section(part)
        room -= len(page)
        pages.append(page if room > 0 else f"## {part.title}\n\nTato část je jen v souboru.")
    return "\n\n".join(pages) + "\n"


def _section(part: Part) -> str:
    if not part.rows:
        return f"## {part.title}\n\nNic."
    rows = [tuple(escaped(cell, LONGEST_CELL) for cell in row) for row in part.rows[:MOST_SHOWN]]
    more = f"\n\nA dalších {len(part.rows) - MOST_SHOWN} v souboru." if len(part.rows) > MOST_SHOWN else ""
    return f"## {part.title}\n\n{table_of(part.columns, rows, 'l' * len(part.columns))}{more}"


def bundle_file(folder: Path, unit: str, page: str, parts: Sequence[Part]) -> Path:
    """Save the page and the whole of every part as one zip file, in place of the unit's earlier one.

    Only the user whom the worker runs as may read it. Raises SettingError when the folder cannot be written to.
    """
    target = folder / f"{bundle_key(unit)}.zip"
    fresh = target.with_suffix(".tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("podpora.md", page)
            told = json.dumps([asdict(part) for part in parts], ensure_ascii=False, indent=1)
            archive.writestr("podpora.json", told)
        os.replace(fresh, target)
    except OSError as error:
        raise SettingError(
            "The support bundle cannot be saved",
            evidence=type(error).__name__,
            next_step="check that the folder of the ledger is there and that the worker may write to it",
        ) from None
    return target
