"""What all tests share. Flow tests ask for `prefect` themselves, so that a single unit test stays quick.

Dear tests that go the same ways through the code as cheaper ones are marked `no_cover`: they prove by what they
find, and to trace their lines would cost most of their time again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trustme
from hypothesis import settings

from sandbox.services import keep_compiled
from tests.postgresql import HASTY, LEFT_OUT, Postgresql
from tests.postgresql import postgresql as running_postgresql

# A busy machine must not make a property fail for being slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

keep_compiled()


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """One throw-away Prefect server for all tests that run flows or save blocks."""
    with prefect_server():
        yield


@contextmanager
def prefect_server() -> Generator[None]:
    """A throw-away Prefect server for as long as the `with` lasts.

    Nobody waits for events on it, and it is not spoken to by TLS: each of Prefect's clients, several to a run,
    would read all the world's authorities.
    """
    import prefect.settings as s
    from prefect.testing.utilities import prefect_test_harness

    quick: dict[Any, Any] = {
        s.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        s.PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED: False,
        s.PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED: False,
        s.PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED: False,
        s.PREFECT_SERVER_ANALYTICS_ENABLED: False,
        s.PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore",
    }
    with TemporaryDirectory() as folder:
        authority = Path(folder) / "authority.pem"
        trustme.CA().cert_pem.write_to_path(authority)
        quick[s.PREFECT_API_SSL_CERT_FILE] = str(authority)
        with s.temporary_settings(quick), prefect_test_harness(server_startup_timeout=120):
            yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """One PostgreSQL server for all tests that need a database on it; they are left out where there is none."""
    with running_postgresql(*HASTY) as server:
        if server is None:
            pytest.skip(LEFT_OUT)
        yield server
