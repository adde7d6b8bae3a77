"""How people get to know: what is worth telling becomes an event on the Prefect server, which sends messages."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.events import Event, RelatedResource, Resource
from prefect.exceptions import PrefectHTTPStatusError
from prefect.runtime import deployment, flow_run

from blocks.pohoda import PohodaUnit
from flows.runs import block_named
from tasks.checking import Finding
from tasks.errors import PohodaPaymentsError, Unavailable
from tasks.ledger import Ledger
from tasks.notices import Matter, Notice, due, of_check, of_source, of_unit, worded
from tasks.reporting import Report

PREFIX = "pohoda-payments"
UNIT_RESOURCE = f"{PREFIX}.unit"
CHECKED = f"{PREFIX}.checked"
"""The event that says that a check of a unit has come to its end, whatever it found."""
REMEMBERED_DAYS = 30


def tell_of_run(report: Report, pohoda: PohodaUnit, ledger: Ledger) -> None:
    """Tell what the run found that people do not know yet. A trial run has somebody who looks at it anyway."""
    if not report.plan:
        _tell(of_source(report), report, pohoda, ledger, report.source)
        _tell(of_unit(report), report, pohoda, ledger, "")


def tell_of_check(findings: Sequence[Finding], unit: str, today: dt.date) -> None:
    """Tell what a check of the unit found wrong and people do not know yet, and that there was a check at all.

    Where the ledger cannot be used nothing can be remembered, and all that is wrong is told.
    """
    with ExitStack() as open_things:
        ico, ledger = "", None
        with suppress(PohodaPaymentsError):  # what hinders this is among the findings already
            pohoda = block_named(PohodaUnit, unit)
            ico = pohoda.ico
            ledger = open_things.enter_context(Ledger.of_unit(pohoda.ico, pohoda.ledger))
        scope = "notices: check"
        new, known = due(of_check(findings), _told(ledger, scope), today)
        sent = _sent([*(event_of(notice, unit, ico, "") for notice in worded(new, unit, ico)), checked(unit)])
        if sent and ledger is not None:
            _keep(ledger, scope, known)


def _tell(matters: list[Matter], report: Report, pohoda: PohodaUnit, ledger: Ledger, source: str) -> None:
    scope = f"notices: {source or 'unit'}"
    new, known = due(matters, _told(ledger, scope), report.today, remembered_days=REMEMBERED_DAYS)
    notices = worded(new, report.unit, pohoda.ico, source)
    if notices and _sent([event_of(notice, report.unit, pohoda.ico, source) for notice in notices]):
        _keep(ledger, scope, known)


def _told(ledger: Ledger | None, scope: str) -> dict[str, dt.date]:
    kept = json.loads((ledger and ledger.capability(scope)) or "{}")
    return {key: dt.date.fromisoformat(day) for key, day in kept.items()}


def _keep(ledger: Ledger, scope: str, told: dict[str, dt.date]) -> None:
    ledger.remember_capability(scope, json.dumps({key: day.isoformat() for key, day in told.items()}))


def event_of(notice: Notice, unit: str, ico: str, source: str) -> Event:
    """The event that makes the server send the notice."""
    payload = {
        "code": notice.code,
        "severity": notice.severity,
        "subject": notice.subject,
        "text": notice.text,
        "unit": unit,
        "ico": ico,
        "source": source,
    }
    sources = [_resource(f"{PREFIX}.source.{source}", source, role="source")] if source else []
    return Event(
        event=f"{PREFIX}.{notice.code}",
        resource=Resource(_labels(f"{UNIT_RESOURCE}.{unit}", unit)),
        related=[*this_run_as_related(), *sources],
        payload=payload,
    )


def checked(unit: str) -> Event:
    """The event that says that the unit has been checked."""
    resource = Resource(_labels(f"{PREFIX}.check.{unit}", unit))
    return Event(event=CHECKED, resource=resource, related=this_run_as_related())


def this_run_as_related() -> list[RelatedResource]:
    """The run that is going on, and its deployment where it has one, as resources of an event."""
    ids = {"flow-run": flow_run.id, "deployment": deployment.id}
    return [_resource(f"prefect.{role}.{key}", "", role=role) for role, key in ids.items() if key]


def _labels(identity: str, name: str) -> dict[str, str]:
    return {"prefect.resource.id": identity, **({"prefect.resource.name": name} if name else {})}


def _resource(identity: str, name: str, *, role: str) -> RelatedResource:
    return RelatedResource({**_labels(identity, name), "prefect.resource.role": role})


def _sent(events: Sequence[Event]) -> bool:
    """Whether the server took the events; a run goes on without it, and the next one tells."""
    try:
        send(events)
    except PohodaPaymentsError as error:
        get_run_logger().warning("Nobody could be told: %s", error)
        return False
    return True


def send(events: Sequence[Event]) -> None:
    """Hand the events to the Prefect server. Raises Unavailable when it did not take them.

    Prefect's own `emit_event` comes back before anybody has taken the event, and then nobody could know what
    may be remembered as told.
    """
    body: list[dict[str, Any]] = [event.model_dump(mode="json") for event in events]
    try:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=body)
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise Unavailable("The Prefect server did not take a message", evidence=type(error).__name__) from None
