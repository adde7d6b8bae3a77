"""
The steps of a run as Prefect tasks, so that the UI shows where a run stands.

There is one policy of retries for all of them: a step that failed for a passing reason is tried again with
growing pauses and jitter; anything else ends the run with a sentence that says what to do.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.tasks import exponential_backoff

from tasks.days import Days
from tasks.deciding import decided
from tasks.errors import Unavailable, is_passing
from tasks.loading import load
from tasks.pohoda import backup
from tasks.pohoda.finding import located
from tasks.pohoda.years import read_years
from tasks.provider import ByDocuments, ByPeriod, Delivery

RETRIES = 3
PAUSE_SECONDS = 10
JITTER = 0.5
LONGEST_PAUSE_SECONDS = 300.0
"""A provider that asks for more than this is left to the next run."""


def _is_passing(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether to try again. When the other side said how long to wait, the wait happens here, since Prefect's own
    pauses are fixed before anybody knows it."""
    outcome = state.result(raise_on_failure=False)
    if isinstance(outcome, Unavailable) and outcome.retry_after:
        time.sleep(min(outcome.retry_after, LONGEST_PAUSE_SECONDS))
    return isinstance(outcome, BaseException) and is_passing(outcome)


P = ParamSpec("P")
R = TypeVar("R")


def step(name: str, function: Callable[P, R]) -> Callable[P, R]:
    """The function as a step of a run: shown in the UI, tried again only after passing failures."""
    as_task = task(
        name=name,
        cache_policy=NO_CACHE,
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(backoff_factor=PAUSE_SECONDS),
        retry_jitter_factor=JITTER,
        retry_condition_fn=_is_passing,
        # What steps hand on holds payments and settings, which stay in memory whatever Prefect's settings say.
        persist_result=False,
    )
    return as_task(function)


def _extract(provider: ByPeriod, days: Days) -> list[Any]:
    return provider.extract(days)


def _normalize(provider: ByPeriod, raws: list[Any]) -> list[Delivery]:
    return [provider.normalize(raw) for raw in raws]


def _ask(provider: ByDocuments, questions: pd.DataFrame) -> list[Any]:
    return provider.ask(questions)


def _understand(provider: ByDocuments, raws: list[Any]) -> list[Delivery]:
    now = dt.datetime.now(dt.UTC)
    return [provider.read(raw, now) for raw in raws]


extract = step("extract", _extract)
normalize = step("normalize", _normalize)
ask = step("ask", _ask)
understand = step("understand", _understand)
back_up = step("back up", backup.back_up)
locate = step("find databases", located)
read = step("read documents", read_years)
decide = step("match", decided)
write_marks = step("load", load)
