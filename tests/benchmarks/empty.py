"""A flow that does nothing: what a run costs when it is Prefect's alone."""

from __future__ import annotations

from prefect import flow


@flow(name="empty")
def empty() -> None:
    """Ends at once."""
