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
    return Finding(
        AREA, f"{label}: platnost", state, cause, note.text, "Postupujte podle toho, co zjištění říká."
    )
