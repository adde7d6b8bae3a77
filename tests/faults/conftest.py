"""One stage for all tests of faults, and one reference for each scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.faults.cells import Reference, Scene, reference
from tests.faults.opening import anything_may_fail
from tests.faults.stage import Stage, open_stage


@dataclass
class References:
    """What undisturbed runs end in, each scene played once."""

    stage: Stage
    known: dict[Scene, Reference] = field(default_factory=dict[Scene, Reference])

    def of(self, scene: Scene) -> Reference:
        if scene not in self.known:
            self.known[scene] = reference(self.stage, scene)
        return self.known[scene]


@pytest.fixture(scope="session")
def built(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[References]:
    """The stage, whose servers stay open from test to test, and what was learnt on it."""
    with open_stage(tmp_path_factory.mktemp("stage")) as ready:
        yield References(ready)


@pytest.fixture
def references(built: References) -> Iterator[References]:
    """What undisturbed runs end in; in this test anything can go wrong, other tests know nothing of it."""
    with anything_may_fail(built.stage):
        yield built


@pytest.fixture
def stage(references: References) -> Stage:
    """A stage where anything can go wrong, to be set anew by every test."""
    return references.stage
