"""What remembers during a check when the ledger cannot: nothing outlives the check."""

from __future__ import annotations


class Scratch:
    """A `tasks.provider.Memory` and `tasks.mserver.capability.Capabilities` for one check alone."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def cursor(self, source: str, name: str) -> str | None:
        return None

    def wait_turn(self, key: str, seconds: float) -> None:
        """At once: without a ledger no run of ours can have taken a turn before."""

    def capability(self, name: str) -> str | None:
        return self._known.get(name)

    def remember_capability(self, name: str, value: str) -> None:
        self._known[name] = value
