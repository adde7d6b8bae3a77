"""A run that is killed, wherever it stands: the next one ends in the same marks, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.faults.cells import ALL_MARKS, NO_MARK, Scene, killed
from tests.faults.child import Point
from tests.faults.conftest import References
from tests.faults.stage import Stage

GOPAY = Scene("gopay")
TELLING = {
    "while the ledger's tables are made": (Point("ledger: COMMIT tables"), NO_MARK),
    "while the ledger is copied": (Point("file: move .….tmp"), NO_MARK),
    "after payments were recorded": (Point("ledger: COMMIT delivery", 2, after=True), NO_MARK),
    "after mServer took the marks, before that was noted": (
        Point("mServer: POST /xml update", after=True),
        ALL_MARKS,
    ),
}
"""The matrix kills runs everywhere."""


@pytest.mark.parametrize("when", TELLING)
def test_a_run_killed_there_is_made_up_for_by_the_next(stage: Stage, references: References, when: str) -> None:
    point, stands = TELLING[when]
    assert killed(stage, GOPAY, references.of(GOPAY), point) == stands
