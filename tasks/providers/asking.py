"""
Asking one question at a time, politely: for providers that know no lists and answer about single payments only.

Requests are bounded in number at a time, start evenly instead of in bursts, and each is counted. A question that
fails for a passing reason does not stop the others: it is put once more after them, and what fails again is left
for the next run. A failure that a person must mend stops everything at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from tasks.errors import BadRecord, Unavailable

Q = TypeVar("Q")
A = TypeVar("A")

GIVE_UP_AFTER = 10
"""So many failures in a row mean that the other side is down: the rest is left in peace."""
SPARE = 1
"""Workers beyond those whose calls are under way: they make messages and read answers meanwhile."""
LONGEST_PAUSE = 60.0
"""Seconds; a longer wish of the other side is left to the retries of the step."""
NOT_CHECKED = Unavailable("Not asked, since the other side kept failing")

Failure = Unavailable | BadRecord


@dataclass(frozen=True)
class Pace:
    """How politely to ask: at most `concurrency` requests at a time, `pause` seconds between their starts."""

    concurrency: int
    pause: float

    @property
    def pause_before_second_try(self) -> float:
        """Seconds of rest before the failed questions are put once more."""
        return 10 * self.pause


@dataclass(frozen=True)
class Asked(Generic[Q, A]):
    """What became of all questions: each is either answered or failed, in the order in which they were put."""

    answers: tuple[tuple[Q, A], ...]
    failures: tuple[tuple[Q, Failure], ...]


class Asking:
    """Puts questions at one pace and counts calls: one object for one provider and run, shared by its threads."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.calls = 0
        self._slots = threading.BoundedSemaphore(pace.concurrency)
        self._lock = threading.Lock()
        self._next_start = 0.0

    @contextmanager
    def turn(self) -> Generator[None]:
        """Wait until a call may start and count it; the `with` lasts as long as the call is under way."""
        with self._slots:
            with self._lock:
                start = max(time.monotonic(), self._next_start)
                self._next_start = start + self.pace.pause
                self.calls += 1
            time.sleep(max(0.0, start - time.monotonic()))
            yield

    def all(self, questions: Sequence[Q], ask: Callable[[Q], A]) -> Asked[Q, A]:
        """The answers that `ask` gave, with one more try for what failed for a passing or unclear reason.

        `ask` makes its call within a `turn`; what it does before and after takes no turn away from the others.
        Any error but Unavailable and BadRecord stops the asking and is raised. Raises Unavailable when nothing
        was answered and at least one question failed for a passing reason.
        """
        outcomes = self._round(questions, ask)
        again = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Unavailable | BadRecord)]
        if again and not any(outcomes[n] is NOT_CHECKED for n in again):
            self._postpone(self.pace.pause_before_second_try)
            for n, outcome in zip(again, self._round([questions[n] for n in again], ask), strict=True):
                outcomes[n] = outcome
        return _sorted_out(questions, outcomes)

    def _round(self, questions: Sequence[Q], ask: Callable[[Q], A]) -> list[A | Failure]:
        fuse = _Fuse()

        def one(question: Q) -> A | Failure:
            if fuse.blown:
                return NOT_CHECKED
            try:
                answer = ask(question)
            except (Unavailable, BadRecord) as error:
                self._postpone(getattr(error, "retry_after", None) or 0.0)
                fuse.failed()
                return error
            except BaseException:
                fuse.blow()
                raise
            fuse.held()
            return answer

        with ThreadPoolExecutor(
            max_workers=self.pace.concurrency + SPARE, thread_name_prefix="asking"
        ) as workers:
            return list(workers.map(one, questions))

    def _postpone(self, seconds: float) -> None:
        """Nobody starts a call for so long: neither who was told to wait, nor the others."""
        if seconds:
            with self._lock:
                earliest = time.monotonic() + min(seconds, LONGEST_PAUSE)
                self._next_start = max(self._next_start, earliest)


class _Fuse:
    """Blows after so many failures in a row, or at once."""

    def __init__(self) -> None:
        self.blown = False
        self._in_a_row = 0

    def held(self) -> None:
        self._in_a_row = 0

    def failed(self) -> None:
        self._in_a_row += 1
        if self._in_a_row >= GIVE_UP_AFTER:
            self.blown = True

    def blow(self) -> None:
        self.blown = True


def _sorted_out(questions: Iterable[Q], outcomes: Iterable[A | Failure]) -> Asked[Q, A]:
    answers: list[tuple[Q, A]] = []
    failures: list[tuple[Q, Failure]] = []
    for question, outcome in zip(questions, outcomes, strict=True):
        if isinstance(outcome, Unavailable | BadRecord):
            failures.append((question, outcome))
        else:
            answers.append((question, outcome))
    passing = [error for _, error in failures if isinstance(error, Unavailable)]
    if passing and not answers:
        raise passing[0]
    return Asked(tuple(answers), tuple(failures))


def named(keys: Sequence[str], shown: int = 10) -> str:
    """The keys for a sentence in Czech: the first ones by name, the others counted."""
    more = f" a další ({len(keys) - shown})" if len(keys) > shown else ""
    return ", ".join(keys[:shown]) + more
