"""What the picture of a period shows, and the same in words for those who cannot see it."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from tasks.days import ONE_DAY, prague_day
from tasks.reporting.drawing import Bars, DayState, Strip, as_image, drawn
from tasks.reporting.overview import Overview
from tasks.reporting.text import day, escaped, short


def picture(overview: Overview) -> str:
    """The picture as Markdown, empty when the ledger knows no source."""
    strips = [strip_of(overview, source) for source in overview.sources]
    if not strips:
        return ""
    return as_image(drawn(overview.shown, strips, bars_of(overview)), escaped(in_words(overview, strips), None))


def strip_of(overview: Overview, source: str) -> Strip:
    """The source day by day."""
    missing = {day for days in overview.gaps(source, overview.shown) for day in days}
    begin, yesterday = overview.begins.get(source), prague_day(overview.now) - ONE_DAY
    waits = overview.ends[(overview.ends["source"] == source) & (overview.ends["bucket"] == "waiting")]
    waiting = set(waits["booked_on"].dt.date)

    def state(day: dt.date) -> DayState:
        if day in missing:
            return "missing"
        return "complete" if begin is not None and begin <= day <= yesterday else "unknown"

    return Strip(
        short(source), [state(day) for day in overview.shown], [day in waiting for day in overview.shown]
    )


def bars_of(overview: Overview) -> list[Bars]:
    """The money that came day by day, for each currency in which any came."""
    shown = [pd.Timestamp(day) for day in overview.shown]
    came = overview.ends[overview.ends["booked_on"].isin(shown) & (overview.ends["amount"] > 0)]
    came = came[came["bucket"].isin(["counted", "waiting"])]
    found: list[Bars] = []
    for currency, rows in came.groupby("currency"):
        sums = rows.groupby(["bucket", "booked_on"])["amount"].sum()
        by_bucket = [[int(sums.get((bucket, day), 0)) for day in shown] for bucket in ("counted", "waiting")]
        found.append(Bars(str(currency), *by_bucket))
    return found


def in_words(overview: Overview, strips: list[Strip]) -> str:
    """What the picture tells, in a sentence for each source."""
    told = [f"Obrázek: dny {day(overview.shown.first)} – {day(overview.shown.last)}."]
    for strip in strips:
        counts = {state: strip.states.count(state) for state in ("complete", "missing")}
        told.append(
            f"{strip.name}: úplných dnů {counts['complete']}, chybějících {counts['missing']}, "
            f"dnů s čekající platbou {sum(strip.waiting)}."
        )
    return " ".join(told)
