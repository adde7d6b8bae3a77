"""Everything under one roof: a Prefect server, the stage, watched databases, and short patience."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from tasks.ledger import Ledger
from tests.faults.drivers import watched_databases
from tests.faults.stage import Stage, impatient, open_stage
from tests.faults.ways import in_a_hurry

TTL_SECONDS = 0.8
"""Of a lease, in place of the product's minute."""


@contextmanager
def opened(folder: Path) -> Generator[Stage]:
    """A stage where anything can go wrong; a Prefect server must be there."""
    with ExitStack() as open_things:
        stage = open_things.enter_context(open_stage(folder))
        open_things.enter_context(watched_databases(stage.wire))
        open_things.enter_context(in_a_hurry())
        open_things.enter_context(impatient())
        open_things.enter_context(patch.dict(Ledger.lease.__kwdefaults__, ttl_seconds=TTL_SECONDS))
        yield stage
