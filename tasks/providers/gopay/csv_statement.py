"""
The statement form CSV_B: semicolons, a heading row, decimal commas, UTF-8 or Windows-1250 (gopay.md 5.2).

Columns are found by their headings, since only those are known and not their order in every account.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Mapping

from tasks.days import prague_day
from tasks.errors import BadRecord
from tasks.money import hundredths
from tasks.provider import Fault
from tasks.providers.gopay.movements import Movement, Statement, folded, note_of_uneven, uneven_days

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("idpohybu", "movementid", "idofmovement"),
    "day": ("datum", "date"),
    "type": ("typ", "type", "typpohybu", "movementtype"),
    "prefix": ("bankucetprefix", "bankaccountprefix"),
    "number": ("bankucetcislo", "bankaccountnumber"),
    "bank": ("bankucetkodbanky", "bankaccountbankcode"),
    "order": ("idobjednavkyvs", "orderidvs", "ordernumbervs", "orderid", "ordernumber"),
    "amount": ("castka", "ciastka", "suma", "amount"),
    "opening": ("pocatecnistav", "pociatocnystav", "openingbalance", "initialbalance"),
    "closing": ("koncovystav", "konecnystav", "closingbalance", "finalbalance"),
    "currency": ("mena", "currency"),
    "reverses": ("idreferencnihopohybu", "idreferencnehopohybu", "referencemovementid", "referencedmovementid"),
}
NEEDED = ("id", "day", "type", "order", "amount")
"""Without an id of its own a movement could be counted twice, so a statement without the column is refused."""

_DAY = re.compile(r"(\d{1,2})\.\s*(\d{1,2})\.\s*(\d{4})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?")
_AMOUNT = re.compile(
    r"[+-]?(?:\d+|\d{1,3}(?: \d{3})+|\d{1,3}(?:\.\d{3})+(?=,)|\d{1,3}(?:,\d{3})+(?=\.))(?:[.,]\d{1,2})?"
)


def decoded(body: bytes) -> str:
    """The file as text: each line UTF-8 where it is that, else Windows-1250 (gopay.md 1.8)."""
    return "\n".join(_decoded_line(line) for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n"))


def read_csv(body: bytes, currency: str, extra: Mapping[str, str] | None = None) -> Statement:
    """The movements of a CSV_B file for the account in `currency`.

    `extra` maps further headings to names of columns. Rows that cannot be read become faults; so does the whole
    file when it is not a table with the needed columns. A cut last row is a fault too.
    """
    what = f"výpis CSV_B {currency}"
    text = decoded(body)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    try:
        columns = _columns(next(reader, []), extra or {})
        whole = text.endswith("\n")
        if not whole and "\n" not in text and len(columns) <= len(HEADINGS):
            raise BadRecord("Výpis končí uprostřed nadpisů")
    except (BadRecord, csv.Error) as error:
        return Statement(faults=[Fault(what, _said(error), text)], whole=False)
    statement = Statement()
    try:
        for cells in reader:
            if cells:
                cut = not whole and reader.line_num == text.count("\n") + 1
                _add(statement, columns, cells, currency, cut)
    except csv.Error as error:
        statement.faults.append(Fault(f"{what}, řádek {reader.line_num}", _said(error), text))
        statement.whole = False
    uneven = uneven_days(statement.movements)
    statement.doubtful |= uneven
    if uneven and not statement.faults:
        # A row that cannot be read has told of itself, and leaves a gap where it stood.
        statement.notes.append(note_of_uneven(uneven, currency))
    return statement


def amount_of(text: str) -> int:
    """Hundredths of an amount in any spelling that gopay.md 5.2 and G6 know. Raises BadRecord otherwise.

    A separator before three digits is taken for thousands only when decimals follow.
    """
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text).strip().replace("\u2212", "-")
    if not _AMOUNT.fullmatch(plain):
        raise BadRecord("Částku nelze přečíst")
    mark = max(plain.rfind(","), plain.rfind("."))
    whole, cents = (plain[:mark], plain[mark + 1 :]) if mark >= 0 else (plain, "0")
    return hundredths(f"{re.sub(r'[ .,]', '', whole)}.{cents}")


def day_of(text: str) -> dt.date:
    """The date of a Czech or ISO spelling, with or without time. Raises BadRecord otherwise."""
    try:
        if czech := _DAY.fullmatch(text.strip()):
            day, month, year = (int(part) for part in czech.groups())
            return dt.date(year, month, day)
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadRecord("Datum nelze přečíst") from None
    return prague_day(moment) if moment.tzinfo else moment.date()


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1250", errors="replace")


def _columns(heading: list[str], extra: Mapping[str, str]) -> dict[str, int]:
    names = {alias: column for column, aliases in HEADINGS.items() for alias in aliases}
    names |= {folded(alias): column for alias, column in extra.items()}
    found: dict[str, int] = {}
    for place, text in enumerate(heading):
        column = names.get(folded(text))
        if column in found:
            raise BadRecord("Výpis má dva sloupce téhož významu", evidence=column)
        if column:
            found[column] = place
    if missing := [column for column in NEEDED if column not in found]:
        shown = ", ".join(f"„{text[:30]}“" for text in heading[:20])
        raise BadRecord(f"Ve výpisu chybí sloupce {', '.join(missing)}; jsou v něm tyto nadpisy: {shown}")
    return found | {"": len(heading)}


def _add(statement: Statement, columns: Mapping[str, int], cells: list[str], currency: str, cut: bool) -> None:
    try:
        movement = _movement(columns, cells, currency)
        if cut and (movement.opening is None or movement.opening + movement.amount != movement.closing):
            raise BadRecord("Poslední řádek výpisu není celý")
        statement.movements.append(movement)
    except BadRecord as error:
        place = columns["id"]
        identity = cells[place].strip()[:20] if place < len(cells) else ""
        name = identity if identity.isdigit() else f"bez čísla ({len(statement.faults) + 1}.)"
        statement.faults.append(Fault(f"pohyb {name}, {currency}", _said(error), ";".join(cells)))
        if (day := _day_of_row(columns, cells)) and not cut:
            statement.doubtful.add(day)
        else:
            statement.whole = False


def _day_of_row(columns: Mapping[str, int], cells: list[str]) -> dt.date | None:
    if len(cells) != columns[""]:
        return None
    try:
        return day_of(cells[columns["day"]])
    except BadRecord:
        return None


def _movement(columns: Mapping[str, int], cells: list[str], currency: str) -> Movement:
    if len(cells) != columns[""]:
        raise BadRecord("Řádek výpisu nemá tolik polí jako nadpisy")
    value = {column: cells[place].strip() for column, place in columns.items() if column}
    if not re.fullmatch(r"[0-9]{1,20}", value["id"]):
        raise BadRecord("Pohyb nemá číslo")
    if value.get("currency", currency).upper() != currency:
        raise BadRecord("Pohyb je v jiné měně než výpis")
    balances = [amount_of(value[name]) if value.get(name) else None for name in ("opening", "closing")]
    return Movement(
        id=value["id"].lstrip("0"),
        day=day_of(value["day"]),
        type=value["type"],
        order=value["order"],
        amount=amount_of(value["amount"]),
        currency=currency,
        counterparty=_account(value),
        reverses=value.get("reverses", "").lstrip("0"),
        opening=balances[0],
        closing=balances[1],
        raw=json.dumps(value, ensure_ascii=False),
    )


def _account(value: Mapping[str, str]) -> str:
    prefix, number, bank = (re.sub(r"\s", "", value.get(name, "")) for name in ("prefix", "number", "bank"))
    if not number or not bank:
        return ""
    return f"{prefix}-{number}/{bank}" if prefix.strip("0") else f"{number}/{bank}"


def _said(error: Exception) -> str:
    return error.cause if isinstance(error, BadRecord) else "Výpis není čitelná tabulka CSV"
