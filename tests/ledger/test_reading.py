from __future__ import annotations

import datetime as dt

import pandas as pd

from tasks.days import ONE_DAY, Days, prague_day
from tasks.ledger import Ledger
from tasks.ledger.reading import FRESHNESS
from tasks.provider import Delivery
from tasks.tables import ANSWERS, QUESTIONS, checked, table
from tests.ledger.samples import NOON, SOURCE

FIRST, LAST = dt.date(2025, 11, 1), dt.date(2025, 11, 5)


def covered(ledger: Ledger, first: dt.date, last: dt.date, at: dt.datetime = NOON, source: str = SOURCE) -> None:
    ledger.record(source, Delivery(covered=tuple(Days(first, last))), run="one", at=at)


def test_completed_days_are_those_covered_within_the_period(ledger: Ledger) -> None:
    covered(ledger, FIRST, dt.date(2025, 11, 3))
    assert ledger.completed_days(SOURCE, dt.date(2025, 11, 2), LAST) == {
        dt.date(2025, 11, 2),
        dt.date(2025, 11, 3),
    }
    assert ledger.completed_days("fio:other", FIRST, LAST) == set()


def test_a_day_fetched_before_it_was_over_in_prague_is_not_complete(ledger: Ledger) -> None:
    before_midnight = dt.datetime(2025, 11, 5, 22, 59, 59, tzinfo=dt.UTC)
    covered(ledger, LAST, LAST, at=before_midnight)
    assert ledger.completed_days(SOURCE, LAST, LAST) == set()
    covered(ledger, LAST, LAST, at=before_midnight + dt.timedelta(seconds=1))
    assert ledger.completed_days(SOURCE, LAST, LAST) == {LAST}


def test_an_older_fetch_recorded_later_takes_no_completeness_away(ledger: Ledger) -> None:
    covered(ledger, LAST, LAST, at=NOON)
    covered(ledger, LAST, LAST, at=dt.datetime(2025, 11, 5, 12, tzinfo=dt.UTC))
    assert ledger.completed_days(SOURCE, LAST, LAST) == {LAST}


def test_what_a_clock_that_ran_ahead_calls_complete_is_not(ledger: Ledger) -> None:
    tomorrow = prague_day(dt.datetime.now(dt.UTC)) + ONE_DAY
    covered(ledger, LAST, tomorrow, at=dt.datetime.now(dt.UTC) + 400 * ONE_DAY)
    assert ledger.completed_days(SOURCE, LAST, tomorrow) == set()
    assert ledger.freshness()["complete_until"].isna().all()


def test_freshness_ends_before_the_first_gap(ledger: Ledger) -> None:
    covered(ledger, FIRST, dt.date(2025, 11, 3))
    covered(ledger, LAST, LAST)
    found = checked(FRESHNESS, ledger.freshness())
    assert found["complete_until"].tolist() == [pd.Timestamp("2025-11-03")]
    assert found["last_recorded_at"].tolist() == [pd.Timestamp(NOON)]


def test_freshness_can_forget_old_gaps(ledger: Ledger) -> None:
    covered(ledger, FIRST, FIRST)
    covered(ledger, dt.date(2025, 11, 3), LAST)
    assert ledger.freshness(dt.date(2025, 11, 3))["complete_until"].tolist() == [pd.Timestamp(LAST)]
    assert ledger.freshness(dt.date(2025, 11, 2))["complete_until"].isna().all()


def test_freshness_names_a_source_that_has_no_complete_day(ledger: Ledger) -> None:
    assert ledger.freshness().empty
    ledger.record("comgate:1", Delivery(), run="one", at=NOON)
    found = checked(FRESHNESS, ledger.freshness())
    assert found["source"].tolist() == ["comgate:1"]
    assert found["complete_until"].isna().all()


def questions(*keys: str) -> pd.DataFrame:
    issued = pd.Timestamp("2025-11-01")
    return table(
        QUESTIONS,
        [{"key": key, "reference": key, "currency": "CZK", "total": 1, "issued_on": issued} for key in keys],
    )


def test_questions_are_due_until_their_answer_is_final(ledger: Ledger) -> None:
    again = pd.Timestamp(NOON) + pd.Timedelta(hours=6)
    answers = table(
        ANSWERS,
        [{"key": "paid", "outcome": "paid"}, {"key": "pending", "outcome": "pending", "ask_again_at": again}],
    )
    ledger.record(SOURCE, Delivery(answers=answers), run="one", at=NOON)
    asked = questions("paid", "pending", "never")
    assert ledger.due(SOURCE, asked, NOON)["key"].tolist() == ["never"]
    later = ledger.due(SOURCE, asked, again.to_pydatetime())
    assert checked(QUESTIONS, later)["key"].tolist() == ["pending", "never"]
    assert len(ledger.due("comgate:2", asked, NOON)) == 3


def test_a_question_asked_by_a_clock_that_ran_ahead_is_asked_again(ledger: Ledger) -> None:
    again = pd.Timestamp(NOON + 401 * ONE_DAY)
    answers = table(ANSWERS, [{"key": "K", "outcome": "pending", "ask_again_at": again}])
    ledger.record(SOURCE, Delivery(answers=answers), run="one", at=NOON + 400 * ONE_DAY)
    assert ledger.due(SOURCE, questions("K"), NOON)["key"].tolist() == ["K"]
    ledger.record(SOURCE, Delivery(answers=answers), run="two", at=NOON)
    assert ledger.due(SOURCE, questions("K"), NOON).empty


def test_a_later_answer_replaces_the_earlier_one(ledger: Ledger) -> None:
    for outcome, again in [("pending", pd.Timestamp(NOON)), ("paid", None)]:
        answers = table(ANSWERS, [{"key": "K", "outcome": outcome, "ask_again_at": again}])
        ledger.record(SOURCE, Delivery(answers=answers), run="one", at=NOON)
    assert ledger.due(SOURCE, questions("K"), NOON).empty


def test_a_capability_is_what_was_remembered_last(ledger: Ledger) -> None:
    assert ledger.capability("update 14108") is None
    ledger.remember_capability("update 14108", "refused")
    ledger.remember_capability("update 14108", "accepted")
    assert ledger.capability("update 14108") == "accepted"
