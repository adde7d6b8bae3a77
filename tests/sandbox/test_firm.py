"""The firm is the same for the same seed, lives through every habit, and its truth follows from the labels."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from typing import Any

import pytest

from flows.providers import PROVIDERS
from sandbox.firm import firm, truth
from sandbox.world import Marks, Money, Paper, World
from tasks.symbols import symbol
from tasks.tables import AGENDAS, KINDS

TODAY = dt.date(2026, 6, 30)
INVOICE = Paper("issued_invoice", 1, "260100001", 1_000_00, TODAY)
ORDER = Paper("received_order", 1, "26OP00001", 1_000_00, TODAY)
KEY = ("issued_invoice", 1)


@pytest.fixture(scope="module")
def world() -> World:
    return firm(seed=1, today=TODAY)


def money(number: int, amount: int, *papers: Paper, **details: Any) -> Money:
    meant_for = tuple((paper.agenda, paper.id) for paper in papers)
    return Money(channel="fio", number=number, paid_on=TODAY, amount=amount, meant_for=meant_for, **details)


def marks(*payments: Money, papers: Collection[Paper] = (INVOICE,)) -> dict[tuple[str, int], Marks]:
    return truth(World(1, TODAY, tuple(papers), payments), ["fio"])


def test_the_same_seed_and_day_give_the_same_world(world: World) -> None:
    assert firm(seed=1, today=TODAY) == world
    assert firm(seed=2, today=TODAY) != world


def test_the_firm_has_a_few_hundred_documents_and_payments_in_every_channel(world: World) -> None:
    assert 300 <= len(world.papers) <= 500
    payments = Counter(payment.channel for payment in world.money)
    assert set(payments) == set(PROVIDERS)
    assert payments["fio"] >= 120
    assert {paper.agenda for paper in world.papers} == set(AGENDAS)


@pytest.mark.parametrize("seed", range(4))
def test_documents_and_payments_are_told_apart_in_every_world(seed: int) -> None:
    world = firm(seed=seed, today=TODAY)
    tables = [("OBJ" if paper.agenda == "received_order" else "FA", paper.id) for paper in world.papers]
    assert len(set(tables)) == len(tables)
    assert len({paper.number for paper in world.papers}) == len(world.papers)
    assert len({payment.number for payment in world.money}) == len(world.money)


@pytest.mark.parametrize("seed", range(4))
def test_all_money_came_before_today_and_is_of_a_known_kind(seed: int) -> None:
    for payment in firm(seed=seed, today=TODAY).money:
        assert TODAY - dt.timedelta(days=70) <= payment.paid_on < TODAY
        assert payment.kind in KINDS
        assert payment.amount


@pytest.mark.parametrize("seed", range(4))
def test_a_mistyped_symbol_hits_no_document(seed: int) -> None:
    world = firm(seed=seed, today=TODAY)
    symbols = {symbol(paper.variable_symbol) for paper in world.papers}
    papers = {(paper.agenda, paper.id): paper for paper in world.papers}
    mistyped = [
        payment
        for payment in world.money
        if payment.doubtful
        and symbol(payment.variable_symbol) != symbol(papers[payment.meant_for[0]].variable_symbol)
    ]
    assert mistyped
    assert all(symbol(payment.variable_symbol) not in symbols for payment in mistyped)


@pytest.mark.parametrize("seed", range(4))
def test_a_payment_for_several_documents_of_a_kind_is_just_their_sum(seed: int) -> None:
    world = firm(seed=seed, today=TODAY)
    papers = {(paper.agenda, paper.id): paper for paper in world.papers}
    lumps = [p for p in world.money if len({agenda for agenda, _ in p.meant_for}) < len(p.meant_for)]
    assert lumps
    assert all(payment.amount == sum(papers[key].total for key in payment.meant_for) for payment in lumps)


def test_each_way_of_being_paid_shows_in_the_marks(world: World) -> None:
    papers = {(paper.agenda, paper.id): paper for paper in world.papers}
    standing = truth(world, PROVIDERS)
    assert any(mark.count == 3 and mark.paid for mark in standing.values())
    assert any(mark.amount > papers[key].total * 1.05 and not mark.paid for key, mark in standing.items())
    assert any(mark.amount > papers[key].total and mark.paid for key, mark in standing.items())
    assert any(mark.amount < papers[key].total and not mark.paid for key, mark in standing.items())
    assert any(papers[key].currency == "EUR" and mark.paid for key, mark in standing.items())
    families = [payment for payment in world.money if len({agenda for agenda, _ in payment.meant_for}) == 3]
    assert all(standing[key].paid for payment in families for key in payment.meant_for)


def test_only_the_channels_asked_for_leave_marks(world: World) -> None:
    assert truth(world, []) == {}
    assert truth(world, ["fio"]).keys() < truth(world, PROVIDERS).keys()


def test_a_payment_of_the_total_pays_in_full() -> None:
    assert marks(money(1, 1_000_00, INVOICE)) == {KEY: Marks(1_000_00, 1, True)}


@pytest.mark.parametrize(("amount", "paid"), [(999_99, False), (1_050_00, True), (1_050_01, False)])
def test_paid_means_covered_and_not_exceeded_by_more_than_five_per_cent(amount: int, paid: bool) -> None:
    assert marks(money(1, amount, INVOICE))[KEY] == Marks(amount, 1, paid)


def test_one_payment_marks_each_document_of_a_family() -> None:
    assert marks(money(1, 1_000_00, INVOICE, ORDER), papers=(INVOICE, ORDER)) == {
        KEY: Marks(1_000_00, 1, True),
        ("received_order", 1): Marks(1_000_00, 1, True),
    }


def test_a_reversal_takes_amount_and_count_back() -> None:
    paid, again = money(1, 1_000_00, INVOICE), money(3, 1_000_00, INVOICE)
    back = money(2, -1_000_00, INVOICE, kind="reversal", takes_back=1)
    assert marks(paid, back) == {}
    assert marks(paid, back, again) == {KEY: Marks(1_000_00, 1, True)}


def test_a_part_that_was_refunded_leaves_the_payment_counted() -> None:
    back = money(2, -300_00, INVOICE, kind="refund", takes_back=1)
    assert marks(money(1, 1_000_00, INVOICE), back) == {KEY: Marks(700_00, 1, False)}


@pytest.mark.parametrize(
    "details",
    [{"doubtful": True}, {"kind": "settlement"}, {"kind": "fee"}, {"currency": "EUR"}],
)
def test_money_that_must_not_count_leaves_no_mark(details: dict[str, Any]) -> None:
    assert marks(money(1, 1_000_00, INVOICE, **details)) == {}


def test_a_cancelled_document_is_never_marked() -> None:
    cancelled = Paper("issued_invoice", 1, "260100001", 1_000_00, TODAY, cancelled=True)
    assert marks(money(1, 1_000_00, cancelled), papers=(cancelled,)) == {}
