"""How a report writes things down: tables, amounts, days, and text from outside that must not act as markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd

from tasks.money import czech
from tasks.outside import one_line

MOST_ROWS = 200
"""Rows shown per table; the rest is counted. The Prefect UI takes seconds over more."""
LONGEST_TEXT = 60
ACCOUNT_END = 6
"""So many last characters tell one account of a firm from another."""
AGENDA_NAMES = {
    "issued_invoice": "Vydaná faktura",
    "advance_invoice": "Zálohová faktura",
    "received_order": "Přijatá objednávka",
}

Row = dict[str, Any]

_LINK = re.compile(r"://|www\.|@", re.IGNORECASE)
"""What a viewer would turn into a link by itself; a word joiner inside stops it."""

_FORMULA = re.compile(r"^(?=\\?[=+@-])")
"""Before what a spreadsheet would take for the beginning of a formula; the same word joiner makes it text."""


def escaped(text: Any, longest: int | None = LONGEST_TEXT) -> str:
    """Text from outside as plain text in Markdown: nothing in it can be markup, a link or a new line, nor a
    formula where somebody copies the table into a spreadsheet.

    Missing text is empty; text longer than `longest` is cut, None leaves it whole.
    """
    if pd.isna(text):
        return ""
    plain = one_line(str(text))
    if longest is not None and len(plain) > longest:
        plain = plain[: longest - 1] + "…"
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", plain)
    plain = _FORMULA.sub("\u2060", plain)
    return _LINK.sub(lambda found: found[0][0] + "\u2060" + found[0][1:], plain)


def named(document: Row) -> tuple[str, str]:
    """The cells that say which document a row is about, by its agenda and number."""
    return AGENDA_NAMES[str(document["agenda"])], escaped(document["number"])


def amount(value: Any, currency: str) -> str:
    """An amount as an accountant writes it, nothing when missing."""
    return "" if pd.isna(value) else czech(int(value), currency)


def sum_of(value: Any, currency: str) -> str:
    """A sum in a table of sums, where nothing is a dash, so that the eye finds the others."""
    return "–" if value == 0 else amount(value, currency)


def short(source: Any) -> str:
    """A source by its provider and the end of its account, as "fio …555000"; not escaped."""
    provider, _, account = str(source).partition(":")
    return f"{provider} …{account[-ACCOUNT_END:]}" if len(account) > ACCOUNT_END + 4 else f"{provider} {account}"


def day(value: Any) -> str:
    """A day as written in Czech, nothing when missing."""
    if pd.isna(value):
        return ""
    date = pd.Timestamp(value)
    return f"{date.day}.\u00a0{date.month}.\u00a0{date.year}"


def rows_of(
    frame: pd.DataFrame, columns: Sequence[str], row: Callable[[Row], tuple[str, ...]], align: str
) -> str:
    """The first rows of the frame as a table, and how many more there are. `align` is l or r per column."""
    shown = frame.head(MOST_ROWS).to_dict("records")
    return table_of(columns, [row({str(k): v for k, v in r.items()}) for r in shown], align) + _more(len(frame))


def capped(columns: Sequence[str], rows: Sequence[tuple[str, ...]], align: str) -> str:
    """The first of the rows as a table, and how many more there are."""
    return table_of(columns, rows[:MOST_ROWS], align) + _more(len(rows))


def _more(count: int) -> str:
    return f"\n\nA dalších {count - MOST_ROWS}." if count > MOST_ROWS else ""


def table_of(columns: Sequence[str], rows: Iterable[tuple[str, ...]], align: str) -> str:
    """A Markdown table of cells that are already escaped."""
    rule = "|".join("---:" if side == "r" else ":---" for side in align)
    lines = [f"| {' | '.join(columns)} |", f"|{rule}|"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines)
