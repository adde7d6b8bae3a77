"""Whole columns become exact values, whatever type the driver gives."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

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


def plain(array: columns.Array, dtype: str) -> list[Any]:
    column = columns.joined([array], dtype)
    assert str(column.dtype) == dtype
    return [None if pd.isna(value) else value for value in column]


@given(st.lists(MONEY))
def test_money_is_exact_from_decimal_and_from_text(amounts: list[Decimal]) -> None:
    expected = [hundredths(amount) for amount in amounts]
    assert plain(columns.amounts(amounts), "int64") == expected
    assert plain(columns.amounts([str(amount) for amount in amounts]), "int64") == expected


@given(st.lists(st.one_of(st.none(), MONEY)))
def test_empty_money_is_zero_in_totals_and_missing_in_marks(amounts: list[Decimal | None]) -> None:
    assert plain(columns.amounts(amounts), "int64") == [hundredths(amount or Decimal(0)) for amount in amounts]
    expected = [None if amount is None else hundredths(amount) for amount in amounts]
    assert plain(columns.optional_amounts(amounts), "Int64") == expected


def test_money_from_binary_floats_and_whole_numbers_is_read_too() -> None:
    assert plain(columns.amounts([0.1, 12.34, 5, -7.005, None]), "int64") == [10, 1234, 500, -701, 0]


@given(st.lists(SYMBOLS, max_size=40))
def test_symbols_are_normalised_as_everywhere(values: list[str | None]) -> None:
    expected = [symbol(value) for value in values]
    assert plain(columns.symbols(values), "str") == expected
    assert plain(columns.symbols(values * 9), "str") == expected * 9


def test_days_come_from_moments_and_from_texts_alike() -> None:
    moment = dt.datetime(2026, 6, 30, 13, 5)  # noqa: DTZ001 - Pohoda's moments know no zone
    for spelled in (moment, "2026-06-30T13:05:00", "2026-06-30 13:05:00.123", "2026-06-30"):
        assert plain(columns.days([spelled]), "datetime64[us]") == [pd.Timestamp("2026-06-30")]


def test_a_customer_is_known_by_company_number_before_the_address_book() -> None:
    found = columns.customers(["123", None, None], [7, 7, None])
    assert plain(found, "str") == ["ico:123", "ad:7", None]


@pytest.mark.parametrize("values", [[True, False, None], [1, 0, None]])
def test_an_answer_that_was_never_given_stays_missing(values: list[bool | None]) -> None:
    assert plain(columns.optional_numbers(values), "boolean") == [True, False, None]


def test_a_number_that_was_never_filled_in_stays_missing() -> None:
    assert plain(columns.optional_numbers([3, 0, None]), "Int64") == [3, 0, None]


def test_portions_follow_one_another() -> None:
    assert columns.joined([columns.texts(["a", None]), columns.texts(["b"])], "str").fillna("").tolist() == [
        "a",
        "",
        "b",
    ]
