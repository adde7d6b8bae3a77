"""The sections of a day's or month's report that an accountant holds against statements, each as Markdown."""

from __future__ import annotations

from typing import cast

import pandas as pd

from tasks.reporting.overview import Overview
from tasks.reporting.statement import by_bucket, moved
from tasks.reporting.text import Row, day, escaped, rows_of, short, sum_of, table_of

MOVED_COLUMNS = ("Plateb", "Přišlo", "Odešlo", "Rozdíl")


def money(overview: Overview) -> str:
    """What came by source and currency, and what became of it: the buckets sum to the difference."""
    if overview.came.empty:
        return "## Co přišlo\n\nŽádné platby."
    came = moved(overview.came, ["source", "currency"])
    table = rows_of(
        came, ("Zdroj", *MOVED_COLUMNS), lambda row: (escaped(short(row["source"])), *_moved(row)), "lrrrr"
    )
    return f"## Co přišlo\n\n{table}\n\n### Kam peníze patří\n\n{_buckets(overview)}"


def _buckets(overview: Overview) -> str:
    columns = ("Zdroj", "Započteno", "Čeká", "Odjinud", "Mimo doklady", "Dohromady")

    def row(source: Row) -> tuple[str, ...]:
        sums = (source[name] for name in ("counted", "waiting", "elsewhere", "aside", "sum"))
        return escaped(short(source["source"])), *(sum_of(value, str(source["currency"])) for value in sums)

    table = rows_of(by_bucket(overview.came), columns, row, "lrrrrr")
    return (
        f"{table}\n\n„Dohromady“ se rovná rozdílu v tabulce nahoře. „Čeká“ na rozhodnutí člověka; „odjinud“ "
        "jsou peníze, které na doklad započetl jiný zdroj; „mimo doklady“ jsou poplatky, úroky, "
        "výplaty bran, odchozí platby a protiúčty vyřazené v nastavení."
    )


def _moved(row: Row) -> tuple[str, ...]:
    currency = str(row["currency"])
    return str(row["count"]), *(sum_of(row[name], currency) for name in ("in_sum", "out_sum", "sum"))


def late(overview: Overview) -> str:
    """Payments of earlier days that became known only now: those days' reports could not have them."""
    if overview.late.empty:
        return ""
    days = overview.late.groupby(["source", "currency"], as_index=False)["booked_on"].agg(["min", "max"])
    rows = moved(overview.late, ["source", "currency"]).merge(days, on=["source", "currency"])

    def row(source: Row) -> tuple[str, ...]:
        return escaped(short(source["source"])), day(source["min"]), day(source["max"]), *_moved(source)

    columns = ("Zdroj", "Nejstarší", "Nejnovější", *MOVED_COLUMNS)
    what = "Platby z dřívějších dnů, které program poprvé uviděl až nyní. V číslech nahoře nejsou."
    return f"## Zjištěno opožděně\n\n{what}\n\n" + rows_of(rows, columns, row, "lllrrrr")


def by_day(overview: Overview) -> str:
    """Of every source the sums of each day, to be held against its statement; only for more days than one."""
    if len(overview.days) == 1 or overview.came.empty:
        return ""
    sums = moved(overview.came, ["source", "currency", "booked_on"])
    parts = [
        f"### {escaped(source)}, {escaped(currency)}\n\n{_days_of(rows)}"
        for (source, currency), rows in sums.groupby(["source", "currency"])
    ]
    what = "Součty zaúčtovaných plateb po dnech, k porovnání s výpisem banky nebo brány."
    return f"## Ke srovnání s výpisy\n\n{what}\n\n" + "\n\n".join(parts)


def _days_of(rows: pd.DataFrame) -> str:
    total = {**rows.drop(columns=["source", "currency", "booked_on"]).sum(), "currency": rows["currency"].iloc[0]}
    listed = [(day(row["booked_on"]), *_moved(cast(Row, row))) for row in rows.to_dict("records")]
    summed = ("**Celkem**", *(f"**{cell}**" for cell in _moved(total)))
    return table_of(("Den", *MOVED_COLUMNS), [*listed, summed], "lrrrr")
