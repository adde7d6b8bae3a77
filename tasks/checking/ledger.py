"""The ledger: whether it is whole, how large it is, and how old its news are."""

from __future__ import annotations

import datetime as dt

from tasks.checking import Finding
from tasks.days import in_prague
from tasks.ledger import Ledger

AREA = "Evidence plateb"
QUIET_DAYS = 7


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
                "Zastavte běhy a obnovte soubor evidence ze zálohy; platby se pak stáhnou znovu.",
            )
        ]
    return [
        Finding(AREA, "Celistvost", "ok", "Evidenci lze otevřít a je celá.", told),
        _news(found.last_recorded_at, now),
    ]


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
