"""What the statements of one answer say, and on which days they cannot be the whole truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from blocks.fio import FioAccount
from tasks.days import Days
from tasks.errors import BadRecord
from tasks.money import czech
from tasks.provider import Fault, Note
from tasks.providers.fio.movements import Movement, as_json, booked_on, identity, movement
from tasks.providers.fio.statement import Statement


@dataclass
class Understood:
    """Movements of one answer with everything that is wrong with it."""

    movements: list[Movement] = field(default_factory=list[Movement])
    faults: list[Fault] = field(default_factory=list[Fault])
    notes: list[Note] = field(default_factory=list[Note])
    unreadable: set[dt.date] = field(default_factory=set[dt.date])
    """Days that may hold a movement that cannot be read."""
    missing: set[dt.date] = field(default_factory=set[dt.date])
    """Days among which a movement is missing, as the balances prove."""


def understand(statement: Statement, first: dt.date, account: FioAccount, found: Understood) -> None:
    """Add what the statement says. Movements booked before the day `first` are not missed when unreadable."""
    readable: list[Movement] = []
    for place, content in enumerate(statement.movements, 1):
        try:
            readable.append(movement(content, account.currency))
        except BadRecord as error:
            day = booked_on(content)
            if day is None or day >= first:
                found.faults.append(_fault(f"výpis {statement.days}, pohyb č. {place}", content, error))
                found.unreadable |= {day} if day else set(statement.days)
    found.movements += readable
    if len(readable) == len(statement.movements) and (notes := _balance_notes(statement, readable, account)):
        found.notes += notes
        found.missing |= set(statement.days)


def _fault(place: str, content: object, error: BadRecord) -> Fault:
    try:
        record = f"Fio, pohyb {identity(content)}"
    except BadRecord:
        record = f"Fio, {place}"
    return Fault(record, f"Pohyb nelze přečíst, vadné pole: {error.evidence}.", as_json(content))


def _balance_notes(statement: Statement, movements: list[Movement], account: FioAccount) -> list[Note]:
    """A note when the balances do not differ by just the movements, so that some can be missing (fio.md 1)."""
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None:
        return []
    expected = opening + sum(one.amount for one in movements)
    if expected == closing:
        return []
    text = (
        f"Fio {account.iban}, {czech_period(statement.days)}: počáteční zůstatek a pohyby dávají "
        f"{czech(expected, account.currency)}, konečný zůstatek je {czech(closing, account.currency)}. "
        "Porovnejte pohyby s výpisem v bankovnictví."
    )
    return [Note("balance_mismatch", text, urgent=True)]


def czech_day(day: dt.date) -> str:
    return f"{day.day}. {day.month}. {day.year}"


def czech_period(days: Days) -> str:
    if days.first == days.last:
        return czech_day(days.first)
    return f"{czech_day(days.first)} až {czech_day(days.last)}"
