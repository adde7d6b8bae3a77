"""The books of the sandbox's firm while it is being invented: its customers, its documents and its money."""

from __future__ import annotations

import datetime as dt
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.world import Money, Paper

OLDEST, NEWEST = 58, 6
"""How many days ago the oldest and the newest document was issued."""
CUSTOMERS = 80
_FIRST = ("Jana", "Petr", "Eva", "Jiří", "Lucie", "Tomáš", "Alena", "Ondřej")
_LAST = ("Dvořák", "Němec", "Říha", "Šťastný", "Krátký", "Žák", "Vlček", "Beneš", "Čermák")
_WEIGHTS = (6, 3, 7, 9, 10, 5, 8, 4, 2, 1)
_BANKS = ("0100", "0300", "0600", "0800", "2010", "5500")


@dataclass
class Books:
    """Documents and money as they come into being; everything follows from the random numbers' seed."""

    rng: random.Random
    today: dt.date
    papers: list[Paper] = field(default_factory=list[Paper])
    money: list[Money] = field(default_factory=list[Money])

    def invoice(self, **details: Any) -> Paper:
        """An issued invoice; its variable symbol is its number unless another one is given."""
        return self._in_fa("issued_invoice", "01", details)

    def advance(self, **details: Any) -> Paper:
        """An advance invoice, with its own series of numbers in the table that it shares with invoices."""
        return self._in_fa("advance_invoice", "08", details)

    def order(self, **details: Any) -> Paper:
        """A received order; Pohoda has no symbol for it, so payers use the digits of its number."""
        serial = self._count("received_order") + 1
        number = f"{self.today:%y}OP{serial:05d}"
        return self._add("received_order", serial, number, {"variable_symbol": digits(number), **details})

    def eshop_order(self, **details: Any) -> Paper:
        """A received order with the number that the e-shop gave it."""
        serial = self._count("received_order") + 1
        number = f"{self.today:%y}11{serial:06d}"
        named = {"variable_symbol": number, "customer_number": number}
        return self._add("received_order", serial, number, {**named, **details})

    def family(self, **details: Any) -> list[Paper]:
        """An order, its advance invoice and its final invoice: one deal under one symbol, paid once."""
        order = self.order(**details)
        shared = {
            "total": order.total,
            "currency": order.currency,
            "variable_symbol": order.variable_symbol,
            "gateway_key": order.gateway_key,
            "customer": order.customer,
        }
        return [
            order,
            self.advance(issued_on=order.issued_on, **shared),
            self.invoice(issued_on=order.issued_on + dt.timedelta(days=3), **shared),
        ]

    def pay(self, channel: str, papers: Sequence[Paper] = (), amount: int | None = None, **details: Any) -> Money:
        """Money that comes for these papers; without an amount, just what the first of them asks for."""
        known: dict[str, Any] = {"number": len(self.money) + 1, "channel": channel}
        if papers:
            first = papers[0]
            known |= {
                "paid_on": self._day_after(first.issued_on),
                "amount": first.total,
                "currency": first.currency,
                "variable_symbol": first.variable_symbol,
                "account": account_of(first.customer),
                "name": name_of(first.customer),
                "meant_for": tuple((paper.agenda, paper.id) for paper in papers),
            }
        else:
            known["paid_on"] = self.today - dt.timedelta(days=self.rng.randint(1, OLDEST))
        if amount is not None:
            known["amount"] = amount
        money = Money(**{**known, **details})
        self.money.append(money)
        return money

    def total(self) -> int:
        """A price as firms ask for it: some round, some with hellers left by the tax."""
        crowns = self.rng.choice((self.rng.randint(2, 99) * 50, self.rng.randint(150, 48_000)))
        return crowns * 100 + self.rng.choice((0, 0, 0, 50, self.rng.randint(1, 99)))

    def gateway_key(self) -> str:
        """A key as Comgate makes them (comgate.md 4)."""
        signs = string.ascii_uppercase + string.digits
        return "-".join("".join(self.rng.choices(signs, k=4)) for _ in range(3))

    def _in_fa(self, agenda: str, series: str, details: dict[str, Any]) -> Paper:
        row_id = self._count("issued_invoice") + self._count("advance_invoice") + 1
        number = f"{self.today:%y}{series}{self._count(agenda) + 1:05d}"
        return self._add(agenda, row_id, number, {"variable_symbol": number, **details})

    def _add(self, agenda: str, row_id: int, number: str, details: dict[str, Any]) -> Paper:
        known: dict[str, Any] = {
            "total": self.total(),
            "issued_on": self.today - dt.timedelta(days=self.rng.randint(NEWEST, OLDEST)),
            "customer": self.rng.randint(1, CUSTOMERS),
        }
        paper = Paper(agenda=agenda, id=row_id, number=number, **{**known, **details})
        self.papers.append(paper)
        return paper

    def _count(self, agenda: str) -> int:
        return sum(paper.agenda == agenda for paper in self.papers)

    def _day_after(self, issued_on: dt.date) -> dt.date:
        return min(issued_on + dt.timedelta(days=self.rng.randint(0, 14)), self.today - dt.timedelta(days=1))


def digits(text: str) -> str:
    """The digits of the text alone."""
    return "".join(filter(str.isdecimal, text))


def account_of(customer: int) -> str:
    """The invented customer's account; its number passes the check that Czech banks make."""
    serial = 100_000_000 + customer * 7_919
    while sum(int(digit) * weight for digit, weight in zip(f"{serial:010d}", _WEIGHTS, strict=True)) % 11:
        serial += 1
    return f"{serial}/{_BANKS[customer % len(_BANKS)]}"


PAYOUT_ACCOUNTS = (account_of(901), account_of(902))
"""From where gateways pay out in lumps to the firm's bank: never a payment of a document."""


def name_of(customer: int) -> str:
    """The invented customer's name; it must never be seen outside the client's machine."""
    return f"{_LAST[customer % len(_LAST)]} {_FIRST[customer % len(_FIRST)]}"
