"""
The report of one run, for the accountant: numbers on top, then the marked documents, then what needs a look.

It leaves the client's machine, so it holds document numbers, symbols, amounts, days and reasons, and never a
payer's name, account or message. Text from outside is escaped, so that nothing in it can act as markup.
"""

from __future__ import annotations

import re

from tasks.reporting import sections
from tasks.reporting.report import Report


def key_of(*words: str) -> str:
    """The key of an artifact: the same for the same kind of page, so that the UI shows them as one history."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


def summary(report: Report) -> str:
    """The run in one sentence, for the list of runs."""
    done = "bylo by označeno" if report.plan else "označeno"
    parts = [
        f"Nové platby: {report.new}",
        f"{done} dokladů: {report.done}",
        f"k posouzení: {len(report.to_look_at)}",
    ]
    if report.faults:
        parts.append(f"nečitelné záznamy: {len(report.faults)}")
    if any(note.incomplete for note in report.notes):
        parts.append("nepřišlo vše, zbytek zkusí příští běh")
    return ", ".join(parts)


def markdown(report: Report) -> str:
    """The whole report as Markdown."""
    parts = [
        sections.title(report),
        sections.urgent(report),
        sections.numbers(report),
        sections.marked(report),
        sections.to_look_at(report),
        sections.doubtful(report),
        sections.drifted(report),
        sections.suggested(report),
        sections.faulty(report.faults),
        sections.remarks(report.notes),
        sections.buckets(report),
        sections.fresh(report.freshness),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
