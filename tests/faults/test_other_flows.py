"""The flows beside those of the providers, as something fails in them from the first call to the last."""

from __future__ import annotations

import pytest

from tests.faults.others import others
from tests.faults.stage import Stage

pytestmark = pytest.mark.no_cover

TELLING = [
    ("explain", "Pohoda: connect"),
    ("month-report", "ledger: SELECT payments"),
    ("backup", "Pohoda: RESTORE VERIFYONLY"),
]
"""One call of each; the matrix tries all."""


@pytest.mark.parametrize(("flow", "kind"), TELLING)
def test_a_call_that_fails_is_told_with_a_next_step_and_changes_nothing_that_it_must_not(
    stage: Stage, flow: str, kind: str
) -> None:
    found: dict[str, dict[str, str]] = {}
    assert list(others(stage, flow, kind, found)) != []
    assert found[kind] != {}
    assert set(found[kind].values()) <= {"told", "same run"}
