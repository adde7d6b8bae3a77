"""The mServer: whether it answers, for which unit and year, and what its release takes; and the chosen writer."""

from __future__ import annotations

from blocks.pohoda import PohodaUnit
from tasks.checking import Finding, State, looked
from tasks.mserver.capability import Capabilities, UpdateCapability, Verdict
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import Form
from tasks.mserver.unit import database_name, says_same
from tasks.writers.choice import writer_for
from tasks.writers.settlement import NOTHING_DUE

AREA = "mServer"
FORMS: dict[Form, str] = {"ord": "Úprava objednávek", "inv": "Úprava faktur a zálohových faktur"}
_SAYS: dict[Verdict, tuple[State, str, str]] = {
    "accepts": ("ok", "Tato verze Pohody úpravu přijímá.", ""),
    "refuses": (
        "warning",
        "Tato verze Pohody úpravu odmítá.",
        "Zeptejte se Stormwaru na verzi, která ji umí, nebo v bloku zvolte jiný způsob zápisu.",
    ),
    "unsafe": (
        "wrong",
        "Tato verze Pohody s úpravou udělá něco jiného; nic se jí neposílá.",
        "Prohlédněte v Pohodě poslední doklady a v bloku zvolte jiný způsob zápisu.",
    ),
    "unclear": (
        "warning",
        "Nelze poznat, zda tato verze Pohody úpravu přijímá.",
        "Ověřte práva uživatele mServeru v Pohodě.",
    ),
}


def mserver_findings(unit: PohodaUnit, memory: Capabilities) -> list[Finding]:
    """How the unit's mServer is, by its state and one harmless probe, and whether marks could be written now."""
    client = MServerClient(unit.mserver, unit.ico)
    found = looked(AREA, "Stav", lambda: _state(client, unit))
    if all(finding.state != "wrong" for finding in found):
        found += looked(AREA, "Úprava dokladů", lambda: _updates(UpdateCapability(client, memory)))
    return found + looked("Zápis", f"Způsob zápisu {unit.writer}", lambda: _writing(unit, memory))


def _state(client: MServerClient, unit: PohodaUnit) -> list[Finding]:
    told = client.company()
    year = f"rok {told.year}" if told.year else "rok neuvádí"
    database = told.database or "databázi neuvádí"
    says_same(told, database_name(unit.database))
    cause = f"mServer {told.name or 'bez jména'} běží a přihlášení přijal."
    work = "nic nezpracovává" if told.idle else f"právě zpracovává požadavků: {told.processing}"
    return [Finding(AREA, "Stav", "ok", cause, f"{told.company}, {database}, {year}; {work}")]


def _updates(capability: UpdateCapability) -> list[Finding]:
    capability.find_out()
    release = f"verze {capability.release or 'neznámá'}"
    found: list[Finding] = []
    for form, name in FORMS.items():
        state, cause, next_step = _SAYS[capability.verdict(form)]
        said = capability.complaint(form) if state != "ok" else ""
        found.append(Finding(AREA, name, state, cause, f"{release}; {said}" if said else release, next_step))
    return found


def _writing(unit: PohodaUnit, memory: Capabilities) -> list[Finding]:
    writer_for(unit, memory, NOTHING_DUE).ready()
    return [Finding("Zápis", f"Způsob zápisu {unit.writer}", "ok", "Úhrady lze zapisovat.")]
