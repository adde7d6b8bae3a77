"""What all tests share. Flow tests ask for `prefect` themselves, so that a single unit test stays quick.

Dear tests that go the same ways through the code as cheaper ones are marked `no_cover`: they prove by what they
find, and to trace their lines would cost most of their time again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import trustme
from coverage import Coverage
from hypothesis import settings

from sandbox.services import keep_compiled
from tests.postgresql import HASTY, LEFT_OUT, Postgresql
from tests.postgresql import postgresql as running_postgresql

# A busy machine must not make a property fail for being slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

keep_compiled()


SENDING_SECONDS = 30.0
LONG = (
    "tests/flows/test_notices.py",
    "tests/flows/test_many_clients.py",
    "tests/installing/test_set_up.py",
    "tests/faults/test_prefect_gone.py",
    "tests/ui/test_prefect_ui.py",
    "tests/docs/test_adding_a_provider.py",
)
"""Files whose tests start processes and wait for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker begin with the long ones, which leave the processor to the others, and nobody end with one.

    xdist gives each worker a run of neighbours; who has nothing left takes from the end of another's.
    """
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in LONG)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Stop what traces on under `no_cover`: in a worker pytest-cov starts twice and stops once."""
    first = Coverage.current() if item.get_closest_marker("no_cover") else None
    if first is None:
        return (yield)
    first.stop()
    try:
        return (yield)
    finally:
        first.start()


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
    with ExitStack() as things:
        authority = Path(things.enter_context(TemporaryDirectory())) / "authority.pem"
        trustme.CA().cert_pem.write_to_path(authority)
        quick[s.PREFECT_API_SSL_CERT_FILE] = str(authority)
        things.enter_context(s.temporary_settings(quick))
        things.enter_context(prefect_test_harness(server_startup_timeout=240))
        things.callback(let_go_of_events)
        things.enter_context(schemas_made_once())
        yield


def let_go_of_events() -> None:
    """Wait a while until Prefect's servers have the events of this process, and give up what is left of them.

    Prefect itself would try each of them for seconds at a server that is gone, at the end of all tests.
    """
    from prefect.events.worker import EventsWorker

    EventsWorker.drain_all(timeout=SENDING_SECONDS, at_exit=False)


@contextmanager
def schemas_made_once() -> Generator[None]:
    """Each kind of block makes its schema once; Prefect makes it anew for every field that it saves."""
    from prefect.blocks.core import Block

    made: Any = cache(Block.model_json_schema.__func__)

    def schema(kind: type[Block], *args: Any, **options: Any) -> dict[str, Any]:
        return deepcopy(made(kind, *args, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Block, "model_json_schema", classmethod(schema))
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """One PostgreSQL server for all tests that need a database on it; they are left out where there is none."""
    with running_postgresql(*HASTY) as server:
        if server is None:
            pytest.skip(LEFT_OUT)
        yield server
