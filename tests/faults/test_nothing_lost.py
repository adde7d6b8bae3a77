"""Whatever fails, and wherever: the next run ends in the same marks, and nothing is lost or counted twice."""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.faults.cells import Scene, cell, completed
from tests.faults.conftest import References
from tests.faults.stage import Stage
from tests.faults.ways import ways_of
from tests.faults.wire import Blow
from tests.ledger.test_safekeeping import damage

pytestmark = pytest.mark.no_cover

GOPAY = Scene("gopay")
SOME = [GOPAY, Scene("gopay", "settlement"), Scene("csob"), Scene("ceska-sporitelna")]
"""Each kind of protocol and each way of writing over the network; the matrix tries all."""


@pytest.mark.parametrize("scene", SOME, ids=lambda scene: f"{scene.provider}-{scene.writer}")
def test_every_request_over_the_network_may_fail_once_each_in_another_way(
    stage: Stage, references: References, scene: Scene
) -> None:
    right = references.of(scene)
    ways = cycle(ways_of("a request"))
    over_the_network = [
        kind for kind in right.asked if not kind.startswith(("Pohoda", "ledger")) and right.asked[kind]
    ]
    assert len(over_the_network) > 2
    cell(stage, scene, right, {kind: Blow(ways_of(kind)[next(ways)]) for kind in over_the_network})


def test_a_ledger_damaged_after_a_run_is_restored_and_nothing_is_written_twice(
    stage: Stage, references: References
) -> None:
    right = references.of(GOPAY)
    stage.set()
    completed(stage.run("gopay"))
    packs = len(stage.mserver.import_requests)
    written = stage.kept("SELECT agenda, document_id, new_amount, outcome FROM writes ORDER BY id")
    damage(stage.ledger_file)
    completed(stage.run("gopay"))
    assert stage.pohoda.marks() == right.standing
    assert stage.payments() == right.payments
    assert stage.kept("SELECT agenda, document_id, new_amount, outcome FROM writes ORDER BY id") == written
    assert len(stage.mserver.import_requests) == packs
