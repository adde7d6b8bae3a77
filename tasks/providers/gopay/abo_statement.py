"""
The statement form ABO_A: fixed columns, one header 074 and one line 075 per movement (gopay.md 5.4).

A fallback: it carries order numbers only when they are digits and at most ten of them. The lines have no currency
of their own, so that of the request holds. The header's turnovers prove that no line is missing.
"""

from __future__ import annotations

import datetime as dt
import json
import re

from tasks.errors import BadRecord
from tasks.provider import Fault
from tasks.providers.gopay.csv_statement import decoded
from tasks.providers.gopay.movements import Movement, Statement

_HEADER = re.compile(
    r"074.{16}.{20}\d{6}(?P<opening>\d{14}[+-])(?P<closing>\d{14}[+-])(?P<debit>\d{14})[+-](?P<credit>\d{14})[+-]"
)
_LINE = re.compile(
    r"075\d{16}(?P<prefix>\d{6})(?P<number>\d{10})(?P<id>\d{13})(?P<amount>\d{12})(?P<direction>[12])"
    r"(?P<symbol>\d{10})..(?P<bank>\d{4})\d{4}\d{10}(?P<day>\d{6})(?P<type>.{20}).{5}\d{6}"
)


def read_abo(body: bytes, currency: str) -> Statement:
    """The movements of an ABO_A file for the account in `currency`.

    A line that cannot be read becomes a fault, and so does a file whose lines do not add up to its header.
    """
    what = f"výpis ABO_A {currency}"
    text = decoded(body)
    lines = [line for line in text.replace("\r", "").split("\n") if line.strip()]
    header = _HEADER.match(lines[0]) if lines else None
    if header is None:
        return Statement(faults=[Fault(what, "Výpis nezačíná hlavičkou ABO", text)], whole=False)
    statement = Statement()
    for number, line in enumerate(lines[1:], start=2):
        try:
            statement.movements.append(_movement(line, currency))
        except BadRecord as error:
            statement.faults.append(Fault(f"{what}, řádek {number}", error.cause, line))
    if not statement.faults and not _adds_up(header, statement.movements):
        cause = "Pohyby nedávají dohromady obraty a zůstatek z hlavičky; výpis není celý"
        statement.faults.append(Fault(what, cause, text))
    statement.whole = not statement.faults
    return statement


def _movement(line: str, currency: str) -> Movement:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadRecord("Řádek nemá tvar pohybu ABO")
    part = found.groupdict()
    try:
        day = dt.datetime.strptime(part["day"], "%d%m%y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise BadRecord("Datum nelze přečíst") from None
    amount = int(part["amount"])
    return Movement(
        id=part["id"].lstrip("0"),
        day=day,
        type=part["type"].strip(),
        order=part["symbol"].lstrip("0"),
        amount=-amount if part["direction"] == "1" else amount,
        currency=currency,
        counterparty=_account(part["prefix"].lstrip("0"), part["number"].lstrip("0"), part["bank"]),
        raw=json.dumps({"abo": line}, ensure_ascii=False),
    )


def _account(prefix: str, number: str, bank: str) -> str:
    if not number or not bank.strip("0"):
        return ""
    return f"{prefix}-{number}/{bank}" if prefix else f"{number}/{bank}"


def _adds_up(header: re.Match[str], movements: list[Movement]) -> bool:
    credit = sum(m.amount for m in movements if m.amount > 0)
    debit = -sum(m.amount for m in movements if m.amount < 0)
    opening, closing = (_signed(header[name]) for name in ("opening", "closing"))
    return (int(header["credit"]), int(header["debit"])) == (
        credit,
        debit,
    ) and opening + credit - debit == closing


def _signed(text: str) -> int:
    return -int(text[:-1]) if text.endswith("-") else int(text[:-1])
