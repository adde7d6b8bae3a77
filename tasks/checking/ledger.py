"""The ledger: whether it is whole, how large it is, and how old its news are."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd

from tasks.advice import note_of_restored
from tasks.checking import Finding
from tasks.days import ONE_DAY, in_prague, periods, prague_day
from tasks.ledger import Ledger
from tasks.ledger.restoring import Restored
from tasks.reporting.text import day

AREA = "Evidence plateb"
QUIET_DAYS = 7
LITTLE_SPACE, TOO_LITTLE_SPACE = 5_000_000_000, 1_000_000_000
"""Bytes free on the ledger's disk: below the first people look, below the second somebody must act."""
LOOKED_BACK_DAYS = 30
"""A gap that is older is past mending, and is told by the run that found it."""
COPIES_DAYS = 2


def ledger_findings(ledger: Ledger, now: dt.datetime) -> list[Finding]:
    """How the ledger is at the moment `now`, which must know its zone."""
    found = ledger.condition()
    size = f"{found.bytes / 1024 / 1024:.1f} MB".replace(".", ",")
    told = f"{found.place}, {size}, plateb: {found.payments}, zdrojů: {found.sources}"
    if found.problem:
        return [
            Finding(
                AREA,
                "Celistvost",
                "wrong",
                "Evidence plateb je poškozená.",
                found.problem,
                "Spusťte běh některého poskytovatele: obnoví evidenci z její vlastní zálohy a platby stáhne "
                "znovu, nebo řekne, proč to nejde.",
            )
        ]
    return [
        Finding(AREA, "Celistvost", "ok", "Evidenci lze otevřít a je celá.", told),
        *_copies(found.copied_on, ledger.restored(), now),
        _news(found.last_recorded_at, now),
        *_space(Path(found.place)),
    ]


def last_complete(ledger: Ledger, source: str, today: dt.date) -> dt.date | None:
    """Until which day the source has no gap lately; where it is not told by days, when it was last looked at."""
    days = ledger.completed_days(source, today - LOOKED_BACK_DAYS * ONE_DAY, today)
    if days:
        return periods(days)[0].last
    freshness = ledger.freshness()
    for row in freshness[freshness["source"] == source].to_dict("records"):
        undated = pd.isna(row["complete_until"])
        return prague_day(row["last_recorded_at"]) if undated else row["complete_until"].date()
    return None


def _space(file: Path) -> list[Finding]:
    """How much the ledger's disk has left, where the ledger is a file."""
    if not file.is_file():
        return []
    free = shutil.disk_usage(file.parent).free
    told = f"volné místo: {free / 1e9:.1f} GB".replace(".", ",")
    if free >= LITTLE_SPACE:
        return [Finding(AREA, "Místo na disku", "ok", "Na disku s evidencí je dost místa.", told)]
    state = "wrong" if free < TOO_LITTLE_SPACE else "warning"
    step = "Uvolněte místo na disku; bez něj se platby přestanou zapisovat."
    return [
        Finding(AREA, "Místo na disku", state, "Na disku s evidencí dochází místo.", told, step, code="disk_full")
    ]


def _copies(copied_on: dt.date | None, restored: Restored | None, now: dt.datetime) -> list[Finding]:
    """How the ledger's own copies are; nothing of a ledger that is no file, whose server has its own."""
    found = [
        Finding(AREA, "Obnova", "warning", note.text, "", "Nechte zkontrolovat disk počítače a místo na něm.")
        for note in note_of_restored(restored, prague_day(now))
    ]
    if copied_on is None:
        return found
    if (prague_day(now) - copied_on).days <= COPIES_DAYS:
        return [
            *found,
            Finding(AREA, "Zálohy", "ok", "Evidence se denně zálohuje.", f"naposledy {day(copied_on)}"),
        ]
    told = f"poslední záloha je ze dne {day(copied_on)}"
    next_step = "Uvolněte místo na disku a ověřte, že worker smí zapisovat do složky vedle evidence."
    return [*found, Finding(AREA, "Zálohy", "warning", "Evidence se nezálohuje.", told, next_step)]


def _news(last: dt.datetime | None, now: dt.datetime) -> Finding:
    if last is None:
        return Finding(AREA, "Stáří", "ok", "Evidence je zatím prázdná; naplní ji první běh.")
    when = f"naposledy {in_prague(last):%d.%m.%Y %H:%M}"
    if now - last <= dt.timedelta(days=QUIET_DAYS):
        return Finding(AREA, "Stáří", "ok", "Platby se průběžně zapisují.", when)
    return Finding(
        AREA,
        "Stáří",
        "warning",
        f"Déle než {QUIET_DAYS} dní se do evidence nic nezapsalo.",
        when,
        "Ověřte v Prefectu, že worker běží a že běhy poskytovatelů nejsou pozastavené.",
    )
