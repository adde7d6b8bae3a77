"""
Everything that can go wrong, by what to do about it.

* PohodaPaymentsError
  - SettingError       stop; a person must change a setting (names the block and the field)
  - Unavailable        try again later; nothing was changed on the other side
  - Refused            the other side said no for good (carries its code and text)
  - OutcomeUnknown     the answer was lost after a write; find out before sending again
  - BadRecord          one record is unreadable; keep it aside, report it, go on

Every error says the cause, the evidence and the next step, and none of the three may hold a secret or
a payer's name, account or message.
"""

from __future__ import annotations

from tasks.outside import one_line

LATER = "run again later, or leave it to the next scheduled run, which goes on from here"
"""What to do about a passing failure that knows nothing better."""
ASK = "see in the evidence what the other side does not accept; with the log of this run support can help"
"""What to do about a refusal that knows nothing better."""


class PohodaPaymentsError(Exception):
    """Base of all errors of this product: what happened, how we know, and what to do next."""

    def __init__(self, cause: str, *, evidence: str = "", next_step: str = "") -> None:
        self.cause = cause
        self.evidence = evidence
        self.next_step = next_step
        super().__init__(cause, evidence, next_step)

    def __str__(self) -> str:
        parts = [self.cause.rstrip(".") + "."]
        if self.evidence:
            parts.append(f"Evidence: {self.evidence.rstrip('.')}.")
        if self.next_step:
            parts.append(f"Next step: {self.next_step.rstrip('.')}.")
        # What the other side says goes into logs: it must not begin a line of its own there.
        return one_line(" ".join(parts))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.cause, self.evidence, self.next_step, self.__dict__)


def _rebuild(
    kind: type[PohodaPaymentsError], cause: str, evidence: str, next_step: str, state: dict[str, object]
) -> PohodaPaymentsError:
    error = kind(cause, evidence=evidence, next_step=next_step)
    error.__dict__.update(state)
    return error


class SettingError(PohodaPaymentsError):
    """A person must change a setting before this can work: a bad token, a missing field, a wrong unit."""


class Unavailable(PohodaPaymentsError):
    """The other side cannot answer now: network, 5xx, throttled, locked. Nothing was changed there.

    `retry_after` is the number of seconds that the other side asks us to wait, if it said so.
    """

    def __init__(
        self, cause: str, *, evidence: str = "", next_step: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(cause, evidence=evidence, next_step=next_step or LATER)
        self.retry_after = retry_after


class Refused(PohodaPaymentsError):
    """The other side understood and said no for good; `code` is its own code where it gave one."""

    def __init__(self, cause: str, *, evidence: str = "", next_step: str = "", code: str = "") -> None:
        super().__init__(cause, evidence=evidence, next_step=next_step or ASK)
        self.code = code


class OutcomeUnknown(PohodaPaymentsError):
    """A write was sent and its answer was lost; read back what stands before anything is sent again."""


class BadRecord(PohodaPaymentsError):
    """One record cannot be read. It is kept aside and reported, and the others go on."""


def is_passing(error: BaseException) -> bool:
    """Whether trying the same again later can help without any person doing anything."""
    return isinstance(error, Unavailable)
