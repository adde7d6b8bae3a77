"""
Orders as the shop tells of them, read without believing more than it says (byznysweb.md 4 and 6).

An order has no sign of its own that it is paid. What could be one may be withheld, and then it is `None` here:
not known, which is neither paid nor unpaid.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tasks.errors import BadRecord
from tasks.money import hundredths

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Sum:
    """Money of an order, an invoice or a receipt, in hundredths."""

    amount: int
    currency: str
    net: bool | None
    rounded: bool


@dataclass(frozen=True)
class Receipt:
    id: str
    sum: Sum
    paid_on: dt.date | None


@dataclass(frozen=True)
class Invoice:
    id: str
    paid: bool | None
    sum: Sum
    paid_on: dt.date | None
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Order:
    """One order. `None` means that the shop did not say, not that there is none."""

    id: str
    number: str
    changed: str
    """The shop's own text, "2025-03-01 10:12:05" by the shop's clock; comparable as text."""
    changed_on: dt.date
    status: str | None
    method: str | None
    currency: str
    total: int | None
    """Gross, in hundredths; missing when only the net amount is known."""
    invoices: tuple[Invoice, ...] | None
    receipts: tuple[Receipt, ...] | None
    """Of its invoices and pre-invoices, each once."""
    partial: bool
    rounded: bool


def order_of(entry: Mapping[str, Any], *, partial: bool) -> Order:
    """The order in an answer; in a partial one a null list is unknown and not empty.

    Raises BadRecord when its number, moment or sum cannot be read.
    """
    number, identity = entry.get("order_num"), entry.get("id")
    if not isinstance(number, str) or not number.strip() or not isinstance(identity, str | int):
        raise BadRecord("Objednávka nemá číslo")
    changed = _moment(entry.get("last_change"))
    if changed is None:
        raise BadRecord("Objednávka nemá čas poslední změny")
    money = _sum(entry.get("sum"))
    status = entry.get("status")
    invoices = _listed(entry, "invoices", partial)
    preinvoices = _listed(entry, "preinvoices", partial)
    read = None if invoices is None else tuple(_invoice(item, partial) for item in invoices)
    return Order(
        id=str(identity),
        number=number.strip(),
        changed=changed.isoformat(" "),
        changed_on=changed.date(),
        status=_identity(status.get("id")) if isinstance(status, dict) else None,
        method=_method(entry.get("price_elements")),
        currency=money.currency,
        total=_gross(money, entry.get("vat_summary"), partial),
        invoices=read,
        receipts=_receipts([invoices, preinvoices], partial),
        partial=partial,
        rounded=money.rounded,
    )


def _sum(value: Any) -> Sum:
    currency = (value.get("currency") or {}).get("code") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(currency, str) or not currency:
        raise BadRecord("Částka nebo měna chybí")
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, int | Decimal | str):
        raise BadRecord("Částka není číslo")
    if isinstance(number, str) and not _NUMBER.fullmatch(number):
        raise BadRecord("Částka není číslo")
    exact = Decimal(number)
    if abs(exact) > 10**13:
        raise BadRecord("Částka je příliš velká")
    cents = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    net = value.get("is_net_price")
    return Sum(hundredths(cents), currency, net if isinstance(net, bool) else None, cents != exact)


def _gross(money: Sum, summary: Any, partial: bool) -> int | None:
    if money.net is None and partial:
        return None
    if not money.net:
        return money.amount
    if not isinstance(summary, list) or not summary:
        return None
    taxes = [item.get("amount") if isinstance(item, dict) else None for item in summary]
    if not all(isinstance(tax, int | Decimal) and not isinstance(tax, bool) for tax in taxes):
        return None
    tax = sum((Decimal(tax) for tax in taxes if tax is not None), Decimal())
    return money.amount + hundredths(tax.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _listed(entry: Mapping[str, Any], field: str, partial: bool) -> list[Any] | None:
    """The list, or None when it is not known; an installation's null without any error is an empty list."""
    listed = entry.get(field)
    if listed is None and not partial:
        return []
    if not isinstance(listed, list) or any(not isinstance(item, dict) for item in listed):
        return None
    return listed


def _invoice(item: Mapping[str, Any], partial: bool) -> Invoice:
    paid = item.get("paid")
    return Invoice(
        id=str(item.get("id")),
        paid=paid if isinstance(paid, bool) else None,
        sum=_sum(item.get("sum")),
        paid_on=_day(item.get("pay_date")),
        receipts=_receipts([[item]], partial) or (),
    )


def _receipts(papers: list[list[Any] | None], partial: bool) -> tuple[Receipt, ...] | None:
    """The receipts of these invoices and pre-invoices; one reachable through both counts once."""
    found: dict[str, Receipt] = {}
    for paper in papers:
        for item in paper or ():
            listed = _listed(item, "payments", partial)
            if listed is None:
                return None
            for receipt in listed:
                identity = str(receipt.get("id"))
                found[identity] = Receipt(identity, _sum(receipt.get("sum")), _day(receipt.get("pay_date")))
    return None if any(paper is None for paper in papers) else tuple(found.values())


def _method(elements: Any) -> str | None:
    if not isinstance(elements, list):
        return None
    methods = {
        _identity(e.get("reference_id")) for e in elements if isinstance(e, dict) and e.get("type") == "payment"
    }
    return methods.pop() if len(methods) == 1 else None


def _identity(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _moment(value: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(value).replace(tzinfo=None, microsecond=0)
    except (TypeError, ValueError):
        return None


def _day(value: Any) -> dt.date | None:
    moment = _moment(value)
    return moment.date() if moment else None
