"""One stage for all tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.opening import anything_may_fail
from tests.faults.stage import Stage, open_stage


@pytest.fixture(scope="session")
def built(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage, whose servers stay open from test to test."""
    with open_stage(tmp_path_factory.mktemp("stage")) as ready:
        yield ready


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    """A stage where anything can go wrong, to be set anew by every test; other tests know nothing of it."""
    with anything_may_fail(built):
        yield built
