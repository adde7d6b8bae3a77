"""
What the bank's lists hold, read whole: pages to the end, and a window too full for paging in smaller windows.

A window is a period of UTC days, since that is what the bank filters by (ceska-sporitelna.md 6). Everything
here works on `Get`, so that it can be proved without a network.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from tasks.days import ONE_DAY, Days, prague_day
from tasks.errors import Refused, SettingError, Unavailable

Get = Callable[[str, Mapping[str, str | int]], Mapping[str, Any]]
"""Path and parameters to the JSON object that the bank answers."""
Row = Mapping[str, Any]

SIZE = 200
MOST = 10_000
"""Rows of one window that can be paged through."""
REACH = 88
"""Days before today that are surely whole without a fresh strong authentication. The bank gives 90 UTC days; the
first of them may be cut, and a Czech day needs two."""
LINKING_DAYS = 7
"""How long after a payment its reversal is still recognised."""
LOOK_BACK = 3 * LINKING_DAYS
"""Each reading begins so many days earlier, so that which rows belong together does not depend on which days were
asked for, even when a payment is returned, sent again and returned again."""
TOO_MANY = "MAX_TRANSACTIONS_EXCEEDED"
PAST_THE_END = "PAGE_NOT_FOUND"
FUTURE = "DT01"
UNKNOWN_ACCOUNT = "ID_NOT_FOUND"


@dataclass(frozen=True)
class Reading:
    """One portion of an account's transactions as the bank gave it."""

    source: str
    currency: str
    days: Days
    """The Czech days asked for."""
    whole_from: dt.date
    """Days before this one may be lacking rows, since the bank leaves old ones out without a word."""
    whole_to: dt.date
    """The last day that is over and that the bank was asked for completely."""
    rows: tuple[Any, ...]
    """Also of neighbouring days; in no particular order, some perhaps twice."""


def account_id(get: Get, iban: str, currency: str) -> str:
    """The id under which the bank knows the account today; it changes every day.

    Raises SettingError when the consent does not cover the account.
    """
    found = [row for page in pages(get, "/my/accounts", {}, "accounts") for row in page]
    for row in found:
        if isinstance(row, dict) and _iban(row) == iban and row.get("currency") == currency and row.get("id"):
            return str(row["id"])
    raise SettingError(
        "The consent does not cover the account",
        evidence=f"{len(found)} accounts in the consent, none with the IBAN and {currency} of the block",
        next_step="correct IBAN and currency in the block, or give the consent again and choose this account",
    )


def _iban(row: Row) -> str:
    identification = row.get("identification")
    iban = identification.get("iban") if isinstance(identification, dict) else None
    return str(iban).replace(" ", "").upper()


def transactions(get: Get, account: str, days: Days, now: dt.datetime) -> tuple[list[Any], dt.date]:
    """Every row that the Czech days can hold, and the last UTC day that the bank was asked for.

    A Czech day begins one or two hours before the UTC day of the same date, so the day before is asked for too.
    Shortly after Czech midnight today has not begun in UTC, and the bank refuses to be asked for it.
    """
    first = days.first - (1 + LOOK_BACK) * ONE_DAY
    last = min(days.last, now.astimezone(dt.UTC).date())
    try:
        return _window(get, account, first, last), last
    except Refused as error:
        if error.code != FUTURE:
            raise
    # The bank's clock is behind ours; the day it does not know yet cannot be over.
    return _window(get, account, first, last - ONE_DAY), last - ONE_DAY


def _window(get: Get, account: str, first: dt.date, last: dt.date) -> list[Any]:
    path = f"/my/accounts/{quote(account, safe='')}/transactions"
    return rows_within(get, path, Days(first, last)) if first <= last else []


def rows_within(get: Get, path: str, window: Days, *, size: int = SIZE, most: int = MOST) -> list[Any]:
    """Every row of the window. Raises Refused when a single UTC day holds more rows than can be paged through."""
    asked = {
        "fromDate": window.first.isoformat(),
        "toDate": window.last.isoformat(),
        # Rows that arrive meanwhile come last, so no page that was read already moves.
        "sort": "bookingdate",
        "order": "ASC",
    }
    try:
        return [row for page in pages(get, path, asked, "transactions", size=size, most=most) for row in page]
    except Refused as error:
        if error.code != TOO_MANY:
            raise
        if len(window) == 1:
            raise Refused(
                "The bank has more transactions of one day than it lets anybody read",
                evidence=f"more than {most} on {window.first} (UTC)",
                next_step="take the payments of this day from the account's statement",
                code=TOO_MANY,
            ) from None
    return [row for half in window.halves() for row in rows_within(get, path, half, size=size, most=most)]


def pages(
    get: Get, path: str, parameters: Mapping[str, str], member: str, *, size: int = SIZE, most: int = MOST
) -> Iterator[list[Any]]:
    """The rows of each page until the last. Raises Unavailable when the pages contradict one another.

    Raises Refused with the code `TOO_MANY` when there are more rows than can be paged through.
    """
    announced = 0
    for number in range(most // size):
        answer = _answer(get, path, {**parameters, "size": size, "page": number})
        rows, count, more = _page(answer, number, member)
        if count < announced:
            raise Unavailable(
                "The bank's list shrank while it was read", evidence=f"{announced} pages, then {count}"
            )
        announced = count
        if announced > most // size:
            break
        yield rows
        if not more and number + 1 >= announced:
            return
    raise Refused("The bank has more rows than can be paged through", evidence=f"over {most}", code=TOO_MANY)


def _answer(get: Get, path: str, parameters: Mapping[str, str | int]) -> Mapping[str, Any]:
    try:
        return get(path, parameters)
    except Refused as error:
        if error.code != PAST_THE_END:
            raise
        raise Unavailable(
            "The bank's list ended before its last page", evidence=str(parameters["page"])
        ) from None


def _page(answer: Mapping[str, Any], number: int, member: str) -> tuple[list[Any], int, bool]:
    """Rows, announced number of pages, and whether a next page is announced; all checked against each other."""
    rows, count, following = answer.get(member), answer.get("pageCount"), answer.get("nextPage")
    if answer.get("pageNumber") != number or not isinstance(count, int) or not isinstance(rows, list):
        raise Unavailable(
            "The bank's answer is not the page that was asked for",
            evidence=f"page {number} of {member} asked for, page {_short(answer.get('pageNumber'))} of "
            f"{_short(count)} came",
        )
    if following is not None and following != number + 1:
        raise Unavailable(
            "The bank's pages do not follow one another", evidence=f"after {number} comes {_short(following)}"
        )
    return cast("list[Any]", rows), count, following is not None


def _short(value: object) -> str:
    return str(value)[:20]


def reading(get: Get, account: str, source: str, currency: str, days: Days, now: dt.datetime) -> Reading:
    """One portion of the account and which days it makes whole. `now` is the moment before the asking."""
    rows, last = transactions(get, account, days, now)
    return Reading(
        source=source,
        currency=currency,
        days=days,
        whole_from=now.astimezone(dt.UTC).date() - REACH * ONE_DAY,
        whole_to=min(last, prague_day(now) - ONE_DAY),
        rows=tuple(rows),
    )
