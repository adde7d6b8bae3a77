"""What a run's log lets pass."""

import logging

import pytest

from flows.telling import OnlyNews


@pytest.mark.parametrize(
    ("level", "line", "passes"),
    [
        (logging.INFO, "Finished in state Completed()", False),
        (logging.INFO, "12 payments, 3 of them new", True),
        (logging.ERROR, "Finished in state Failed('mServer does not answer')", True),
        (logging.WARNING, "Finished in state Completed() after the lease was lost", True),
    ],
)
def test_that_one_more_step_went_well_is_no_news(level: int, line: str, passes: bool) -> None:
    record = logging.LogRecord("prefect.task_runs", level, __file__, 1, line, None, None)
    assert OnlyNews().filter(record) is passes
