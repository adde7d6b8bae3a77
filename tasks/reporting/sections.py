"""The sections of a run's report, each as Markdown, empty where there is nothing to tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.matching.reasons import REASON_TEXTS, STATE_TEXTS, Reason, State
from tasks.provider import Fault, Note
from tasks.reporting.report import Report
from tasks.reporting.text import AGENDA_NAMES, Row, amount, capped, day, escaped, named, rows_of, table_of

OUTCOMES = {
    "written": "zapsáno",
    "refused": "odmítnuto",
    "unknown": "nejisté, ověří příští běh",
    "left_out": "vynecháno, doklad se mění nebo je zamčený",
}


DOUBTFUL = (State.OVERPAID, State.PAID_TWICE, State.UNDERPAID, State.AFTER_REFUND)
"""States of documents that an accountant should know of."""
DRIFT_TEXTS = {
    "ask": "Tyto úhrady někdo v Pohodě přepsal. Program je nemění, dokud nerozhodnete: buď hodnoty v Pohodě "
    "vraťte, nebo v nastavení jednotky zvolte obnovení.",
    "restore": "Tyto úhrady někdo v Pohodě přepsal. Program je podle nastavení zapsal znovu podle plateb.",
    "settlement": "Likvidaci těchto dokladů někdo v Pohodě zrušil nebo zmenšil. Žádná platba se na týž doklad "
    "podruhé nelikviduje; zbytek zlikvidujte ručně.",
    "respect": "Tyto úhrady někdo v Pohodě přepsal. Program je podle nastavení nechává.",
}


def title(report: Report) -> str:
    days = f"dny {report.asked}" if report.asked else f"den {day(report.today)}"
    trial = (
        f"\n\n**Zkušební běh: do Pohody se nic nezapsalo.** Plán k použití: `{report.plan}`"
        if report.plan
        else ""
    )
    account = f"\n\nÚčet: {escaped(report.source)}" if report.source else ""
    return f"# Úhrady {escaped(report.provider)}, {days}{account}{trial}"


def urgent(report: Report) -> str:
    lines = [f"**Pozor:** {escaped(note.text, None)}" for note in report.notes if note.urgent]
    if report.failure:
        lines.insert(0, f"**Zápis se nepodařil:** {escaped(report.failure, None)}")
    return "\n\n".join(lines)


def numbers(report: Report) -> str:
    newly = report.decided.changes["new_paid"] & ~report.decided.changes["old_paid"].fillna(False).astype(bool)
    rows = [
        ("Nové platby", report.new),
        ("Změněné platby", report.changed),
        ("Doklady ke změně" if report.plan else "Označené doklady", report.done),
        ("z toho nově uhrazené celé", int(newly.sum())),
        ("Platby k posouzení", len(report.to_look_at)),
        ("Nečitelné záznamy", len(report.faults)),
    ]
    return table_of(("", "Počet"), [(name, str(count)) for name, count in rows], "lr")


def marked(report: Report) -> str:
    shown = report.decided.changes if report.written is None else report.written
    heading = "Co by se změnilo" if report.plan else "Označené doklady"
    if shown.empty:
        return f"## {heading}\n\nNic se nemění."
    columns = ("Doklad", "Číslo", "Celkem", "Dříve", "Uhrazeno", "Plateb", "Vše", "Zápis")

    def row(change: Row) -> tuple[str, ...]:
        currency = str(change["currency"])
        return (
            *named(change),
            amount(change["total"], currency),
            amount(change["old_amount"], currency),
            amount(change["new_amount"], currency),
            str(change["new_count"]),
            "ano" if change["new_paid"] else "ne",
            OUTCOMES.get(str(change.get("outcome")), "zkušebně" if report.plan else "nezapsáno"),
        )

    return f"## {heading}\n\n" + rows_of(shown, columns, row, "llrrrrll") + _why_not(report.written)


def _why_not(written: pd.DataFrame | None) -> str:
    """Document by document why it was not written, as far as there is a word for it."""
    if written is None:
        return ""
    told = written[(written["outcome"] != "written") & (written["note"].fillna("") != "")]
    if told.empty:
        return ""

    def row(change: Row) -> tuple[str, ...]:
        return *named(change), escaped(change["note"], None)

    return "\n\n**Proč se nezapsalo:**\n\n" + rows_of(told, ("Doklad", "Číslo", "Důvod"), row, "lll")


def to_look_at(report: Report) -> str:
    rows = report.to_look_at
    if rows.empty:
        return "## Platby k posouzení\n\nŽádné."

    def row(payment: Row) -> tuple[str, ...]:
        return (
            day(payment["booked_on"]),
            amount(payment["amount"], str(payment["currency"])),
            escaped(payment["variable_symbol"]),
            escaped(payment["payment_id"]),
            REASON_TEXTS[Reason(str(payment["reason"]))],
        )

    columns = ("Den", "Částka", "Variabilní symbol", "Číslo platby", "Proč")
    newest = rows.sort_values(["booked_on", "payment_id"], ascending=[False, True])
    return "## Platby k posouzení\n\n" + rows_of(newest, columns, row, "lrlll")


def doubtful(report: Report) -> str:
    """Documents whose money is counted but whose yes waits for a person, and those only partly paid."""
    rows = report.decided.wanted[report.decided.wanted["state"].isin([state.value for state in DOUBTFUL])]
    if rows.empty:
        return ""

    def row(document: Row) -> tuple[str, ...]:
        currency = str(document["currency"])
        return (
            *named(document),
            amount(document["total"], currency),
            amount(document["amount"], currency),
            str(document["count"]),
            STATE_TEXTS[State(str(document["state"]))],
        )

    columns = ("Doklad", "Číslo", "Celkem", "Uhrazeno", "Plateb", "Stav")
    by_state = rows.sort_values(["state", "agenda", "number"])
    return "## Doklady k posouzení\n\n" + rows_of(by_state, columns, row, "llrrrl")


def drifted(report: Report) -> str:
    return drift_table(report.decided.drift, report.drift_policy)


def drift_table(drift: pd.DataFrame, policy: str) -> str:
    """Marks that a person changed (`tasks.drift.DRIFTED`), and what the unit's policy does about them."""
    if drift.empty:
        return ""

    def row(document: Row) -> tuple[str, ...]:
        currency = str(document["currency"])
        return (
            *named(document),
            amount(document["written_amount"], currency),
            amount(document["standing_amount"], currency),
            _or_empty(document["written_count"]),
            _or_empty(document["standing_count"]),
        )

    columns = (
        "Doklad",
        "Číslo",
        "Částka od programu",
        "Částka v Pohodě",
        "Plateb od programu",
        "Plateb v Pohodě",
    )
    return f"## Ručně změněné úhrady\n\n{DRIFT_TEXTS[policy]}\n\n" + rows_of(drift, columns, row, "llrrrr")


def _or_empty(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def suggested(report: Report) -> str:
    mine = report.decided.suggestions[report.decided.suggestions["source"] == report.source]
    if mine.empty:
        return ""
    numbers = report.decided.documents.set_index(["agenda", "id"])["number"]

    def row(suggestion: Row) -> tuple[str, ...]:
        number = numbers.get((suggestion["agenda"], suggestion["document_id"]), "")
        return (
            escaped(suggestion["payment_id"]),
            AGENDA_NAMES[str(suggestion["agenda"])],
            escaped(number),
            escaped(suggestion["why"], None),
        )

    columns = ("Číslo platby", "Doklad", "Číslo", "Proč")
    intro = "Možné, ale ne jisté. Nic z toho se nezapisuje; rozhodněte a opravte symbol na dokladu."
    return f"## Návrhy\n\n{intro}\n\n" + rows_of(mine, columns, row, "llll")


def faulty(faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    rows = [(escaped(fault.record), escaped(fault.cause, None)) for fault in faults]
    return "## Nečitelné záznamy\n\n" + capped(("Záznam", "Co je špatně"), rows, "ll")


def remarks(notes: Sequence[Note]) -> str:
    lines = [f"* {escaped(note.text, None)}" for note in notes if not note.urgent]
    return "## Poznámky\n\n" + "\n".join(lines) if lines else ""


def buckets(report: Report) -> str:
    """Where every hundredth of the source's payments went: the sums of all rows are the sum of all payments."""
    told = report.parts
    if told.empty:
        return ""
    sums = told.groupby(["currency", "reason"], sort=True)["amount"].agg(["count", "sum"]).reset_index()

    def row(bucket: Row) -> tuple[str, ...]:
        total = amount(bucket["sum"], str(bucket["currency"]))
        return REASON_TEXTS[Reason(str(bucket["reason"]))], str(bucket["count"]), total

    return "## Kam patří peníze\n\n" + rows_of(sums, ("Stav", "Plateb", "Součet"), row, "lrr")


def fresh(freshness: pd.DataFrame) -> str:
    if freshness.empty:
        return ""

    def row(source: Row) -> tuple[str, ...]:
        return escaped(source["source"]), day(source["complete_until"]) or "zatím nikdy"

    return "## Do kdy jsou data úplná\n\n" + rows_of(freshness, ("Zdroj", "Úplná do"), row, "ll")
