"""The ledger for support: its state, counts and shapes, and which sources are complete up to when."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pandas as pd

from tasks.days import in_prague
from tasks.ledger import Ledger
from tasks.ledger.ledger import OWNER
from tasks.support import Part, Row, part
from tasks.support.settings import shortened

Passed = Callable[[str], str]


def records(ledger: Ledger, passed: Passed) -> list[Part]:
    """What the ledger tells of itself. `passed` says what of a text in it may leave the machine."""
    found = ledger.overview()
    known = _pseudonyms(passed)

    def state() -> list[Row]:
        condition = ledger.condition()
        return [
            ("Druh", "soubor" if ledger.folder else "PostgreSQL"),
            ("Celistvost", passed(condition.problem) or "v pořádku"),
            ("Velikost", f"{condition.bytes} B"),
            ("Verze tabulek", found.version),
            ("Naposledy zapsáno", moment(condition.last_recorded_at)),
            *((f"Řádků v {name}", str(count)) for name, count in found.counts.items()),
            *((f"Zámek od {moment(taken)}", f"do {moment(ends)}") for taken, ends in found.leases),
        ]

    def fresh() -> list[Row]:
        rows = ledger.freshness().to_dict("records")
        return [
            (known(str(row["source"])), _day(row["complete_until"]), moment(row["last_recorded_at"]))
            for row in rows
        ]

    def unreadable() -> list[Row]:
        return [(known(source), passed(cause), str(count)) for source, cause, count in found.faults]

    def written() -> list[Row]:
        return [
            (passed(writer), passed(outcome), passed(note) if note else "", str(count), moment(newest))
            for writer, outcome, note, count, newest in found.writes
        ]

    def settled() -> list[Row]:
        return [(passed(state), str(count), moment(newest)) for state, count, newest in found.settlements]

    def waiting() -> list[Row]:
        return [(passed(run), moment(made), f"{length} znaků") for run, made, length in found.plans]

    def abilities() -> list[Row]:
        return [
            (passed(name), passed(value), moment(when))
            for name, value, when in found.capabilities
            if name != OWNER
        ]

    def shapes() -> list[Row]:
        return [
            (known(str(one.pop("source"))), _day(one.pop("booked_on")), passed(one.pop("kind")), *_lengths(one))
            for one in found.samples
        ]

    lengths = ("VS", "SS", "KS", "Klíč", "Zpráva", "Protistrana", "Záznam")
    return [
        part("Evidence plateb", ("Co", "Stav"), state, passed),
        part("Do kdy jsou data úplná", ("Zdroj", "Úplná do", "Naposledy"), fresh, passed),
        part("Nečitelné záznamy", ("Zdroj", "Co je špatně", "Kolik"), unreadable, passed),
        part("Zápisy do Pohody", ("Způsob", "Výsledek", "Poznámka", "Kolik", "Poslední"), written, passed),
        part("Likvidace plateb v Pohodě", ("Stav", "Kolik", "Poslední"), settled, passed),
        part("Plány zkušebních běhů", ("Plán", "Vznikl", "Délka"), waiting, passed),
        part("Co bylo zjištěno o Pohodě a mServeru", ("Co", "Jak", "Kdy"), abilities, passed),
        part("Tvar posledních plateb (délky údajů)", ("Zdroj", "Den", "Druh", "Měna", *lengths), shapes, passed),
    ]


def _pseudonyms(passed: Passed) -> Callable[[str], str]:
    def known(source: str) -> str:
        provider, _, account = source.partition(":")
        return f"{passed(provider)}:{shortened(account)}" if account else passed(provider)

    return known


def _lengths(sample: dict[str, object]) -> tuple[str, ...]:
    currency = str(sample.pop("currency"))
    return (
        currency if re.fullmatch(r"[A-Z]{3}", currency) else "",
        *("" if v is None else str(v) for v in sample.values()),
    )


def moment(value: dt.datetime | None) -> str:
    """A moment in Prague to the second, empty when there is none."""
    return "" if value is None or pd.isna(value) else f"{in_prague(value):%Y-%m-%d %H:%M:%S}"


def _day(value: object) -> str:
    return "" if pd.isna(value) else str(value)[:10]  # pyright: ignore[reportCallIssue, reportArgumentType]
