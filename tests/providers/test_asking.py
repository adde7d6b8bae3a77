"""Asking politely: pace, partial failure, one more try, giving up, and stopping at once."""

from __future__ import annotations

import threading
import time

import pytest

from tasks.errors import BadRecord, SettingError, Unavailable
from tasks.providers import asking
from tasks.providers.asking import Asking, Pace, named


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.starts: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def noted(asker: Asking, clock: Clock, count: int, *, slow: int = -1, busy: Exception | None = None) -> None:
    """Ask so many questions and note when each call starts; one may be slow, the first one told to wait."""

    def ask(question: int) -> int:
        with asker.turn():
            clock.starts.append(round(clock.now - 100.0, 6))
            clock.now += 1.0 if question == slow else 0.0
        if busy and len(clock.starts) == 1:
            raise busy
        return question

    asker.all(range(count), ask)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asking, "time", clock)
    monkeypatch.setattr(asking, "SPARE", 0)
    return clock


class Other:
    """The other side: answers every question with itself, but fails `times` times at question `of`."""

    def __init__(self, asker: Asking, error: Exception | None = None, times: int = 0, of: int = 0) -> None:
        self._asker = asker
        self._error = error
        self._left = times
        self._of = of

    def __call__(self, question: int) -> int:
        with self._asker.turn():
            if self._error and question == self._of and self._left > 0:
                self._left -= 1
                raise self._error
            return question


def test_starts_keep_their_distance(clock: Clock) -> None:
    noted(Asking(Pace(1, 0.2)), clock, 4)
    assert clock.starts == [0.0, 0.2, 0.4, 0.6]


def test_time_lost_is_not_made_up_by_a_burst(clock: Clock) -> None:
    noted(Asking(Pace(1, 0.2)), clock, 3, slow=0)
    assert clock.starts == [0.0, 1.0, 1.2]


def test_everybody_waits_as_long_as_the_other_side_wishes(clock: Clock) -> None:
    noted(Asking(Pace(1, 0.2)), clock, 3, busy=Unavailable("busy", retry_after=30))
    assert clock.starts == [0.0, 30.0, 30.2, 32.2]


def test_nobody_waits_longer_than_a_minute(clock: Clock) -> None:
    noted(Asking(Pace(1, 0)), clock, 2, busy=Unavailable("busy", retry_after=3600))
    assert clock.starts[1] == 60.0


def test_answers_come_in_the_order_of_the_questions_and_calls_are_counted() -> None:
    asker = Asking(Pace(4, 0))
    asked = asker.all(range(100), Other(asker))
    assert asked.answers == tuple((n, n) for n in range(100))
    assert (asked.failures, asker.calls) == ((), 100)
    with asker.turn():
        assert asker.calls == 101


def test_no_questions_are_no_calls() -> None:
    assert Asking(Pace(2, 0)).all([], str).answers == ()


@pytest.mark.parametrize("error", [Unavailable("down"), BadRecord("odd")])
@pytest.mark.parametrize("position", range(5))
def test_what_failed_once_is_answered_at_the_second_try(error: Exception, position: int) -> None:
    asker = Asking(Pace(2, 0))
    asked = asker.all(range(5), Other(asker, error, 1, of=position))
    assert [answer for _, answer in asked.answers] == [0, 1, 2, 3, 4]
    assert asker.calls == 6


@pytest.mark.parametrize("error", [Unavailable("down"), BadRecord("odd")])
def test_what_failed_twice_is_left_for_the_next_run(error: Exception) -> None:
    asker = Asking(Pace(2, 0))
    asked = asker.all(range(3), Other(asker, error, 2, of=1))
    assert asked.answers == ((0, 0), (2, 2))
    assert asked.failures == ((1, error),)


def test_when_nothing_was_answered_the_step_may_try_again() -> None:
    with pytest.raises(Unavailable, match="down"):
        Asking(Pace(2, 0)).all(range(3), _down)


def test_unreadable_answers_alone_are_reported_and_not_tried_for_ever() -> None:
    asker = Asking(Pace(2, 0))
    asked = asker.all([0], Other(asker, BadRecord("odd"), 9))
    assert [str(error) for _, error in asked.failures] == ["odd."]


def test_after_many_failures_in_a_row_the_rest_is_left_in_peace() -> None:
    asker = Asking(Pace(1, 0))
    asked = asker.all(range(100), lambda question: _down(question) if question >= 5 else question)
    assert len(asked.answers) == 5
    tried = [error for _, error in asked.failures if error is not asking.NOT_CHECKED]
    assert asking.GIVE_UP_AFTER <= len(tried) <= asking.GIVE_UP_AFTER + asking.SPARE
    assert len(asked.failures) == 95


def test_failures_between_answers_do_not_add_up() -> None:
    asker = Asking(Pace(1, 0))
    other = Other(asker)
    asked = asker.all(range(100), lambda question: _down(question) if question % 4 == 1 else other(question))
    assert len(asked.answers) == 75


def test_what_a_person_must_mend_stops_everything_at_once() -> None:
    asker = Asking(Pace(2, 0))

    def ask(question: int) -> int:
        with asker.turn():
            time.sleep(0.02)
        if question == 3:
            raise SettingError("wrong password")
        return question

    with pytest.raises(SettingError):
        asker.all(range(1000), ask)
    assert asker.calls < 500


def test_no_more_than_allowed_are_under_way() -> None:
    asker = Asking(Pace(3, 0))
    under_way, most, lock = [0], [0], threading.Lock()
    meeting = threading.Barrier(3, timeout=60)

    def ask(question: int) -> int:
        with asker.turn():
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            meeting.wait()
            with lock:
                under_way[0] -= 1
        return question

    asker.all(range(9), ask)
    assert most[0] == 3


def test_many_keys_are_named_by_the_first_ones() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named([str(n) for n in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 a další (2)"


def _down(_: int) -> int:
    raise Unavailable("down")
