"""The floors of quality on a small sample of the open benchmark, which measures large ones."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.benchmarks.generator import Sample, generate, mistyped
from tests.benchmarks.judging import upper_bound
from tests.benchmarks.matching import by_matching, by_sql

pytestmark = pytest.mark.no_cover


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(6000, seed=7)


def test_nothing_is_called_paid_that_could_have_been_known_to_be_doubtful(sample: Sample) -> None:
    assert by_matching(sample)[0].wrong_paid == 0


def test_payments_that_name_their_documents_are_all_counted(sample: Sample) -> None:
    assert by_matching(sample)[0].recall_unambiguous == 1


def test_a_suggestion_that_stands_alone_is_right_in_nineteen_of_twenty(sample: Sample) -> None:
    suggested = by_matching(sample)[1]
    alone = suggested[~suggested.duplicated(["payment", "agenda"], keep=False)]
    assert len(alone) > 50
    assert alone["right"].mean() >= 0.95


def test_equality_in_sql_counts_less_and_calls_more_paid(sample: Sample) -> None:
    ours, sql = by_matching(sample)[0], by_sql(sample)
    assert sql.recall < ours.recall
    assert sql.precision < ours.precision
    assert sql.wrong_paid > 0


def test_the_same_seed_gives_the_same_sample(sample: Sample) -> None:
    again = generate(6000, seed=7)
    pd.testing.assert_frame_equal(again.payments, sample.payments)
    pd.testing.assert_frame_equal(again.documents, sample.documents)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("substitution", "2096004711"), ("swap", "2062004711"), ("missing", "206004711"), ("extra", "20726004711")],
)
def test_typing_errors_are_what_they_are_called(kind: str, wrong: str) -> None:
    assert mistyped("2026004711", kind, place=3 if kind == "swap" else 2, digit=7) == wrong


def test_no_event_in_ten_thousand_is_bounded_by_about_three() -> None:
    assert upper_bound(0, 10_000) * 10_000 == pytest.approx(2.995, abs=0.01)
    assert upper_bound(1, 10_000) * 10_000 == pytest.approx(4.743, abs=0.01)
