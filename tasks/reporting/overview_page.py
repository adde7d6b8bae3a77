"""
The report of a day or a month over all sources, for the accountant.

It leaves the client's machine, so it holds document numbers, symbols, amounts, days and reasons, and never a
payer's name, account or message. Text from outside is escaped, so that nothing in it can act as markup.
"""

from __future__ import annotations

from tasks.days import in_prague
from tasks.reporting import overview_money as sums
from tasks.reporting import overview_sections as sections
from tasks.reporting.overview import Overview
from tasks.reporting.picture import picture
from tasks.reporting.text import day, escaped

MONTHS = (
    "leden",
    "únor",
    "březen",
    "duben",
    "květen",
    "červen",
    "červenec",
    "srpen",
    "září",
    "říjen",
    "listopad",
    "prosinec",
)


def overview_summary(overview: Overview) -> str:
    """The period in one sentence, for the list of runs."""
    came = overview.came[overview.came["amount"] > 0].drop_duplicates(["source", "payment_id"])
    waiting = overview.waiting.drop_duplicates(["source", "payment_id"])
    missing = sum(len(days) for source in overview.sources for days in overview.gaps(source, overview.days))
    parts = [
        f"Přišlo plateb: {len(came)}",
        f"označeno dokladů: {len(overview.marked)}",
        f"čeká na rozhodnutí: {len(waiting)}",
    ]
    return ", ".join([*parts, f"chybějící dny: {missing}"] if missing else parts)


def overview_page(overview: Overview) -> str:
    """The whole report as Markdown."""
    parts = [
        title(overview),
        sections.alarms(overview),
        picture(overview),
        sums.money(overview),
        sections.waiting(overview),
        sections.surplus(overview),
        sections.marked(overview),
        sections.returned(overview),
        sums.late(overview),
        sections.faulty(overview),
        sections.drifted(overview),
        sections.completeness(overview),
        sections.failed(overview),
        sums.by_day(overview),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(overview: Overview) -> str:
    """What the report is about and as of when it holds."""
    first = overview.days.first
    if len(overview.days) == 1:
        what = f"Denní přehled {day(first)}"
    else:
        what = f"Měsíční přehled {MONTHS[first.month - 1]} {first.year}"
    here = in_prague(overview.now)
    still = "" if overview.is_over else " Období ještě neskončilo."
    return (
        f"# {what}, jednotka {escaped(overview.unit)}\n\nVšechny zdroje, platby podle dne zaúčtování, doklady a "
        f"rozhodnutí podle stavu {day(here.date())} {here:%H:%M}.{still}"
    )
