"""GoPay: account statements of a period by API, one per currency, as payments, refunds, fees and payouts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from blocks.gopay import GoPayAccount
from tasks.days import ONE_DAY, PRAGUE, Days
from tasks.provider import Delivery, Memory, Note
from tasks.providers.gopay.abo_statement import read_abo
from tasks.providers.gopay.client import Gateway
from tasks.providers.gopay.csv_statement import read_csv
from tasks.providers.gopay.movements import payments
from tasks.providers.gopay.payment import Standing, standing

LONGEST = 31
"""Days per statement: GoPay tells no limit, so none is tried (gopay.md 5)."""
LATE = 3
"""Days within which a movement may still appear (gopay.md 5)."""


@dataclass(frozen=True)
class Statements:
    """The statement files of the same days, one per currency, so that the days are complete in all or in none."""

    days: Days
    asked_on: dt.date
    form: str
    files: tuple[tuple[str, bytes], ...]
    """Currency and file."""


class GoPay:
    """An account at GoPay, asked by period."""

    def __init__(self, account: GoPayAccount, memory: Memory) -> None:
        self._account = account
        self._gateway = Gateway(account)

    @property
    def source(self) -> str:
        return f"gopay:{self._account.goid}"

    @property
    def reach(self) -> int | None:
        return None

    @property
    def overlap(self) -> int:
        return LATE

    def expiries(self, today: dt.date) -> list[Note]:
        return []

    def split(self, days: Days) -> list[Days]:
        return days.split(LONGEST)

    def extract(self, days: Days) -> list[Statements]:
        asked_on = dt.datetime.now(PRAGUE).date()
        form = self._account.statement
        files = [
            (currency, self._gateway.statement(days, currency, form)) for currency in self._account.currencies
        ]
        return [Statements(days, asked_on, form, tuple(files))]

    def normalize(self, raw: Statements) -> Delivery:
        """Payments of the statements. Days count as complete only once nothing late can appear in them."""
        headings = self._account.headings
        read = [
            read_abo(body, currency) if raw.form == "ABO_A" else read_csv(body, currency, headings)
            for currency, body in raw.files
        ]
        rows, faults, notes = payments(read, self.source)
        doubtful = {day for statement in read for day in statement.doubtful}
        settled = [day for day in raw.days if day < raw.asked_on - LATE * ONE_DAY and day not in doubtful]
        covered = tuple(settled) if all(statement.whole for statement in read) else ()
        return Delivery(payments=rows, covered=covered, faults=tuple(faults), notes=tuple(notes))

    def probe(self) -> list[Note]:
        """Proves address, credentials and GoID without reading any payment. Raises as `extract` does."""
        self._gateway.instruments()
        return [Note("reachable", f"GoPay přijalo přístup k účtu {self._account.goid}.")]

    def standing(self, number: int) -> Standing | None:
        """What the payment of this GoPay id is worth now; None when GoPay does not know it, which says nothing.

        GoPay forgets old payments, so None must never be read as unpaid (gopay.md 3).
        """
        found = self._gateway.payment(number)
        return None if found is None else standing(*found)


__all__ = ["GoPay", "Standing", "Statements"]
