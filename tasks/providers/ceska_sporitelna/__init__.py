"""
Česká spořitelna: booked movements of one account, through the Premium Accounts API v3.

`tokens` keeps the consent alive, `calls` asks one question, `reading` reads whole lists, `bookings` reads one
row, `payments` makes a delivery of them, and `consent` gets the owner's consent and tells when it ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from tasks.days import Days
from tasks.errors import Refused
from tasks.provider import Delivery, Memory, Note
from tasks.providers.ceska_sporitelna.calls import Bank
from tasks.providers.ceska_sporitelna.consent import notes_of_end
from tasks.providers.ceska_sporitelna.payments import delivery
from tasks.providers.ceska_sporitelna.reading import (
    LINKING_DAYS,
    REACH,
    UNKNOWN_ACCOUNT,
    Reading,
    account_id,
    reading,
)
from tasks.providers.ceska_sporitelna.tokens import Tokens

__all__ = ["LINKING_DAYS", "CeskaSporitelna", "Reading"]


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class CeskaSporitelna:
    """One account at Česká spořitelna, asked for days."""

    reach: int | None = REACH
    overlap: int = 5
    """Late bookings come within a few days (ceska-sporitelna.md 6)."""
    portion_days = 31

    def __init__(
        self, account: CeskaSporitelnaAccount, memory: Memory, now: Callable[[], dt.datetime] = utc_now
    ) -> None:
        self._account = account
        self._now = now
        self._tokens = Tokens(account, now)
        self._id: str | None = None

    @property
    def source(self) -> str:
        return f"ceska-sporitelna:{self._account.iban}"

    def expiries(self, today: dt.date) -> list[Note]:
        """The end of the owner's consent, from 30 days ahead."""
        return notes_of_end(self._tokens.holder, today)

    def probe(self) -> list[Note]:
        """Proves key and consent by the list of accounts, which must hold ours."""
        with Bank(self._tokens) as bank:
            self._id = account_id(bank.get, self._account.iban, self._account.currency)
        return [Note("reachable", f"Česká spořitelna poskytuje účet {self._account.iban}.")]

    def split(self, days: Days) -> list[Days]:
        return days.split(self.portion_days)

    def extract(self, days: Days) -> list[Reading]:
        """The rows of the days, in one reading. Raises SettingError when the owner must consent again."""
        now = self._now()
        with Bank(self._tokens) as bank:
            if self._id is not None:
                try:
                    return [self._read(bank, self._id, days, now)]
                except Refused as error:
                    if error.code != UNKNOWN_ACCOUNT:
                        raise
            # An id is good for a day only, so every run asks for it, and once more when it ends meanwhile.
            self._id = account_id(bank.get, self._account.iban, self._account.currency)
            return [self._read(bank, self._id, days, now)]

    def _read(self, bank: Bank, account: str, days: Days, now: dt.datetime) -> Reading:
        return reading(bank.get, account, self.source, self._account.currency, days, now)

    def normalize(self, raw: Reading) -> Delivery:
        """The reading as payments. Pure."""
        return delivery(raw)
