"""Two workers on one accounting unit at the same moment: they wait for each other, and all is written once."""

from __future__ import annotations

import pytest

from tests.faults.cells import written_twice
from tests.faults.child import Point, started
from tests.faults.stage import Stage

WRITING = Point("mServer: POST /xml update")
WAITING = Point("ledger: SELECT leases", 2)
"""Whoever looks a second time has found the lease taken."""


@pytest.mark.parametrize("others", ["gopay", "fio"])
def test_a_run_that_comes_while_another_one_writes_waits_for_it(stage: Stage, others: str) -> None:
    stage.set()
    with started(stage, "gopay", WRITING) as first:
        assert first.reached()
        with started(stage, others, WAITING) as second:
            assert second.reached()
            first.go_on()
            assert first.ended()[0] == "COMPLETED"
            second.go_on()
            assert second.ended()[0] == "COMPLETED"
    assert stage.pohoda.marks() == stage.should("gopay", others)
    assert not written_twice(stage)
