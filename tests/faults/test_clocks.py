"""A clock that is wrong for a while leaves nothing behind: no lease, no day taken for complete, no other mark."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tasks.days import ONE_DAY, prague_day
from tests.faults.cells import Scene, completed, goes_on, written_twice
from tests.faults.clocks import jump, moved_clock
from tests.faults.conftest import References
from tests.faults.opening import anything_may_fail
from tests.faults.stage import Stage, open_stage

pytestmark = pytest.mark.no_cover

GOPAY = Scene("gopay")
RIGHT = dt.timedelta()
HOUR = dt.timedelta(hours=1)
BETWEEN = "Pohoda: SELECT OBJ"
"""What a run asks for when all payments have come and no mark is written yet."""


@pytest.mark.parametrize(
    ("before", "after"),
    [(RIGHT, -HOUR), (ONE_DAY, RIGHT), (RIGHT, -ONE_DAY), (400 * ONE_DAY, 400 * ONE_DAY)],
    ids=["an hour back", "a day ahead and back again", "a day back", "a year ahead for a whole run"],
)
def test_a_clock_that_jumped_in_a_run_changes_nothing_after_the_next(
    stage: Stage, references: References, before: dt.timedelta, after: dt.timedelta
) -> None:
    right = references.of(GOPAY)
    stage.set()
    with moved_clock() as clock, jump(stage, clock, BETWEEN, after):
        clock.ahead = before
        completed(stage.run("gopay"))
    goes_on(stage, GOPAY, right, anew=True)
    assert not written_twice(stage)
    assert stage.kept("SELECT * FROM leases") == []


def test_a_run_over_the_hour_that_comes_twice_marks_all(prefect: None, tmp_path: Path) -> None:
    twice = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    with open_stage(tmp_path, today=prague_day(twice)) as stage, anything_may_fail(stage), moved_clock() as clock:
        stage.set()
        clock.ahead = twice - dt.datetime.now(dt.UTC)
        with jump(stage, clock, BETWEEN, clock.ahead + HOUR):
            completed(stage.run("gopay"))
        assert stage.pohoda.marks() == stage.should("gopay")
        completed(stage.run("gopay"))
        assert stage.pohoda.marks() == stage.should("gopay")
        assert not written_twice(stage)
