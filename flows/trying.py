"""A trial of the messages: one of each kind is sent, and the Prefect server says what became of it."""

from __future__ import annotations

import datetime as dt
import time
from typing import get_args

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter, EventResourceFilter
from prefect.events.schemas.automations import Automation

from flows.deliveries import way_of
from flows.noticing import event_of, send
from tasks.errors import SettingError
from tasks.notices import Matter, worded
from tasks.notices.matter import Code
from tasks.outside import one_line

TRIAL = "zkouška"
WAIT_SECONDS = 90.0
FAILED = "nezdařilo se"
LONGEST_REASON = 300
MOST_EVENTS = 50
"""The server gives no more at once."""


def tried(automation: str) -> list[str]:
    """Send one message of each kind by the automation of this name; for each way, in Czech, what came of them.

    Raises SettingError when there is no such automation or it is switched off.
    """
    started = dt.datetime.now(dt.UTC)
    matters = [Matter(code, code, "Toto je zkouška, nic se nestalo.") for code in get_args(Code)]
    with get_client(sync_client=True) as client:
        standing = client.read_automations_by_name(automation)
        if not standing or not standing[0].enabled:
            raise SettingError(
                "No messages are sent",
                evidence=f"the automation {automation!r} is not there or switched off",
                next_step="save the block Upozornění, switch the automation on in the Prefect UI and try again",
            )
        send([event_of(notice, TRIAL, "", "") for notice in worded(matters, TRIAL, "")])
        outcomes = _awaited(client, standing[0], started, len(matters))
    return [
        _told(way_of(action), outcomes.get(n, []), len(matters)) for n, action in enumerate(standing[0].actions)
    ]


def _awaited(
    client: SyncPrefectClient, automation: Automation, since: dt.datetime, times: int
) -> dict[int, list[str]]:
    """By the place of each action, what became of each message: empty when it was taken, else why it was not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        ended = _of(client, automation, since)
        if len(ended) >= times * len(automation.actions) or time.monotonic() > deadline:
            break
        time.sleep(1)
    outcomes: dict[int, list[str]] = {}
    for event in ended:
        outcomes.setdefault(int(event.payload["action_index"]), []).append(why_not(event))
    return outcomes


def _of(client: SyncPrefectClient, automation: Automation, since: dt.datetime) -> list[Event]:
    """What became of the automation's actions until now."""
    wanted = EventFilter(
        event=EventNameFilter(name=["prefect.automation.action.executed", "prefect.automation.action.failed"]),
        occurred=EventOccurredFilter.model_validate({"since": since}),
        resource=EventResourceFilter(id=[f"prefect.automation.{automation.id}"]),
    )
    return [*client.read_events(wanted, limit=MOST_EVENTS).events]


def why_not(event: Event) -> str:
    """Why the message of this event was not taken, on one line; empty when it was."""
    status = int(event.payload.get("status_code", 200))
    if event.event.endswith(".executed"):
        return "" if status < 300 else f"HTTP {status}"
    said = event.payload.get("notification_log") or event.payload.get("reason") or "?"
    return one_line(str(said))[:LONGEST_REASON]


def _told(way: str, outcomes: list[str], times: int) -> str:
    taken = outcomes.count("")
    reasons = sorted(
        {why for why in outcomes if why} | ({"server neodpověděl včas"} if len(outcomes) < times else set())
    )
    said = f"{way}: odesláno {taken} z {times}"
    return f"{said}, {FAILED}: {'; '.join(reasons)}" if taken < times else said
