"""Which days a run fetches: those due, those missed, those that may still get a late booking, and no others."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.collecting import asked_days, days_to_fetch, in_batches, issued_within, note_of_lost
from tasks.days import Days
from tasks.errors import SettingError
from tasks.tables import DOCUMENTS, QUESTIONS, table

TODAY = dt.date(2026, 11, 23)


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def fetched(
    completed: set[dt.date], *, reach: int | None = 90, overlap: int = 3, horizon: int = 400
) -> set[dt.date]:
    agenda = days_to_fetch(completed, TODAY, reach=reach, overlap=overlap, horizon=horizon)
    return {day for days in agenda.fetch for day in days}


def test_a_source_seen_for_the_first_time_is_fetched_three_months_back() -> None:
    assert fetched(set()) == set(Days(ago(90), TODAY))


def test_a_source_that_is_up_to_date_is_fetched_only_for_the_overlap() -> None:
    assert fetched(set(Days(ago(40), ago(1)))) == set(Days(ago(3), TODAY))


def test_a_machine_that_was_off_for_a_week_catches_up_by_itself() -> None:
    assert fetched(set(Days(ago(40), ago(8)))) == set(Days(ago(7), TODAY))


def test_a_hole_in_the_past_is_fetched_again() -> None:
    assert fetched(set(Days(ago(40), ago(1))) - {ago(20)}) == {ago(20), *Days(ago(3), TODAY)}


def test_days_beyond_the_providers_reach_are_named_and_not_asked_for() -> None:
    completed = set(Days(ago(120), ago(110)))
    agenda = days_to_fetch(completed, TODAY, reach=90, overlap=3, horizon=400)
    assert agenda.lost == (Days(ago(109), ago(91)),)
    assert agenda.fetch == (Days(ago(90), TODAY),)
    [note] = note_of_lost(agenda.lost)
    assert note.urgent
    assert str(ago(109)) in note.text


def test_nothing_lost_needs_no_note() -> None:
    assert note_of_lost(()) == []


def test_days_older_than_the_horizon_no_longer_matter() -> None:
    agenda = days_to_fetch({ago(500)}, TODAY, reach=None, overlap=3, horizon=400)
    assert agenda.lost == ()
    assert agenda.fetch == (Days(ago(90), TODAY),)


@given(st.sets(st.integers(1, 420)), st.one_of(st.none(), st.integers(0, 120)), st.integers(0, 10))
def test_every_day_since_the_first_complete_one_is_complete_due_or_named(
    known: set[int], reach: int | None, overlap: int
) -> None:
    completed = {ago(days) for days in known}
    agenda = days_to_fetch(completed, TODAY, reach=reach, overlap=overlap, horizon=400)
    fetch = [day for days in agenda.fetch for day in days]
    lost = [day for days in agenda.lost for day in days]
    assert len(fetch) == len(set(fetch))
    assert not set(fetch) & set(lost)
    relevant = [day for day in completed if day >= ago(400)]
    if relevant:
        assert set(Days(min(relevant), TODAY)) <= completed | set(fetch) | set(lost)
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
