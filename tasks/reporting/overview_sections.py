"""The sections of a day's or month's report, each as Markdown, empty where there is nothing to tell."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tasks.days import Days, in_prague
from tasks.matching.reasons import REASON_TEXTS, Reason
from tasks.money import czech
from tasks.reporting.overview import Overview
from tasks.reporting.sections import drift_table
from tasks.reporting.text import AGENDA_NAMES, Row, amount, capped, day, escaped, rows_of, short, table_of


def alarms(overview: Overview) -> str:
    """What must not be overlooked, before anything else."""
    missing = {source: overview.gaps(source, overview.days) for source in overview.sources}
    lines = [
        f"**Pozor:** zdroj {escaped(short(source))} nemá úplná data za {spoken(gaps)}; čísla za něj nejsou celá."
        for source, gaps in missing.items()
        if gaps
    ]
    if overview.failed_runs:
        lines.append(f"**Pozor:** nezdařené běhy: {len(overview.failed_runs)}, vypsány jsou dole.")
    return "\n\n".join(lines)


def spoken(gaps: list[Days]) -> str:
    """The days as read in Czech: "3. 11. 2026, 5. 11. 2026 – 7. 11. 2026"."""
    ends = [(day(days.first), day(days.last)) for days in gaps]
    return ", ".join(first if first == last else f"{first}\u00a0– {last}" for first, last in ends)


def marked(overview: Overview) -> str:
    """The documents marked in the period: how many of each kind, and for a single day each one of them."""
    rows = overview.marked
    if rows.empty:
        return "## Označené doklady\n\nŽádné."
    newly = rows["new_paid"] & ~rows["old_paid"].fillna(False).astype(bool)
    cleared = rows["new_count"] == 0
    partly = ~rows["new_paid"] & ~cleared
    kinds = [("nově uhrazené celé", newly), ("uhrazené částečně nebo čekající na ano", partly)]
    kinds += [("úhrada zrušena", cleared), ("ostatní změny", ~(newly | partly | cleared))]
    counts = [(name, str(int(chosen.sum()))) for name, chosen in kinds if chosen.any()]
    shown = rows if len(overview.days) == 1 else rows[partly | cleared]
    table = "" if shown.empty else "\n\n" + _documents(shown)
    return "## Označené doklady\n\n" + table_of(("", "Dokladů"), counts, "lr") + table


def _documents(shown: pd.DataFrame) -> str:
    def row(write: Row) -> tuple[str, ...]:
        currency = str(write["currency"])
        return (
            AGENDA_NAMES[str(write["agenda"])],
            escaped(write["number"]),
            amount(write["total"], currency),
            amount(write["old_amount"], currency),
            amount(write["new_amount"], currency),
            str(write["new_count"]),
            "ano" if write["new_paid"] else "ne",
        )

    columns = ("Doklad", "Číslo", "Celkem", "Dříve", "Uhrazeno", "Plateb", "Vše")
    return rows_of(shown, columns, row, "llrrrrl")


def waiting(overview: Overview) -> str:
    """What waits for a decision: reason by reason, newest first, with the day since when it is known."""
    if overview.waiting.empty:
        return "## Čeká na rozhodnutí\n\nNic."
    by_reason = overview.waiting.groupby("reason", sort=False)
    parts = [_waiting_because(Reason(str(reason)), rows) for reason, rows in by_reason]
    return "## Čeká na rozhodnutí\n\n" + "\n\n".join(parts)


def _waiting_because(reason: Reason, rows: pd.DataFrame) -> str:
    sums = [
        czech(int(total), str(currency)) for currency, total in rows.groupby("currency")["amount"].sum().items()
    ]

    def row(payment: Row) -> tuple[str, ...]:
        return (
            day(payment["booked_on"]),
            amount(payment["amount"], str(payment["currency"])),
            escaped(payment["variable_symbol"]),
            escaped(payment["payment_id"]),
            escaped(short(payment["source"])),
            _day_of(payment["first_seen_at"]),
        )

    columns = ("Den", "Částka", "Symbol", "Číslo platby", "Zdroj", "Známa od")
    told = f"Plateb {len(rows)}, {', '.join(sums)}, nejstarší {day(rows['booked_on'].min())}."
    heading = REASON_TEXTS[reason][0].upper() + REASON_TEXTS[reason][1:]
    return f"### {heading}\n\n{told}\n\n" + rows_of(rows, columns, row, "lrllll")


def _day_of(moment: Any) -> str:
    return "" if pd.isna(moment) else day(in_prague(pd.Timestamp(moment).to_pydatetime()).date())


def surplus(overview: Overview) -> str:
    """Documents paid twice or overpaid, whose yes waits for a person."""
    if overview.surplus.empty:
        return ""

    def row(document: Row) -> tuple[str, ...]:
        currency = str(document["currency"])
        return (
            AGENDA_NAMES[str(document["agenda"])],
            escaped(document["number"]),
            amount(document["total"], currency),
            amount(document["amount"], currency),
            amount(document["amount"] - document["total"], currency),
            str(document["count"]),
            day(document["booked_on"]),
        )

    columns = ("Doklad", "Číslo", "Celkem", "Přišlo", "Přebývá", "Plateb", "Poslední")
    what = "Peníze jsou započteny, „uhrazeno vše“ čeká na člověka."
    return f"## Zaplaceno vícekrát nebo přeplaceno\n\n{what}\n\n" + rows_of(
        overview.surplus, columns, row, "llrrrrl"
    )


def returned(overview: Overview) -> str:
    """Money that went back to customers in the period."""
    if overview.returned.empty:
        return ""
    numbers = overview.decided.documents.set_index(["agenda", "id"])["number"]

    def row(payment: Row) -> tuple[str, ...]:
        number = numbers.get((payment["agenda"], payment["document_id"]), "")
        return (
            day(payment["booked_on"]),
            amount(payment["amount"], str(payment["currency"])),
            escaped(short(payment["source"])),
            escaped(payment["payment_id"]),
            escaped(number),
            REASON_TEXTS[Reason(str(payment["reason"]))],
        )

    columns = ("Den", "Částka", "Zdroj", "Číslo platby", "Doklad", "Co s ní je")
    return "## Vrátilo se\n\n" + rows_of(overview.returned, columns, row, "lrllll")


def faulty(overview: Overview) -> str:
    """Records that nobody could read."""
    if overview.faults.empty:
        return ""

    def row(fault: Row) -> tuple[str, ...]:
        return escaped(short(fault["source"])), escaped(fault["record"]), escaped(fault["cause"], None)

    return "## Nečitelné záznamy\n\n" + rows_of(overview.faults, ("Zdroj", "Záznam", "Co je špatně"), row, "lll")


def drifted(overview: Overview) -> str:
    """Marks that a person changed in Pohoda, as they stand now."""
    return drift_table(overview.decided.drift, overview.drift_policy)


def completeness(overview: Overview) -> str:
    """Up to which day each source is complete, and what is missing in the period."""
    if overview.freshness.empty:
        return ""

    def row(source: Row) -> tuple[str, ...]:
        name = str(source["source"])
        if name not in overview.begins:
            until, missing = "ptá se na doklady", ""
        else:
            until = day(source["complete_until"]) or "zatím nikdy"
            missing = spoken(overview.gaps(name, overview.days)) or "nic"
        return escaped(name), until, missing, _moment(source["last_recorded_at"])

    columns = ("Zdroj", "Úplná do", "Chybí v období", "Naposledy čteno")
    return "## Do kdy jsou data úplná\n\n" + rows_of(overview.freshness, columns, row, "llll")


def _moment(moment: Any) -> str:
    if pd.isna(moment):
        return "nikdy"
    here = in_prague(pd.Timestamp(moment).to_pydatetime())
    return f"{day(here.date())} {here:%H:%M}"


def failed(overview: Overview) -> str:
    """The runs that did not end well, each with a link to its page in this same UI."""
    rows = [
        (
            f"[{escaped(run.name)}](/runs/flow-run/{run.id})",
            _moment(run.at),
            escaped(run.message, 300),
        )
        for run in overview.failed_runs
    ]
    return "## Nezdařené běhy\n\n" + capped(("Běh", "Kdy", "Proč"), rows, "lll") if rows else ""
