"""How a run ends: with a sentence, whatever happened, and without a secret or a payer's word in it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.core import Block
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Failed

from tasks.errors import PohodaPaymentsError, Unavailable
from tasks.secrets import MaskSecrets, secrets_of


def told(story: Callable[[], State[Any]]) -> State[Any]:
    """The final state of the story, or a failed one that says what happened and what to do about it.

    A failure that nobody foresaw is a fault of ours. Its own text may quote a payment or a setting, so only its
    kind and the places in the code leave this machine.
    """
    log = get_run_logger()
    try:
        return story()
    except PohodaPaymentsError as error:
        log.error("%s: %s", type(error).__name__, error)
        return Failed(message=str(error))
    except Exception as error:
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("Unexpected %s at:\n%s", type(error).__name__, places)
        return Failed(
            message=f"A fault of this program: {type(error).__name__}. Nothing is lost, the next run goes on "
            "from here. Next step: send the log of this run to support."
        )


def leave(page: str, key: str, description: str) -> None:
    """Leave a page where the Prefect UI shows it, as the last thing that a run does: one history per key.

    Raises Unavailable when Prefect's server does not take it.
    """
    try:
        create_markdown_artifact(page, key=key, description=description)
    except (httpx.TransportError, PrefectHTTPStatusError) as error:
        status = f" {error.response.status_code}" if isinstance(error, PrefectHTTPStatusError) else ""
        raise Unavailable(
            "The run has done its work, but Prefect's server did not take its report",
            evidence=type(error).__name__ + status,
            next_step="look whether Prefect's server is running; the next run reports what stands then",
        ) from None


RUNS = ("prefect.flow_runs", "prefect.task_runs")
TALKING = ("httpx", "httpcore", "zeep")
"""Libraries that log addresses and messages as they are sent, where somebody has switched that on."""


class OnlyNews(logging.Filter):
    """Lets a step's end pass only when it failed: that one more went well is in the UI, and hides the story."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or "Finished in state Completed" not in record.getMessage()


@contextmanager
def masked_logs(*blocks: Block) -> Generator[None]:
    """While it lasts, no secret of these blocks passes the loggers of a run and of those libraries that speak to
    the other side, nor what hides its story."""
    filters = [MaskSecrets(secret for block in blocks for secret in secrets_of(block)), OnlyNews()]
    # A filter holds for its own logger alone, so each one below the library's needs it too.
    talking = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in TALKING]
    loggers = [logging.getLogger(name) for name in (*RUNS, *talking)]
    for logger in loggers:
        for one in filters:
            logger.addFilter(one)
    try:
        yield
    finally:
        for logger in loggers:
            for one in filters:
                logger.removeFilter(one)
