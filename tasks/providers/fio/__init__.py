"""Payments to an account at Fio banka, from API Bankovnictví (fio.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import httpx

from blocks.fio import FioAccount
from tasks.days import ONE_DAY, Days, prague_day
from tasks.errors import BadRecord
from tasks.money import czech
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.fio.calls import Calls, LockedPeriod
from tasks.providers.fio.movements import (
    REVERSED_WITHIN,
    Movement,
    as_json,
    booked_before,
    identity,
    movement,
    payment,
    reversals,
)
from tasks.providers.fio.statement import Statement
from tasks.tables import INCOMING, table

__all__ = ["Fetched", "Fio", "Locked"]

FREE_DAYS = 90
"""How many days before today the bank gives without an unlock (fio.md 9)."""

LONGEST = FREE_DAYS + 1
"""Days asked for at once. Every call costs half a minute of waiting, so few and long ones."""


@dataclass(frozen=True)
class Fetched:
    """What the bank gave for the days. The statements begin earlier, to know what reversals take back."""

    days: Days
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Locked:
    """Days that the bank does not give without an unlock in internet banking."""

    days: Days


class Fio:
    """One account at Fio banka, asked for days."""

    reach = FREE_DAYS

    def __init__(self, account: FioAccount, memory: Memory) -> None:
        self._account = account
        self.source = f"fio:{account.iban}"
        self._calls = Calls(account, memory, self.source)

    @property
    def overlap(self) -> int:
        return self._account.overlap_days

    def expiries(self, today: dt.date) -> list[Note]:
        """A note from 30 days before the token's end on, urgent in the last week."""
        until = self._account.token_valid_until
        if until is None or (left := (until - today).days) > 30:
            return []
        when = f"skončí {_czech_day(until)} (zbývá dnů: {left})" if left >= 0 else f"skončila {_czech_day(until)}"
        text = (
            f"Platnost tokenu k účtu {self._account.iban} {when}. Přihlaste se do internetového bankovnictví "
            "Fio, tím se token s automatickým prodloužením prodlouží, a nové datum zapište do bloku."
        )
        return [Note("token_expires", text, urgent=left <= 7)]

    def probe(self) -> list[Note]:
        """Proves token, account and currency by today's movements, which cost one turn like any call."""
        today = prague_day(dt.datetime.now(dt.UTC))
        with self._calls.connection() as connection:
            self._calls.statements(connection, Days(today, today))
        return [Note("reachable", f"Fio přijalo token k účtu {self._account.iban}.")]

    def split(self, days: Days) -> list[Days]:
        return days.split(LONGEST)

    def extract(self, days: Days) -> list[Fetched | Locked]:
        """What the bank gives for the days: all of it, or what lies behind the lock named as locked."""
        with self._calls.connection() as connection:
            try:
                return [self._fetched(connection, days, days.first - REVERSED_WITHIN)]
            except LockedPeriod as locked:
                free = locked.free_since or prague_day(dt.datetime.now(dt.UTC)) - FREE_DAYS * ONE_DAY
            if free > days.last:
                return [Locked(days)]
            open_days = Days(max(free, days.first), days.last)
            try:
                fetched = self._fetched(connection, open_days, free)
            except LockedPeriod:
                return [Locked(days)]
        if open_days == days:
            return [fetched]
        return [Locked(Days(days.first, free - ONE_DAY)), fetched]

    def _fetched(self, connection: httpx.Client, days: Days, since: dt.date) -> Fetched:
        return Fetched(days, tuple(self._calls.statements(connection, Days(since, days.last))))

    def normalize(self, raw: Fetched | Locked) -> Delivery:
        """The payments of one answer, and what is wrong with it."""
        if isinstance(raw, Locked):
            return Delivery(notes=(_locked_note(raw.days),))
        movements, faults, notes = self._understood(raw)
        taken_back = reversals(movements)
        rows = [payment(m, self.source, taken_back.get(m.id)) for m in movements if m.booked_on >= raw.days.first]
        return Delivery(
            payments=table(INCOMING, rows),
            covered=tuple(raw.days),
            faults=tuple(faults),
            notes=tuple(notes),
            cursors=(("token", self._calls.token_name),),
        )

    def _understood(self, raw: Fetched) -> tuple[list[Movement], list[Fault], list[Note]]:
        movements: list[Movement] = []
        faults: list[Fault] = []
        notes: list[Note] = []
        for statement in raw.statements:
            readable, unreadable = _sorted_out(statement, self._account.currency, raw.days.first)
            movements += readable
            faults += unreadable
            if len(readable) == len(statement.movements):
                notes += _balance_notes(statement, readable, self._account)
        return movements, faults, notes


def _sorted_out(statement: Statement, currency: str, first: dt.date) -> tuple[list[Movement], list[Fault]]:
    """The readable movements, and a fault for each other one from the day `first` on."""
    readable: list[Movement] = []
    faults: list[Fault] = []
    for place, content in enumerate(statement.movements, 1):
        try:
            readable.append(movement(content, currency))
        except BadRecord as error:
            if not booked_before(content, first):
                faults.append(_fault(f"výpis {statement.days}, pohyb č. {place}", content, error))
    return readable, faults


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
        f"Fio {account.iban}, {_czech_period(statement.days)}: počáteční zůstatek a pohyby dávají "
        f"{czech(expected, account.currency)}, konečný zůstatek je {czech(closing, account.currency)}. "
        "Porovnejte pohyby s výpisem v bankovnictví."
    )
    return [Note("balance_mismatch", text, urgent=True)]


def _locked_note(days: Days) -> Note:
    text = (
        f"Fio bez odemčení nevydá pohyby za {_czech_period(days)}. V internetovém bankovnictví otevřete "
        "Nastavení, API, u tokenu klepněte na zámek a potvrďte; do 10 minut pak spusťte běh znovu s těmito dny."
    )
    return Note("days_out_of_reach", text, urgent=True)


def _czech_day(day: dt.date) -> str:
    return f"{day.day}. {day.month}. {day.year}"


def _czech_period(days: Days) -> str:
    if days.first == days.last:
        return _czech_day(days.first)
    return f"{_czech_day(days.first)} až {_czech_day(days.last)}"
