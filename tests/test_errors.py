"""An error says what happened, how we know, and what to do; and it survives a trip between processes."""

import pickle

import pytest

from tasks.errors import (
    BadRecord,
    OutcomeUnknown,
    PohodaPaymentsError,
    Refused,
    SettingError,
    Unavailable,
    is_passing,
)


def test_a_message_has_cause_evidence_and_next_step() -> None:
    error = SettingError("The token is refused", evidence="HTTP 500 twice", next_step="check the token")
    assert str(error) == "The token is refused. Evidence: HTTP 500 twice. Next step: check the token."
    assert str(BadRecord("No amount")) == "No amount."


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("a", evidence="b", next_step="c", retry_after=3.0),
        Refused("a", code="103"),
        OutcomeUnknown("a"),
    ],
)
def test_an_error_can_be_pickled_with_all_it_knows(error: PohodaPaymentsError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_only_what_is_unavailable_passes_by_itself() -> None:
    assert is_passing(Unavailable("later"))
    assert not any(map(is_passing, [SettingError("x"), Refused("x"), OutcomeUnknown("x"), ValueError("x")]))
