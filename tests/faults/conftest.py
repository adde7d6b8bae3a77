"""One stage for all tests of faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.opening import opened
from tests.faults.stage import Stage


@pytest.fixture(scope="session")
def stage(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage where anything can go wrong, to be set anew by every test."""
    with opened(tmp_path_factory.mktemp("stage")) as ready:
        yield ready
