"""Days are Prague's days, and periods neither lose nor repeat one."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.days import Days, periods, prague_day, start_of
from tasks.errors import SettingError

DATES = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))


@given(DATES, st.integers(1, 400), st.integers(1, 100))
def test_splitting_a_period_keeps_every_day_once_and_in_order(first: dt.date, length: int, longest: int) -> None:
    whole = Days(first, first + dt.timedelta(days=length - 1))
    parts = whole.split(longest)
    assert [day for part in parts for day in part] == list(whole)
    assert all(len(part) <= longest for part in parts)


@given(DATES, st.integers(2, 400))
def test_the_halves_of_a_period_are_the_period(first: dt.date, length: int) -> None:
    whole = Days(first, first + dt.timedelta(days=length - 1))
    older, newer = whole.halves()
    assert [*older, *newer] == list(whole)


def test_a_single_day_cannot_be_halved() -> None:
    with pytest.raises(ValueError, match="no halves"):
        Days(dt.date(2026, 1, 1), dt.date(2026, 1, 1)).halves()


@given(st.sets(DATES, max_size=60))
def test_periods_hold_just_the_days_given(days: set[dt.date]) -> None:
    found = periods(days)
    assert [day for period in found for day in period] == sorted(days)
    assert all(later.first - earlier.last > dt.timedelta(days=1) for earlier, later in itertools.pairwise(found))


def test_a_period_that_ends_before_it_begins_is_a_setting_to_correct() -> None:
    with pytest.raises(SettingError, match="swap the two days"):
        Days(dt.date(2026, 2, 2), dt.date(2026, 2, 1))


def test_half_past_eleven_at_night_in_utc_is_the_next_day_in_prague() -> None:
    assert prague_day(dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC)) == dt.date(2026, 7, 2)
    assert prague_day(dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)) == dt.date(2027, 1, 1)


def test_a_moment_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="zone"):
        prague_day(dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_day_of_a_clock_change_begins_by_the_clock_before_it() -> None:
    assert start_of(dt.date(2025, 10, 26)).utcoffset() == dt.timedelta(hours=2)


def test_a_period_reads_well() -> None:
    assert str(Days(dt.date(2026, 1, 1), dt.date(2026, 1, 3))) == "2026-01-01..2026-01-03"
    assert str(Days(dt.date(2026, 1, 1), dt.date(2026, 1, 1))) == "2026-01-01"
