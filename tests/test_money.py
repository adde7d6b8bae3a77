"""Money stays exact through every spelling."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import BadRecord
from tasks.money import czech, decimal, hundredths, wire

AMOUNTS = st.integers(-(10**14), 10**14)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (Decimal("1500.50"), 150050),
        (Decimal("49.9"), 4990),
        (500, 50000),
        ("1 234,50", 123450),
        ("1\u00a0234.5", 123450),
        ("-0,37", -37),
        ("000000006075.00", 607500),
        (Decimal("12.3400"), 1234),
    ],
)
def test_every_usual_spelling_of_an_amount_becomes_hundredths(
    spelling: Decimal | int | str, expected: int
) -> None:
    assert hundredths(spelling) == expected


@pytest.mark.parametrize(
    "nonsense", ["", "abc", "1.005", "NaN", "Infinity", "1_000", "1,2,3", "1e400", "9" * 40, "1e999999"]
)
def test_what_is_not_an_amount_is_a_bad_record_and_never_a_guess(nonsense: str) -> None:
    with pytest.raises(BadRecord):
        hundredths(nonsense)


@given(AMOUNTS)
def test_an_amount_survives_being_written_and_read_again(amount: int) -> None:
    assert hundredths(wire(amount)) == amount
    assert hundredths(decimal(amount)) == amount
    assert hundredths(czech(amount).replace("\u2212", "-")) == amount


def test_an_accountant_reads_amounts_as_czech_books_write_them() -> None:
    assert czech(123456789, "CZK") == "1\u00a0234\u00a0567,89\u00a0CZK"
    assert czech(-5) == "\u22120,05"
