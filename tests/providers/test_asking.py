"""Asking politely: pace, partial failure, one more try, giving up, and stopping at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

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

    def note(self, question: int) -> int:
        self.starts.append(round(self.now - 100.0, 6))
        return question


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asking, "time", clock)
    return clock


def failing(times: int, error: Exception, of: int = 0) -> Callable[[int], int]:
    """Answers every question with itself, but question `of` fails so many times first."""
    left = [times]

    def ask(question: int) -> int:
        if question == of and left[0] > 0:
            left[0] -= 1
            raise error
        return question

    return ask


def test_starts_keep_their_distance(clock: Clock) -> None:
    Asking(Pace(1, 0.2)).all(range(4), clock.note)
    assert clock.starts == [0.0, 0.2, 0.4, 0.6]


def test_time_lost_is_not_made_up_by_a_burst(clock: Clock) -> None:
    def slow_first(question: int) -> int:
        clock.note(question)
        clock.now += 1.0 if question == 0 else 0.0
        return question

    Asking(Pace(1, 0.2)).all(range(3), slow_first)
    assert clock.starts == [0.0, 1.0, 1.2]


def test_everybody_waits_as_long_as_the_other_side_wishes(clock: Clock) -> None:
    asked = Asking(Pace(1, 0.2))
    tell = failing(1, Unavailable("busy", retry_after=30))
    asked.all(range(3), lambda question: tell(clock.note(question)))
    assert clock.starts == [0.0, 30.0, 30.2, 32.2]


def test_nobody_waits_longer_than_a_minute(clock: Clock) -> None:
    tell = failing(1, Unavailable("busy", retry_after=3600))
    Asking(Pace(1, 0)).all(range(2), lambda question: tell(clock.note(question)))
    assert clock.starts[1] == 60.0


def test_answers_come_in_the_order_of_the_questions_and_calls_are_counted() -> None:
    asker = Asking(Pace(4, 0))
    asked = asker.all(range(100), lambda question: question * 2)
    assert asked.answers == tuple((n, n * 2) for n in range(100))
    assert (asked.failures, asker.calls) == ((), 100)
    asker.call(lambda: None)
    assert asker.calls == 101


def test_no_questions_are_no_calls() -> None:
    assert Asking(Pace(2, 0)).all([], str).answers == ()


@pytest.mark.parametrize("error", [Unavailable("down"), BadRecord("odd")])
@pytest.mark.parametrize("position", range(5))
def test_what_failed_once_is_answered_at_the_second_try(error: Exception, position: int) -> None:
    asker = Asking(Pace(2, 0))
    asked = asker.all(range(5), failing(1, error, of=position))
    assert [answer for _, answer in asked.answers] == [0, 1, 2, 3, 4]
    assert asker.calls == 6


@pytest.mark.parametrize("error", [Unavailable("down"), BadRecord("odd")])
def test_what_failed_twice_is_left_for_the_next_run(error: Exception) -> None:
    asked = Asking(Pace(2, 0)).all(range(3), failing(2, error, of=1))
    assert asked.answers == ((0, 0), (2, 2))
    assert asked.failures == ((1, error),)


def test_when_nothing_was_answered_the_step_may_try_again() -> None:
    with pytest.raises(Unavailable, match="down"):
        Asking(Pace(2, 0)).all(range(3), _down)


def test_unreadable_answers_alone_are_reported_and_not_tried_for_ever() -> None:
    asked = Asking(Pace(2, 0)).all([0], failing(9, BadRecord("odd")))
    assert [str(error) for _, error in asked.failures] == ["odd."]


def test_after_many_failures_in_a_row_the_rest_is_left_in_peace() -> None:
    asker = Asking(Pace(1, 0))
    asked = asker.all(range(100), lambda question: _down(question) if question >= 5 else question)
    assert len(asked.answers) == 5
    assert len(asked.failures) == 95
    assert asker.calls == 5 + asking.GIVE_UP_AFTER


def test_failures_between_answers_do_not_add_up() -> None:
    asker = Asking(Pace(1, 0))
    asked = asker.all(range(100), lambda question: _down(question) if question % 2 else question)
    assert len(asked.answers) == 50
    assert asker.calls >= 100 + asking.GIVE_UP_AFTER


def test_what_a_person_must_mend_stops_everything_at_once() -> None:
    asker = Asking(Pace(2, 0))
    with pytest.raises(SettingError):
        asker.all(range(1000), failing(1, SettingError("wrong password"), of=3))
    assert asker.calls < 1000


def test_no_more_than_allowed_are_under_way() -> None:
    under_way, most, lock = [0], [0], threading.Lock()
    meeting = threading.Barrier(3, timeout=10)

    def ask(question: int) -> int:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        meeting.wait()
        with lock:
            under_way[0] -= 1
        return question

    Asking(Pace(3, 0)).all(range(9), ask)
    assert most[0] == 3


def test_many_keys_are_named_by_the_first_ones() -> None:
    assert named(["a", "b"]) == "a, b"
    assert named([str(n) for n in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 a další (2)"


def _down(_: int) -> int:
    raise Unavailable("down")
