"""Whole columns become exact values, whatever type the driver gives."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pohoda import columns
from tasks.symbols import symbol

MONEY = st.decimals(min_value=-(10**14), max_value=10**14, places=4)
SYMBOLS = st.one_of(st.none(), st.text("0123456789", max_size=20), st.text(" 0٣A²-", max_size=6))


def hundredths(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


@given(st.lists(MONEY))
def test_money_is_exact_from_decimal_and_from_text(amounts: list[Decimal]) -> None:
    expected = [hundredths(amount) for amount in amounts]
    assert columns.amounts(amounts).tolist() == expected
    assert columns.amounts([str(amount) for amount in amounts]).tolist() == expected


@given(st.lists(st.one_of(st.none(), MONEY)))
def test_empty_money_is_zero_in_totals_and_missing_in_marks(amounts: list[Decimal | None]) -> None:
    assert columns.amounts(amounts).tolist() == [hundredths(amount or Decimal(0)) for amount in amounts]
    marks = columns.optional_amounts(amounts)
    assert marks.dtype == "Int64"
    assert [None if pd.isna(mark) else mark for mark in marks] == [
        None if amount is None else hundredths(amount) for amount in amounts
    ]


def test_money_from_binary_floats_and_whole_numbers_is_read_too() -> None:
    assert columns.amounts([0.1, 12.34, 5, -7.005, None]).tolist() == [10, 1234, 500, -701, 0]


@given(st.lists(SYMBOLS, max_size=40))
def test_symbols_are_normalised_as_everywhere(values: list[str | None]) -> None:
    expected = [symbol(value) for value in values]
    for given_values, repeats in ((values, 1), (values * 9, 9)):
        found = columns.symbols(given_values)
        assert [None if pd.isna(text) else text for text in found] == expected * repeats


def test_days_come_from_moments_and_from_texts_alike() -> None:
    moment = dt.datetime(2026, 6, 30, 13, 5)  # noqa: DTZ001 - Pohoda's moments know no zone
    midnight = pd.Timestamp("2026-06-30")
    assert columns.days([moment, moment]).tolist() == columns.days(["2026-06-30T23:59:59"] * 2).tolist()
    assert pd.Timestamp(columns.days([moment])[0]) == midnight


def test_a_customer_is_known_by_company_number_before_the_address_book() -> None:
    found = columns.customers(["123", None, None], [7, 7, None])
    assert found.fillna("").tolist() == ["ico:123", "ad:7", ""]


@pytest.mark.parametrize(("values", "dtype"), [([True, 0, None], "boolean"), ([1, 0, None], "boolean")])
def test_an_answer_that_was_never_given_stays_missing(values: list[bool | None], dtype: str) -> None:
    answers = columns.optional_answers(values)
    assert answers.dtype == dtype
    assert [None if pd.isna(answer) else bool(answer) for answer in answers] == [True, False, None]


def test_a_number_that_was_never_filled_in_stays_missing() -> None:
    numbers = columns.optional_numbers([3, 0, None])
    assert numbers.fillna(-1).tolist() == [3, 0, -1]


def test_no_rows_give_empty_columns_of_the_right_types() -> None:
    assert columns.amounts([]).dtype == "int64"
    assert columns.days([]).dtype == "datetime64[us]"
    assert columns.symbols([]).dtype == "str"
    assert columns.customers([], []).dtype == "str"
    assert columns.optional_answers([]).dtype == "boolean"
