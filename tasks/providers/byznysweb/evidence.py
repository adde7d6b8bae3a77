"""
When an order is paid: what each sign says, and what the chosen signs say together (byznysweb.md 6.2).

Pure functions. "unknown" is said when the shop did not tell, "undecided" when what it told does not suffice;
neither is ever taken for paid or for unpaid.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from blocks.byznysweb import ByznysWebShop, Rule
from tasks.providers.byznysweb.orders import Invoice, Order

Outcome = Literal["full", "part", "no", "excluded", "unknown", "undecided"]
WHOLE_ORDER = "order"
"""The key of the one payment that a status stands for."""


@dataclass(frozen=True)
class Part:
    """One payment that a sign tells of; `key` names its evidence within the order for good."""

    key: str
    amount: int
    day: dt.date


@dataclass(frozen=True)
class Evidence:
    """What one sign says about one order."""

    outcome: Outcome
    parts: tuple[Part, ...] = ()

    @property
    def amount(self) -> int:
        """Hundredths that the sign says were paid."""
        return sum(part.amount for part in self.parts)


@dataclass(frozen=True)
class Decision:
    """What all chosen signs say together."""

    outcome: Outcome
    parts: tuple[Part, ...] = ()
    """The payments to count."""
    offered: frozenset[str] = frozenset()
    """Keys of all payments that some sign tells of, counted or not."""
    conflict: bool = False
    """Whether signs contradict one another, which a person must look at."""


def by_status(order: Order, shop: ByznysWebShop) -> Evidence:
    """What the order's status says: the whole order in one payment, or nothing."""
    if order.status is None:
        return Evidence("unknown")
    if order.status in shop.excluded_statuses:
        return Evidence("excluded")
    if order.status not in shop.paid_statuses:
        methods = [pair.methods for pair in shop.paid_with_method if pair.status == order.status]
        if not methods:
            return Evidence("no")
        if order.method is None:
            return Evidence("unknown")
        if not any(order.method in ids for ids in methods):
            return Evidence("no")
    if order.total is None:
        return Evidence("undecided")
    return Evidence("full", (Part(WHOLE_ORDER, order.total, order.changed_on),) if order.total else ())


def by_invoice(order: Order) -> Evidence:
    """What the flag on the order's invoices says; their receipts tell the number of payments when they fit."""
    if order.invoices is None or any(invoice.paid is None for invoice in order.invoices):
        return Evidence("unknown")
    paid = [invoice for invoice in order.invoices if invoice.paid]
    if not paid:
        return Evidence("no")
    if order.total is None or any(i.sum.net or i.sum.currency != order.currency for i in order.invoices):
        return Evidence("undecided")
    parts = tuple(part for invoice in paid for part in _parts_of(invoice, order))
    whole = len(paid) == len(order.invoices) and sum(part.amount for part in parts) >= order.total
    return Evidence("full" if whole else "part", parts)


def by_receipts(order: Order) -> Evidence:
    """What the receipts entered for the order's invoices and pre-invoices say."""
    if order.receipts is None:
        return Evidence("unknown")
    if not order.receipts:
        return Evidence("no")
    if order.total is None or any(receipt.sum.currency != order.currency for receipt in order.receipts):
        return Evidence("undecided")
    parts = tuple(
        Part(f"receipt:{receipt.id}", receipt.sum.amount, receipt.paid_on or order.changed_on)
        for receipt in order.receipts
    )
    return Evidence("full" if sum(part.amount for part in parts) >= order.total else "part", parts)


def decide(order: Order, shop: ByznysWebShop, rules: Iterable[Rule]) -> Decision:
    """What the chosen signs say together.

    An excluded status takes everything back, whatever the others say. One sign that is not known makes the whole
    not known. Amounts come from receipts, else from invoices, else from the order.
    """
    chosen = set(rules)
    status = by_status(order, shop)
    signs: dict[Rule, Evidence] = {}
    if "receipts" in chosen:
        signs["receipts"] = by_receipts(order)
    if "invoice" in chosen:
        signs["invoice"] = by_invoice(order)
    if "status" in chosen:
        signs["status"] = status
    if status.outcome == "excluded":
        return Decision("excluded", conflict=any(sign.parts for sign in signs.values()))
    outcomes = {sign.outcome for sign in signs.values()}
    withheld = order.status is None and order.partial and bool(shop.excluded_statuses)
    if "unknown" in outcomes or withheld:
        return Decision("unknown")
    if "undecided" in outcomes:
        return Decision("undecided")
    offered = frozenset(part.key for sign in signs.values() for part in sign.parts)
    conflict = "full" in outcomes and len(outcomes) > 1
    outcome, parts = _together(list(signs.values()), shop.combine)
    return Decision(outcome, parts, offered, conflict)


def _together(signs: list[Evidence], combine: Literal["any", "all"]) -> tuple[Outcome, tuple[Part, ...]]:
    full = [sign for sign in signs if sign.outcome == "full"]
    best = next((sign.parts for sign in signs if sign.parts), ())
    if len(full) == len(signs) or (full and combine == "any"):
        return "full", best
    if combine == "any" or len(signs) == 1:
        return ("part", best) if best else ("no", ())
    return "no", ()


def _parts_of(invoice: Invoice, order: Order) -> list[Part]:
    receipts = [receipt for receipt in invoice.receipts if receipt.sum.currency == order.currency]
    if receipts and sum(receipt.sum.amount for receipt in receipts) == invoice.sum.amount:
        return [Part(f"receipt:{r.id}", r.sum.amount, r.paid_on or order.changed_on) for r in receipts]
    return [Part(f"invoice:{invoice.id}", invoice.sum.amount, invoice.paid_on or order.changed_on)]
