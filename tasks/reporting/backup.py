"""The report of a backup: what was backed up, how large and how long, what failed, and what was deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.pohoda.backup import Made
from tasks.reporting.text import escaped, table_of

COLUMNS = ("Databáze", "Soubor na serveru", "Velikost", "Trvání", "Ověřeno")


def backup_key(unit: str) -> str:
    """The artifact's key: one per unit, so that the UI shows its backups as one history."""
    return re.sub(r"[^a-z0-9]+", "-", f"zaloha-{unit}".lower()).strip("-")


def backup_summary(made: Sequence[Made], failures: Sequence[str]) -> str:
    """The backup in one sentence."""
    done = f"Zálohováno databází: {len(made)}"
    return f"{done}, nezdařilo se: {len(failures)}" if failures else done


def backup_markdown(
    unit: str, made: Sequence[Made], failures: Sequence[str], deleted: Sequence[str] | None
) -> str:
    """The whole report as Markdown; `deleted` is None when nothing old could be looked at."""
    parts = [f"# Zálohy jednotky {escaped(unit)}", backup_summary(made, failures) + "."]
    if failures:
        parts.append("## Nezdařilo se\n\n" + "\n".join(f"* {escaped(text, None)}" for text in failures))
    if made:
        parts.append(table_of(COLUMNS, [_row(one) for one in made], "llrrl"))
    if deleted is None:
        parts.append(
            "Staré zálohy se nemažou: složka záloh není odtud vidět. Vyplňte v bloku pole „Tatáž složka odtud“, "
            "nebo je mažte na serveru."
        )
    elif deleted:
        parts.append("Smazané staré zálohy: " + ", ".join(escaped(name, None) for name in deleted) + ".")
    return "\n\n".join(parts) + "\n"


def _row(made: Made) -> tuple[str, ...]:
    size = "neznámá" if made.bytes is None else f"{made.bytes / 1024 / 1024:.1f} MB".replace(".", ",")
    verified = "ano" if made.verified else "ne"
    path = escaped(made.planned.path, None)
    return escaped(made.planned.database), path, size, f"{made.seconds:.0f} s", verified
