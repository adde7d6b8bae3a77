"""What the sandbox's Česká spořitelna has booked, and how it tells of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.world import Money
from tasks.days import PRAGUE

FEES = {"fee": "Poplatek za vedení účtu", "interest": "Připsaný úrok", "cash": "Vklad v hotovosti"}


@dataclass(frozen=True)
class Booked:
    """One row of an account's history; `moment` is when it was booked, which only the date filter sees."""

    moment: dt.datetime
    body: Any


def booked(
    number: int,
    day: dt.date,
    amount: int,
    *,
    currency: str = "CZK",
    symbols: Sequence[str] | str | None = (),
    at: dt.time = dt.time(10),
    payment: int | None = None,
    message: str = "",
    account: str = "",
    name: str = "",
    description: str = "",
) -> Booked:
    """A row as the bank writes it. `amount` is hundredths, negative for money going out; `at` is Prague time.

    `payment` is the number of the payment that the row is about, when it is not the row's own.
    """
    side = "creditor" if amount < 0 else "debtor"
    details: dict[str, Any] = {
        "references": {"accountServicerReference": f"07{payment or number:011d}"},
        "additionalTransactionInformation": description or "Tuzemská úhrada",
        "remittanceInformation": {
            "unstructured": message,
            "structured": {"creditorReferenceInformation": {"reference": symbols}},
        },
    }
    if account:
        identification = {"other": {"identification": account}} if "/" in account else {"iban": account}
        details["relatedParties"] = {side: {"name": name}, f"{side}Account": {"identification": identification}}
    body = {
        "entryReference": f"FC-{number:010d}",
        "amount": {"value": abs(amount) / 100, "currency": currency},
        "creditDebitIndicator": "DBIT" if amount < 0 else "CRDT",
        "status": "BOOK",
        "bookingDate": {"date": day.isoformat()},
        "valueDate": {"date": day.isoformat()},
        "bankTransactionCode": {
            "proprietary": {"code": 10000101000, "issuer": "Czech Banking Association"},
        },
        "entryDetails": {"transactionDetails": details},
    }
    return Booked(dt.datetime.combine(day, at, PRAGUE), body)


def booked_of(money: Money) -> Booked:
    """How the bank tells of a payment of the sandbox's firm."""
    tagged = (("VS", money.variable_symbol), ("KS", money.constant_symbol), ("SS", money.specific_symbol))
    return booked(
        money.number,
        money.paid_on,
        money.amount,
        currency=money.currency,
        symbols=[f"{tag}:{digits.zfill(4)}" for tag, digits in tagged if digits],
        payment=money.takes_back if money.kind == "reversal" else None,
        message=money.message,
        account=money.account,
        name=money.name,
        description=FEES.get(money.kind, ""),
    )
