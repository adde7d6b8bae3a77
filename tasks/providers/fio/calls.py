"""
The only call that is ever made: movements of a period. It has no side effect and may be repeated (fio.md 1).

The token is a part of the path, so no error here may quote an address.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl

import httpx

from blocks.fio import FioAccount
from tasks.days import Days
from tasks.errors import Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.provider import Memory
from tasks.providers.fio.statement import Statement, read
from tasks.secrets import fingerprint

WHO = "Fio banka"
READ_SECONDS = 300.0
"""Fifty thousand movements are some 85 MB, and the bank gathers them before the first byte."""

_FREE_SINCE = re.compile(r"\bod\s+(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_CHECK_ACCESS = (
    "check in internet banking under Nastavení, API that the token exists, is valid and was made at least "
    "5 minutes ago; if it is right, the bank has an outage and a later run will succeed"
)


class LockedPeriod(Exception):
    """The period begins before the days that the bank gives without an unlock.

    `free_since` is the first day that it would give, None when it did not say.
    """

    def __init__(self, free_since: dt.date | None) -> None:
        super().__init__(free_since)
        self.free_since = free_since


class TooManyMovements(Exception):
    """The period holds more movements than the bank puts into one answer."""


class Calls:
    """Calls to the bank with one token, never closer to one another than the bank wants."""

    def __init__(self, account: FioAccount, memory: Memory, source: str) -> None:
        self._account = account
        self._memory = memory
        self._source = source
        self.token_name = fingerprint(account.token)
        """What stands for the token wherever it must be named."""

    def connection(self) -> httpx.Client:
        """A connection to the bank, to be closed by the caller."""
        context = ssl.create_default_context()
        if self._account.tls_1_2_only:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return client(
            self._account.address, read_seconds=READ_SECONDS, verify=context, proxy=self._account.proxy or None
        )

    def statements(self, connection: httpx.Client, days: Days) -> list[Statement]:
        """The statements that together hold the days, oldest first; more than one when one would be too large.

        Raises LockedPeriod, and Refused for a single day that is too large.
        """
        try:
            return [self._statement(connection, days)]
        except TooManyMovements:
            if len(days) == 1:
                raise Refused(
                    f"{WHO} gives no statement of a day with so many movements",
                    evidence=f"HTTP 413 for {days}",
                    next_step="load the payments of this day by hand from the bank's own export",
                    code="413",
                ) from None
        older, newer = days.halves()
        return self.statements(connection, older) + self.statements(connection, newer)

    def _statement(self, connection: httpx.Client, days: Days) -> Statement:
        answer = self._call(connection, days)
        if answer.status == 500 and not self._worked_before():
            answer = self._call(connection, days)
        if answer.status == 200:
            return read(answer, days, iban=self._account.iban, currency=self._account.currency)
        raise self._failure(answer)

    def _call(self, connection: httpx.Client, days: Days) -> Answer:
        self._memory.wait_turn(f"fio {self.token_name}", self._account.seconds_between_calls)
        token = self._account.token.get_secret_value()
        path = f"/periods/{token}/{days.first}/{days.last}/transactions.json"
        return send(connection, "GET", path, who=WHO, secrets=[self._account.token])

    def _worked_before(self) -> bool:
        """Whether this very token has already brought payments, so that it is hardly mistyped."""
        return self._memory.cursor(self._source, "token") == self.token_name

    def _failure(self, answer: Answer) -> Exception:
        """What a status other than 200 means (fio.md 9). Bodies are empty but for 422."""
        evidence = f"HTTP {answer.status}"
        match answer.status:
            case 409:
                return Unavailable(
                    f"{WHO} was asked twice within 30 seconds with one token",
                    evidence=evidence,
                    next_step="make sure that no other program uses this token",
                    retry_after=self._account.seconds_between_calls,
                )
            case 413:
                return TooManyMovements()
            case 422:
                return LockedPeriod(_free_since(answer.text))
            case 500 if not self._worked_before():
                return SettingError(f"{WHO} does not know the token", evidence=evidence, next_step=_CHECK_ACCESS)
            case 500:
                return Unavailable(
                    f"{WHO} has an outage, or the token has expired",
                    evidence=evidence,
                    next_step=_CHECK_ACCESS,
                )
            case 404:
                return SettingError(
                    f"{WHO} does not know the address",
                    evidence=evidence,
                    next_step="check the address and the token in the block",
                )
            case status if 400 <= status < 500:
                return Refused(f"{WHO} refused the request", evidence=evidence, code=str(status))
            case _:
                return Unavailable(f"{WHO} is out of service", evidence=evidence, next_step="run again later")


def _free_since(text: str) -> dt.date | None:
    found = _FREE_SINCE.search(text)
    try:
        return dt.date(*(int(part) for part in reversed(found.groups()))) if found else None
    except ValueError:
        return None
