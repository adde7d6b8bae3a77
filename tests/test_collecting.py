"""Which days a run fetches: those due, those missed, those that may still get a late booking, and no others."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.collecting import Due, asked_days, days_to_fetch, first_begin, in_batches, issued_within, note_of_lost
from tasks.days import Days
from tasks.errors import SettingError
from tasks.tables import DOCUMENTS, QUESTIONS, table

TODAY = dt.date(2026, 11, 23)


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def due(completed: set[dt.date], *, begin: int = 40, reach: int | None = 90, overlap: int = 3) -> Due:
    return days_to_fetch(completed, TODAY, begin=ago(begin), reach=reach, overlap=overlap, horizon=400)


def fetched(completed: set[dt.date]) -> set[dt.date]:
    return {day for days in due(completed).fetch for day in days}


@pytest.mark.parametrize(
    ("reach", "horizon", "days"), [(None, 400, 90), (14, 400, 14), (89, 400, 89), (None, 30, 30), (0, 400, 0)]
)
def test_a_source_seen_for_the_first_time_is_fetched_three_months_back_or_as_far_as_can_be(
    reach: int | None, horizon: int, days: int
) -> None:
    assert first_begin(TODAY, reach=reach, horizon=horizon) == ago(days)


def test_a_source_of_which_nothing_is_complete_is_fetched_from_its_begin() -> None:
    assert fetched(set()) == set(Days(ago(40), TODAY))


def test_a_source_that_is_up_to_date_is_fetched_only_for_the_overlap() -> None:
    assert fetched(set(Days(ago(40), ago(1)))) == set(Days(ago(3), TODAY))


def test_a_machine_that_was_off_for_a_week_catches_up_by_itself() -> None:
    assert fetched(set(Days(ago(40), ago(8)))) == set(Days(ago(7), TODAY))


def test_a_hole_in_the_past_is_fetched_again() -> None:
    assert fetched(set(Days(ago(40), ago(1))) - {ago(20)}) == {ago(20), *Days(ago(3), TODAY)}


def test_an_old_day_that_somebody_had_fetched_again_makes_no_day_after_it_missing() -> None:
    assert fetched({ago(350), *Days(ago(40), ago(1))}) == set(Days(ago(3), TODAY))


def test_days_beyond_the_providers_reach_are_named_and_not_asked_for() -> None:
    found = due(set(Days(ago(120), ago(110))), begin=120)
    assert found.lost == (Days(ago(109), ago(91)),)
    assert found.fetch == (Days(ago(90), TODAY),)
    [note] = note_of_lost(found.lost)
    assert note.urgent
    assert str(ago(109)) in note.text


def test_nothing_lost_needs_no_note() -> None:
    assert note_of_lost(()) == []


def test_days_older_than_the_horizon_no_longer_matter() -> None:
    found = due(set(Days(ago(400), ago(1))), begin=900, reach=None)
    assert (found.fetch, found.lost) == ((Days(ago(3), TODAY),), ())


@given(
    st.sets(st.integers(0, 420)),
    st.integers(0, 420),
    st.one_of(st.none(), st.integers(0, 120)),
    st.integers(0, 10),
)
def test_every_day_since_the_begin_is_complete_due_or_named(
    known: set[int], begin: int, reach: int | None, overlap: int
) -> None:
    completed = {ago(days) for days in known}
    found = due(completed, begin=begin, reach=reach, overlap=overlap)
    fetch = [day for days in found.fetch for day in days]
    lost = [day for days in found.lost for day in days]
    assert len(fetch) == len(set(fetch))
    assert not set(fetch) & set(lost)
    assert set(Days(ago(min(begin, 400)), TODAY)) <= completed | set(fetch) | set(lost)
    assert TODAY in fetch


def test_asking_for_one_day_means_that_day() -> None:
    assert asked_days(ago(2), None, TODAY) == Days(ago(2), ago(2))
    assert asked_days(None, ago(2), TODAY) == Days(ago(2), ago(2))
    assert asked_days(ago(4), ago(2), TODAY) == Days(ago(4), ago(2))
    assert asked_days(None, None, TODAY) is None


def test_days_that_have_not_come_yet_cannot_be_asked_for() -> None:
    with pytest.raises(SettingError, match="have not come yet"):
        asked_days(TODAY + dt.timedelta(days=1), None, TODAY)


def test_questions_are_asked_in_batches_that_keep_each_once() -> None:
    questions = table(QUESTIONS, ({"key": str(n), "total": 0} for n in range(7)))
    batches = list(in_batches(questions, 3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert pd.concat(batches)["key"].tolist() == questions["key"].tolist()


def test_asking_for_days_means_the_documents_issued_on_them() -> None:
    rows = [{"id": n, "total": 0, "cancelled": False, "issued_on": pd.Timestamp(ago(n))} for n in range(5)]
    documents = table(DOCUMENTS, rows)
    assert issued_within(documents, Days(ago(3), ago(2)))["id"].tolist() == [2, 3]
    assert len(issued_within(documents, None)) == 5
