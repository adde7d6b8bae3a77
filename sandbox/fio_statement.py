"""What Fio banka of the sandbox keeps of an account, and how it writes a statement (fio.md 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.world import Money
from tasks.days import start_of

IBAN = "CZ3820100000002900555000"

Shape = Literal["usual", "old", "odd"]
"""`old` gives an empty period as null; `odd` adds an unknown column, leaves empty ones out, shuffles the rest."""

LABELS = {
    22: "ID pohybu",
    0: "Datum",
    1: "Objem",
    14: "Měna",
    2: "Protiúčet",
    10: "Název protiúčtu",
    3: "Kód banky",
    12: "Název banky",
    4: "KS",
    5: "VS",
    6: "SS",
    7: "Uživatelská identifikace",
    16: "Zpráva pro příjemce",
    8: "Typ",
    9: "Provedl",
    18: "Upřesnění",
    25: "Komentář",
    26: "BIC",
    17: "ID pokynu",
    27: "Reference plátce",
}

TYPES = {
    "card": ("Platba kartou", "Platba kartou"),
    "cash": ("Vklad pokladnou", "Výběr pokladnou"),
    "fee": ("Přijatý poplatek", "Poplatek"),
    "interest": ("Připsaný úrok", "Úrok z úvěru"),
    "reversal": ("Opravný pohyb", "Opravný pohyb"),
}
"""What the bank calls money that comes in and money that goes out, where it is not a plain transfer."""


@dataclass(frozen=True)
class Row:
    """One movement; `amount` is signed hundredths, `columns` all further ones by number."""

    id: int
    day: dt.date
    amount: int
    columns: dict[int, Any] = field(default_factory=dict[int, Any])


@dataclass
class Account:
    """An account and everything that has ever moved on it."""

    iban: str = IBAN
    currency: str = "CZK"
    opening: int = 12_000_000
    rows: list[Row] = field(default_factory=list[Row])

    def balance_before(self, day: dt.date) -> int:
        return self.opening + sum(row.amount for row in self.rows if row.day < day)


def row(money: Money) -> Row:
    """The movement that tells of this money."""
    account, _, bank = money.account.partition("/")
    told_as = TYPES.get(money.kind, ("Bezhotovostní příjem", "Bezhotovostní platba"))
    # A reversal keeps the instruction of the payment that it takes back.
    of = money.takes_back if money.kind == "reversal" and money.takes_back is not None else money.number
    columns: dict[int, Any] = {
        2: account or None,
        3: bank or None,
        4: money.constant_symbol or None,
        5: money.variable_symbol or None,
        6: money.specific_symbol or None,
        7: money.name or None,
        8: told_as[money.amount < 0],
        10: money.name.upper() or None,
        16: money.message[:140] or None,
        17: 33_800_000_000 + of,
    }
    return Row(27_150_000_000 + money.number, money.paid_on, money.amount, columns)


def written_statement(
    account: Account, rows: Sequence[Row], first: dt.date, last: dt.date, shape: Shape, pointer: int | None
) -> dict[str, Any]:
    """The statement of these rows, whose balances hold together."""
    opening = account.balance_before(first)
    ids = [row.id for row in rows]
    info = {
        "accountId": account.iban[-10:].lstrip("0"),
        "bankId": account.iban[4:8],
        "currency": account.currency,
        "iban": account.iban,
        "bic": "FIOBCZPPXXX" if account.iban.startswith("CZ") else "FIOZSKBAXXX",
        "openingBalance": opening / 100,
        "closingBalance": (opening + sum(row.amount for row in rows)) / 100,
        "dateStart": _written(first),
        "dateEnd": _written(last),
        "yearList": None,
        "idList": None,
        "idFrom": min(ids, default=None),
        "idTo": max(ids, default=None),
        "idLastDownload": pointer,
    }
    listed = [_movement(row, account, shape) for row in sorted(rows, key=lambda row: (row.day, row.id))]
    movements = None if shape == "old" and not listed else {"transaction": listed}
    return {"accountStatement": {"info": info, "transactionList": movements}}


def _movement(row: Row, account: Account, shape: Shape) -> dict[str, Any]:
    own = {22: row.id, 0: _written(row.day), 1: row.amount / 100, 14: account.currency}
    values: dict[int, Any] = own | row.columns
    if shape == "odd":
        shuffled = sorted((n for n in values if values[n] is not None), key=str, reverse=True)
        return {f"column{n}": _cell(n, values[n]) for n in shuffled} | {"column99": _cell(99, 1)}
    return {f"column{n}": _cell(n, values.get(n)) for n in LABELS}


def _written(day: dt.date) -> str:
    """A date as the bank writes it: with the offset of that midnight in Prague, without a colon (fio.md 5.3)."""
    return f"{day}{start_of(day):%z}"


def _cell(number: int, value: Any) -> dict[str, Any] | None:
    return None if value is None else {"value": value, "name": LABELS.get(number, "Nový"), "id": number}
