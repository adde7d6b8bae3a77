"""Whatever happens in whatever order: each payment settles a document once, and never more than is open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.settlements.due import shared
from tasks.settlements.fate import arrived
from tests.settlements.books import INVOICES, Books, changed, money

amounts = st.sampled_from((100, 250, 400, 700, 1000, 1100, -250, -1000))
symbols = st.sampled_from(("1", "2", "3"))
keys = st.sampled_from([*INVOICES])
steps = st.fixed_dictionaries(
    {
        "known": st.integers(1, 6),
        "arrive": st.sampled_from((0, 1, 2, 1000)),
        "noted": st.booleans(),
        "by_hand": st.none() | st.tuples(keys, st.integers(1, 100)),
        "cancelled": st.none() | keys,
        "moved": st.lists(st.tuples(st.integers(0, 5), symbols), max_size=1),
    }
)


@settings(deadline=None, max_examples=15)
@given(
    rows=st.lists(st.tuples(amounts, symbols), min_size=1, max_size=6),
    story=st.lists(steps, min_size=1, max_size=3),
)
def test_whatever_happens_no_money_is_settled_twice_and_none_beyond_what_is_open(
    rows: list[tuple[int, str]], story: list[dict[str, Any]]
) -> None:
    books, payments = Books(), money(*rows)
    brought = {
        payment: max(0, amount)
        for payment, amount in zip(payments["payment_id"], payments["amount"], strict=True)
    }
    for step in story:
        if step["by_hand"]:
            books.settle_by_hand(*step["by_hand"])
        if step["cancelled"]:
            books.cancel(step["cancelled"])
        payments = changed(payments, step["moved"])
        books.run(payments.iloc[: step["known"]], step["arrive"], noted=step["noted"])
        assert all(amount <= brought[payment] for payment, amount in books.of_payment().items())
        assert set(books.imported.values()) <= {0, 1}
    assert any(books.run(payments) == 0 for _ in range(6))


@settings(deadline=None, max_examples=10)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from((100, 250, 400, 700)), st.sampled_from(("2", "3"))), min_size=1, max_size=5
    ),
    killed=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4), st.booleans()), max_size=3),
)
def test_after_any_interruption_all_that_came_is_settled_in_the_end(
    rows: list[tuple[int, str]], killed: list[tuple[int, int, bool]]
) -> None:
    books, payments = Books(), money(*rows)
    for known, arrive, noted in killed:
        books.run(payments.iloc[:known], arrive, noted=noted)
    books.run(payments)
    came = {key: sum(amount for amount, symbol in rows if symbol == INVOICES[key][0]) for key in INVOICES}
    assert books.standing == {key: min(total, came[key]) for key, (_, total) in INVOICES.items() if came[key]}


@pytest.mark.parametrize(
    ("due", "room", "surplus", "taken", "by_others"),
    [
        ([400, 600], 1000, 0, [400, 600], [0, 0]),
        ([400, 600], 600, 0, [0, 600], [400, 0]),
        ([400, 600], 400, 0, [400, 0], [0, 600]),
        ([400, 600], 500, 0, [0, 500], [400, 100]),
        ([400, 700], 1000, 100, [400, 600], [0, 0]),
        ([400, 600], -5, 0, [0, 0], [400, 600]),
        ([], 100, 0, [], []),
    ],
)
def test_what_is_open_is_shared_out(
    due: list[int], room: int, surplus: int, taken: list[int], by_others: list[int]
) -> None:
    assert shared(due, room, surplus) == (taken, by_others)


@given(st.lists(st.integers(0, 1000)), st.integers(-100, 3000), st.integers(0, 500))
def test_never_more_than_there_is_room_for(due: list[int], room: int, surplus: int) -> None:
    taken, by_others = shared(due, room, surplus)
    assert sum(taken) <= max(0, room)
    each = zip(due, taken, by_others, strict=True)
    assert all(ours >= 0 and theirs >= 0 and ours + theirs <= one for one, ours, theirs in each)


def test_what_stands_tells_how_many_arrived() -> None:
    assert [arrived(5, [10, 20], now) for now in (5, 15, 35, 20)] == [0, 1, 2, None]
