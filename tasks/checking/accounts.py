"""An account of a provider: what of it ends soon, and whether its settings work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tasks.checking import Finding, looked
from tasks.provider import Note, Probed, Provider

AREA = "Účty"


def account_findings(label: str, provider: Callable[[], Provider], today: dt.date) -> list[Finding]:
    """What can be told of the account without reading payments. `label` is "provider/block name"."""
    return looked(AREA, label, lambda: _of(label, provider(), today))


def _of(label: str, provider: Provider, today: dt.date) -> list[Finding]:
    found = looked(
        AREA, f"{label}: platnost", lambda: [_ending(label, note) for note in provider.expiries(today)]
    )
    if isinstance(provider, Probed):
        return found + looked(AREA, label, lambda: [_working(label, provider)])
    cause = "Nastavení tohoto poskytovatele nejde ověřit bez čtení plateb."
    return [*found, Finding(AREA, label, "ok", cause, provider.source)]


def _working(label: str, provider: Probed) -> Finding:
    told = " ".join(note.text for note in provider.probe())
    return Finding(AREA, label, "ok", "Druhá strana odpověděla a přístup přijala.", told)


def _ending(label: str, note: Note) -> Finding:
    state = "wrong" if note.urgent else "warning"
    cause = "Platnost končí nebo už skončila." if note.urgent else "Platnost brzy skončí."
    step = "Postupujte podle toho, co zjištění říká."
    return Finding(AREA, f"{label}: platnost", state, cause, note.text, step, code="expires")


def news_of_account(label: str, last: dt.date | None, late_after: int, today: dt.date) -> Finding:
    """Whether the account's data are complete until not long ago; `last` is the last complete day, if any."""
    name = f"{label}: úplnost dat"
    if last is None:
        return Finding(AREA, name, "ok", "Z účtu se zatím nic nestáhlo; naplní ho první běh.")
    until = f"úplná do {last:%d.%m.%Y}"
    if (today - last).days <= late_after:
        return Finding(AREA, name, "ok", "Data z účtu jsou úplná.", until)
    return Finding(
        AREA,
        name,
        "wrong",
        f"Data z účtu nejsou úplná déle než {late_after} dní, {until}.",
        until,
        "Otevřete v Prefectu poslední běhy tohoto účtu; nejsou-li žádné, spusťte worker nebo rozvrh.",
        code="source_late",
    )
