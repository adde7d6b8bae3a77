"""The report of a check, for the technician: first what is wrong, then what is doubtful, then the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.checking import Finding
from tasks.reporting.text import escaped, table_of

COLUMNS = ("Co", "Zjištění", "Důkaz", "Další krok")
TITLES = (("wrong", "Špatně"), ("warning", "K posouzení"), ("ok", "V pořádku"))
LONGEST = 600


def check_key(unit: str) -> str:
    """The artifact's key: one per unit, so that the UI shows its checks as one history."""
    return re.sub(r"[^a-z0-9]+", "-", f"kontrola-{unit}".lower()).strip("-")


def check_summary(findings: Sequence[Finding]) -> str:
    """The check in one sentence."""
    counts = {state: sum(finding.state == state for finding in findings) for state, _ in TITLES}
    return f"Špatně: {counts['wrong']}, k posouzení: {counts['warning']}, v pořádku: {counts['ok']}"


def check_markdown(unit: str, findings: Sequence[Finding]) -> str:
    """The whole report as Markdown. Evidence quoted from elsewhere is escaped, so that none of it is markup."""
    parts = [f"# Kontrola jednotky {escaped(unit)}", check_summary(findings) + "."]
    for state, title in TITLES:
        chosen = [finding for finding in findings if finding.state == state]
        if chosen:
            rows = [_row(finding) for finding in chosen]
            parts.append(f"## {title}\n\n{table_of(COLUMNS, rows, 'llll')}")
    return "\n\n".join(parts) + "\n"


def _row(finding: Finding) -> tuple[str, ...]:
    cells = (f"{finding.area}: {finding.name}", finding.cause, finding.evidence, finding.next_step)
    return tuple(escaped(cell, LONGEST) for cell in cells)
