"""Which of several documents an amount pays."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.matching.sharing import fitting, groups


def test_the_one_document_with_that_amount_is_taken() -> None:
    assert fitting(500, [300, 500, 200]) == (1,)


def test_two_documents_with_that_amount_are_not_told_apart() -> None:
    assert fitting(500, [500, 500, 200, 300]) == ()


def test_two_groups_with_that_sum_are_not_told_apart() -> None:
    assert fitting(500, [100, 400, 200, 300]) == ()


def test_more_than_five_documents_are_no_group() -> None:
    assert fitting(600, [100] * 6) == ()


def test_nothing_is_looked_for_among_too_many() -> None:
    assert fitting(3, [1] * 100 + [2]) == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 12), max_size=9), st.integers(1, 40))
def test_every_group_is_found_once(left: list[int], amount: int) -> None:
    every = [
        places
        for size in range(2, 6)
        for places in combinations(range(len(left)), size)
        if sum(left[place] for place in places) == amount
    ]
    assert sorted(groups(amount, left)) == sorted(every)
