"""The product's clock, moved: what it takes for now is as far from the true now as a test says."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from unittest.mock import patch

from tasks.days import prague_day
from tests.faults.stage import Stage

TRUE = dt.datetime


@dataclass
class Clock:
    """How far the product's clock is ahead."""

    ahead: dt.timedelta = dt.timedelta()

    def now(self, zone: dt.tzinfo | None = None) -> dt.datetime:
        return TRUE.now(zone) + self.ahead


@contextmanager
def moved_clock() -> Generator[Clock]:
    """A clock for flows and tasks, and for the day of their runs; servers keep the true one."""
    clock = Clock()
    modules = [module for name, module in sys.modules.items() if name.startswith(("flows.", "tasks."))]
    with ExitStack() as changes:
        shown = _shown(clock)
        for module in modules:
            if getattr(module, "dt", None) is dt:
                changes.enter_context(patch.object(module, "dt", shown))
        changes.enter_context(patch("flows.runs.scheduled_day", lambda: prague_day(clock.now(dt.UTC))))
        yield clock


def _shown(clock: Clock) -> ModuleType:
    """The module `datetime` as that clock has it."""

    class Kind(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, TRUE)

    class Moved(dt.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return clock.now(tz)

    shown = ModuleType("datetime")
    vars(shown).update(vars(dt) | {"datetime": Moved})
    return shown


@contextmanager
def jump(stage: Stage, clock: Clock, call: str, ahead: dt.timedelta) -> Generator[None]:
    """The clock jumps at the first call of this kind."""
    met = stage.wire.met

    def jumping(what: str) -> Any:
        if what == call:
            clock.ahead = ahead
        return met(what)

    with patch.object(stage.wire, "met", jumping):
        yield
