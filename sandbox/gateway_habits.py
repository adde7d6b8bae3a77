"""How customers of the sandbox's firm pay through gateways and in its e-shop: one habit, one function."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.books import Books, account_of, digits
from sandbox.world import Money

CARD: dict[str, Any] = {"kind": "card", "account": ""}
OWN_BANK_ACCOUNT = account_of(905)
ONE_DAY = dt.timedelta(days=1)


def at_comgate(books: Books, channel: str) -> Money:
    make = books.rng.choice((books.order, books.advance, books.invoice))
    paper = make(gateway_key=books.gateway_key())
    return books.pay(channel, [paper], reference=paper.gateway_key, **CARD)


def family_at_comgate(books: Books, channel: str) -> Money:
    papers = books.family(gateway_key=books.gateway_key())
    return books.pay(channel, papers, reference=papers[0].gateway_key, **CARD)


def in_euro_at_comgate(books: Books, channel: str) -> Money:
    paper = books.order(currency="EUR", total=books.rng.randint(20, 900) * 100, gateway_key=books.gateway_key())
    return books.pay(channel, [paper], reference=paper.gateway_key, **CARD)


def unfinished_at_comgate(books: Books, channel: str) -> None:
    books.order(gateway_key=books.gateway_key())


def refunded_at_comgate(books: Books, channel: str) -> None:
    first = at_comgate(books, channel)
    paper = next(paper for paper in books.papers if (paper.agenda, paper.id) == first.meant_for[0])
    day = min(first.paid_on + 4 * ONE_DAY, books.today - ONE_DAY)
    back: dict[str, Any] = {
        "kind": "refund",
        "account": "",
        "takes_back": first.number,
        "reference": first.reference,
    }
    books.pay(channel, [paper], -first.amount, paid_on=day, **back)


def at_gopay(books: Books, channel: str) -> Money:
    make = books.rng.choice((books.order, books.invoice))
    return books.pay(channel, [make()], **CARD)


def family_at_gopay(books: Books, channel: str) -> Money:
    return books.pay(channel, books.family(), **CARD)


def in_euro_at_gopay(books: Books, channel: str) -> Money:
    return books.pay(channel, [books.order(currency="EUR", total=books.rng.randint(20, 900) * 100)], **CARD)


def refunded_at_gopay(books: Books, channel: str) -> None:
    first = books.pay(channel, [paper := books.order()], **CARD)
    day = min(first.paid_on + 4 * ONE_DAY, books.today - ONE_DAY)
    back: dict[str, Any] = {"kind": "refund", "account": "", "takes_back": first.number}
    books.pay(channel, [paper], -first.amount, paid_on=day, **back)


def gateway_costs(books: Books, channel: str) -> None:
    """What the gateway takes for itself and what it sends to the bank."""
    books.pay(channel, amount=-books.rng.randint(500, 9_000), kind="fee")
    books.pay(channel, amount=-books.rng.randint(100_000, 900_000), kind="settlement", account=OWN_BANK_ACCOUNT)


def at_gp_webpay(books: Books, channel: str) -> Money:
    paper = books.order()
    return books.pay(channel, [paper], reference=digits(paper.number), variable_symbol="", **CARD)


def in_eshop(books: Books, channel: str) -> Money:
    paper = books.eshop_order()
    return books.pay(
        channel, [paper], reference=paper.customer_number, variable_symbol="", kind="eshop", account=""
    )
