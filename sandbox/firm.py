"""The sandbox's firm on one day: a few hundred documents, two months of money, and the right answer for each."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Collection, Iterator

from sandbox import bank_habits, gateway_habits
from sandbox.books import Books
from sandbox.world import Marks, Money, Paper, World

Key = tuple[str, int]
Habit = Callable[[Books, str], object]

NO_PAYMENT = ("fee", "settlement", "interest")
OVERPAID_BEYOND = 105
"""Per cent of the total above which a document counts as overpaid, and its yes waits for a person."""


_AT_BANKS: dict[Habit, tuple[int, int, int]] = {
    bank_habits.by_symbol: (24, 6, 6),
    bank_habits.advance_by_symbol: (6, 2, 2),
    bank_habits.order_by_symbol: (5, 2, 2),
    bank_habits.whole_family: (8, 3, 3),
    bank_habits.with_leading_zeros: (5, 2, 2),
    bank_habits.document_with_leading_zeros: (2, 1, 1),
    bank_habits.symbol_in_message: (8, 1, 2),
    bank_habits.number_in_message: (6, 1, 1),
    bank_habits.letters_in_symbol: (1, 0, 0),
    bank_habits.instalments: (4, 1, 1),
    bank_habits.several_at_once: (3, 0, 0),
    bank_habits.customers_own_symbol: (2, 1, 1),
    bank_habits.twin_invoices: (1, 1, 1),
    bank_habits.overpaid: (3, 1, 1),
    bank_habits.slightly_overpaid: (2, 1, 0),
    bank_habits.underpaid: (4, 1, 1),
    bank_habits.paid_twice: (2, 1, 1),
    bank_habits.in_wrong_currency: (2, 1, 1),
    bank_habits.before_the_document: (3, 1, 1),
    bank_habits.for_a_cancelled_document: (2, 1, 1),
    bank_habits.taken_back_by_the_bank: (3, 0, 0),
    bank_habits.refunded: (2, 0, 0),
    bank_habits.second_of_two_refunded: (1, 0, 0),
    bank_habits.bank_fee: (4, 0, 1),
    bank_habits.interest: (2, 0, 1),
    bank_habits.lump_payout: (4, 2, 2),
    bank_habits.card_purchase: (5, 0, 0),
    bank_habits.supplier_paid: (5, 0, 1),
    bank_habits.with_unknown_symbol: (3, 1, 1),
    bank_habits.without_any_symbol: (2, 1, 1),
    bank_habits.with_mistyped_symbol: (4, 1, 1),
}
"""How often each habit shows at fio, csob and ceska-sporitelna."""

_ELSEWHERE: dict[str, dict[Habit, int]] = {
    "comgate": {
        gateway_habits.at_comgate: 16,
        gateway_habits.family_at_comgate: 4,
        gateway_habits.in_euro_at_comgate: 3,
        gateway_habits.unfinished_at_comgate: 4,
        gateway_habits.refunded_at_comgate: 1,
    },
    "gopay": {
        gateway_habits.at_gopay: 16,
        gateway_habits.family_at_gopay: 4,
        gateway_habits.in_euro_at_gopay: 3,
        gateway_habits.refunded_at_gopay: 1,
        gateway_habits.gateway_costs: 2,
    },
    "gp-webpay": {gateway_habits.at_gp_webpay: 14},
    "byznysweb": {gateway_habits.in_eshop: 16},
    "": {bank_habits.unpaid: 8},
}

BANKS = ("fio", "csob", "ceska-sporitelna")


def firm(seed: int = 1, *, today: dt.date) -> World:
    """The same firm for the same seed and day, whatever the machine."""
    books = Books(random.Random(seed), today)
    for habit, channel in _everything():
        habit(books, channel)
    return World(seed, today, tuple(books.papers), tuple(books.money))


def truth(world: World, channels: Collection[str]) -> dict[Key, Marks]:
    """The marks that should stand when just these channels have been asked, by what the money was meant for.

    A document for which nothing counts, or everything went back, is absent: nothing should stand on it.
    """
    papers = {(paper.agenda, paper.id): paper for paper in world.papers}
    by_number = {money.number: money for money in world.money}
    amounts: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    for money in world.money:
        if money.channel not in channels or money.doubtful or money.kind in NO_PAYMENT:
            continue
        for key, share in _shares(money, papers):
            amounts[key] = amounts.get(key, 0) + share
            counts[key] = counts.get(key, 0) + _counting(money, by_number)
    return {key: _marks(papers[key], amount, counts[key]) for key, amount in amounts.items() if amount}


def _shares(money: Money, papers: dict[Key, Paper]) -> Iterator[tuple[Key, int]]:
    """What of the money each document gets: all of it, or its own total where several of its kind are paid."""
    for key in money.meant_for:
        paper = papers[key]
        if paper.cancelled or paper.currency != money.currency:
            continue
        alone = sum(agenda == paper.agenda for agenda, _ in money.meant_for) == 1
        yield key, money.amount if alone else paper.total


def _counting(money: Money, by_number: dict[int, Money]) -> int:
    """A payment counts one; what takes a whole payment back takes its count back too."""
    if money.takes_back is None:
        return 1
    return -1 if money.amount == -by_number[money.takes_back].amount else 0


def _marks(paper: Paper, amount: int, count: int) -> Marks:
    paid = paper.total <= amount and amount * 100 <= paper.total * OVERPAID_BEYOND
    return Marks(amount, count, paid)


def _everything() -> list[tuple[Habit, str]]:
    """Every habit with its channel, as often as it shows."""
    at_banks = [
        (habit, bank, times)
        for habit, often in _AT_BANKS.items()
        for bank, times in zip(BANKS, often, strict=True)
    ]
    elsewhere = [
        (habit, channel, times) for channel, habits in _ELSEWHERE.items() for habit, times in habits.items()
    ]
    return [(habit, channel) for habit, channel, times in at_banks + elsewhere for _ in range(times)]
