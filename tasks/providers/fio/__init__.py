"""Payments to an account at Fio banka, from API Bankovnictví (fio.md)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import httpx

from blocks.fio import FioAccount
from tasks.days import ONE_DAY, Days, prague_day
from tasks.provider import Delivery, Memory, Note
from tasks.providers.fio.calls import Calls, LockedPeriod
from tasks.providers.fio.movements import REVERSED_WITHIN, payment, reversals
from tasks.providers.fio.statement import Statement
from tasks.providers.fio.understood import Understood, czech_day, czech_period, understand
from tasks.tables import INCOMING, table

__all__ = ["Fetched", "Fio", "Locked"]

FREE_DAYS = 90
"""How many days before today the bank gives without an unlock (fio.md 9)."""

LONGEST = FREE_DAYS + 1
"""Days asked for at once. Every call costs half a minute of waiting, so few and long ones."""


LAST_DAYS = dt.timedelta(days=14)
"""In the last days in which the bank still gives a day, an unreadable movement no longer keeps the day open:
its fault was told by every run until then, and the day would otherwise be called out of reach ever after."""


@dataclass(frozen=True)
class Fetched:
    """What the bank gave for the days. The statements begin earlier, to know what reversals take back."""

    days: Days
    free_since: dt.date
    """The oldest day that the bank gave without an unlock at the time."""
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
        when = f"skončí {czech_day(until)} (zbývá dnů: {left})" if left >= 0 else f"skončila {czech_day(until)}"
        text = (
            f"Platnost tokenu k účtu {self._account.iban} {when}. Přihlaste se do internetového bankovnictví "
            "Fio, tím se token s automatickým prodloužením prodlouží, a nové datum zapište do bloku."
        )
        return [Note("token_expires", text, urgent=left <= 7, ends_on=until)]

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
                free = locked.free_since or _free_since()
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
        return Fetched(days, _free_since(), tuple(self._calls.statements(connection, Days(since, days.last))))

    def normalize(self, raw: Fetched | Locked) -> Delivery:
        """The payments of one answer, and what is wrong with it."""
        if isinstance(raw, Locked):
            return Delivery(notes=(_locked_note(raw.days),))
        found = Understood()
        for statement in raw.statements:
            understand(statement, raw.days.first, self._account, found)
        taken_back = reversals(found.movements)
        asked = [one for one in found.movements if one.booked_on >= raw.days.first]
        return Delivery(
            payments=table(INCOMING, [payment(one, self.source, taken_back.get(one.id)) for one in asked]),
            covered=_complete(raw, found),
            faults=tuple(found.faults),
            notes=tuple(found.notes),
            cursors=(("token", self._calls.token_name),),
        )


def _complete(raw: Fetched, found: Understood) -> tuple[dt.date, ...]:
    """The days asked for that are whole; the others are asked for again by the runs to come."""
    told_enough = range(raw.free_since.toordinal(), (raw.free_since + LAST_DAYS).toordinal())
    doubtful = found.missing | {day for day in found.unreadable if day.toordinal() not in told_enough}
    return tuple(day for day in raw.days if day not in doubtful)


def _free_since() -> dt.date:
    return prague_day(dt.datetime.now(dt.UTC)) - FREE_DAYS * ONE_DAY


def _locked_note(days: Days) -> Note:
    text = (
        f"Fio bez odemčení nevydá pohyby za {czech_period(days)}. V internetovém bankovnictví otevřete "
        "Nastavení, API, u tokenu klepněte na zámek a potvrďte; do 10 minut pak spusťte běh znovu s těmito dny."
    )
    return Note("days_out_of_reach", text, urgent=True)
