"""Everything under one roof: a Prefect server, the stage, watched databases, and short patience."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from prefect.settings import PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from tasks.ledger import Ledger
from tests.faults.drivers import watched_databases
from tests.faults.stage import Stage, impatient
from tests.faults.ways import in_a_hurry

TTL_SECONDS = 0.8
"""Of a lease, in place of the product's minute."""
MOST_CALLS = 100_000
"""Of ČSOB's list within 20 minutes, in which more runs end here than anywhere in a day."""


@contextmanager
def anything_may_fail(stage: Stage) -> Generator[None]:
    """This process runs its flows on this stage alone while the `with` lasts; a Prefect server must be there."""
    with ExitStack() as changes:
        changes.enter_context(temporary_settings({PREFECT_LOGGING_TO_API_ENABLED: False}))
        changes.enter_context(watched_databases(stage.wire))
        changes.enter_context(in_a_hurry(stage.wire))
        changes.enter_context(impatient())
        changes.enter_context(patch("sandbox.csob.MOST_CALLS", MOST_CALLS))
        changes.enter_context(patch.dict(Ledger.lease.__kwdefaults__, ttl_seconds=TTL_SECONDS))
        yield
