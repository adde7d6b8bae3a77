"""One answer of the bank, taken apart: whose account it is, its balances, and its movements as they came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from tasks.days import Days
from tasks.errors import BadRecord, SettingError, Unavailable
from tasks.http import Answer
from tasks.money import hundredths
from tasks.xml import parse

Json = dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """The movements of our account that the bank gave for these days. Nothing but `read` makes one."""

    days: Days
    opening: int | None
    """Balance before the first movement in hundredths, None when the bank gave none that can be read."""
    closing: int | None
    movements: tuple[Any, ...]
    """As the bank wrote them, numbers exact; each should be a `Json`."""


def read(answer: Answer, days: Days, *, iban: str, currency: str) -> Statement:
    """The statement in an answer of status 200 (fio.md 5).

    Raises Unavailable for anything that is not a whole statement: outages and maintenance come with status 200
    too (fio.md 9), and none of them means that there are no payments. Raises SettingError when the token opens
    another account than the block says.
    """
    try:
        content = json.loads(answer.body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_number)
        statement = content["accountStatement"]
        info, listed = statement["info"], statement["transactionList"]
        found_iban, found_currency = info["iban"].strip(), info["currency"].strip()
        movements = _movements(listed)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _not_a_statement(answer) from None
    if (found_iban, found_currency) != (iban, currency):
        raise SettingError(
            "The token opens another account than the block says",
            evidence=f"the bank answers for {found_iban} {found_currency}, the block says {iban} {currency}",
            next_step="put the token of this account into the block, or correct its IBAN and currency",
        )
    return Statement(days, _balance(info, "openingBalance"), _balance(info, "closingBalance"), movements)


def _movements(listed: Any) -> tuple[Any, ...]:
    """An empty period is an empty list today and was `null` in older answers (fio.md 5.2)."""
    if listed is None:
        return ()
    movements = listed["transaction"]
    if isinstance(movements, dict):
        return (cast(Json, movements),)
    if isinstance(movements, list):
        return tuple(cast("list[Any]", movements))
    raise TypeError("a list of movements is expected")


def _balance(info: Json, name: str) -> int | None:
    try:
        return hundredths(info[name])
    except (BadRecord, LookupError, TypeError):
        return None


def _not_a_statement(answer: Answer) -> Unavailable:
    evidence = f"HTTP {answer.status}, {answer.content_type or 'no content type'}, {len(answer.body)} bytes"
    if answer.body.lstrip().startswith(b"<"):
        code = _error_code(answer.body)
        return Unavailable(
            "Fio banka is out of service",
            evidence=f"{evidence}, errorCode {code}" if code else evidence,
            next_step="run again later",
        )
    return Unavailable("Fio banka sent an answer that is not a whole statement", evidence=evidence)


def _error_code(body: bytes) -> str:
    try:
        return (parse(body, what="The answer").findtext(".//errorCode") or "").strip()
    except BadRecord:
        return ""


def _no_number(name: str) -> None:
    raise ValueError(name)
