"""What stands open and should be known to somebody, as a run or a check found it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from tasks.checking import Finding
from tasks.matching.reasons import REASON_TEXTS, Reason, State
from tasks.notices.matter import Matter
from tasks.provider import Note
from tasks.reporting.report import Report
from tasks.reporting.text import AGENDA_NAMES

WEEK = 7
DAYS_BEFORE_END = (0, 1, 7, 14, 30)
"""How many days before the end of a token, consent or certificate people are told; once more when it is over."""
OVER = -1


def of_source(report: Report) -> list[Matter]:
    """What stands open with the source that the run was about."""
    return [*_waiting(report), *_unreadable(report), *_noted(report.notes, report.today)]


def of_unit(report: Report) -> list[Matter]:
    """What stands open on the unit's documents, whatever source the run was about."""
    return [*_paid_twice(report), *_changed(report), *_refused(report)]


def of_check(findings: Iterable[Finding]) -> list[Matter]:
    """What a check found wrong. What ends is left to the runs, which tell of it on fewer days."""
    return [
        Matter(
            finding.code or "check_wrong",
            f"{finding.area}: {finding.name}",
            f"{finding.area}, {finding.name}: {finding.cause}",
            WEEK,
        )
        for finding in findings
        if finding.state == "wrong" and finding.code != "expires"
    ]


def _waiting(report: Report) -> list[Matter]:
    rows = report.to_look_at
    reasons = [REASON_TEXTS[Reason(str(reason))] for reason in rows["reason"]]
    return [
        Matter("payment_waits", f"waits: {payment}", reason)
        for payment, reason in zip(rows["payment_id"], reasons, strict=True)
    ]


def _unreadable(report: Report) -> list[Matter]:
    return [
        Matter("unreadable", f"unreadable: {fault.record}: {fault.cause}", f"{fault.record}: {fault.cause}")
        for fault in report.faults
    ]


def _noted(notes: Sequence[Note], today: dt.date) -> list[Matter]:
    found: list[Matter] = []
    for note in notes:
        if note.ends_on is not None:
            stage = _stage(note.ends_on, today)
            if stage is not None:
                found.append(Matter("expires", f"ends: {note.ends_on} {stage}", note.text))
        elif note.urgent:
            found.append(Matter("attention", f"{note.code}: {note.text}", note.text))
    return found


def _stage(end: dt.date, today: dt.date) -> int | None:
    left = (end - today).days
    return OVER if left < 0 else next((days for days in DAYS_BEFORE_END if left <= days), None)


def _paid_twice(report: Report) -> list[Matter]:
    rows = report.decided.wanted[report.decided.wanted["state"] == State.PAID_TWICE.value]
    return [
        Matter("paid_twice", f"twice: {agenda} {number} {amount}", _document(agenda, number))
        for agenda, number, amount in zip(rows["agenda"], rows["number"], rows["amount"], strict=True)
    ]


def _changed(report: Report) -> list[Matter]:
    remind = WEEK if report.drift_policy == "ask" else None
    columns = ["agenda", "number", "standing_amount", "standing_count", "standing_paid"]
    rows = report.decided.drift[columns].itertuples(index=False)
    return [
        Matter("mark_changed", f"changed: {agenda} {number} {standing}", _document(agenda, number), remind)
        for agenda, number, *standing in rows
    ]


def _refused(report: Report) -> list[Matter]:
    if report.written is None:
        return []
    rows = report.written[report.written["outcome"] == "refused"]
    return [
        Matter("writing_refused", f"refused: {agenda} {number}", _document(agenda, number), WEEK)
        for agenda, number in zip(rows["agenda"], rows["number"], strict=True)
    ]


def _document(agenda: str, number: str) -> str:
    return f"{AGENDA_NAMES[agenda]} {number}"
