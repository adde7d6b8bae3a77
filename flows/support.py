"""A support bundle of one accounting unit: all that support needs, and nothing that is not support's to know."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort, LogSort
from prefect.runtime import flow_run
from prefect.states import Completed

from blocks.pohoda import PohodaUnit
from flows.check import PROVIDERS, findings_of
from flows.deployed import PAGE, deployed
from flows.forms import Unit
from flows.runs import block_named, scheduled_day
from flows.telling import leave, masked_logs, told
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.ledger.opening import default_file
from tasks.secrets import secrets_of
from tasks.support import Part, Row, part
from tasks.support.bundle import bundle_file, bundle_key, bundle_markdown
from tasks.support.machine import libraries, machine
from tasks.support.records import moment, records
from tasks.support.settings import settings_of
from tasks.support.words import Words

MOST_RUNS = 50
LOGGED_RUNS = 10
"""The newest runs whose log goes along."""
MOST_LINES = 200
"""Lines of one run's log, the last ones; also the most that Prefect's API gives at once."""


def support_name() -> str:
    """Which unit and day a bundle is about, for the list of runs in the UI."""
    return f"{flow_run.parameters.get('unit')} {scheduled_day()}"


@flow(name="support", flow_run_name=support_name)
def support(unit: Unit = "pohoda") -> State[Any]:
    """Sebere podklady pro technickou podporu a nic nezmění: verze, nastavení, kontrolu, evidenci a poslední běhy.

    Hesla, klíče, jména, účty a zprávy plátců v nich nejsou. Výsledek je stránka u běhu a soubor podpora-….zip ve
    složce evidence plateb.

    Args:
        unit: Jméno bloku „Pohoda - účetní jednotka“.
    """

    def story() -> State[Any]:
        when = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
        with get_client(sync_client=True) as client, ExitStack() as open_things:
            past = runs_of(client, unit)
            blocks = _blocks(unit, accounts_of(client, unit, past))
            open_things.enter_context(masked_logs(*blocks.values()))
            parts, folder = _parts(client, unit, past, blocks)
        page = bundle_markdown(unit, when, parts)
        file = bundle_file(folder, unit, page, parts)
        get_run_logger().info("The support bundle is saved as %s", file.name)
        leave(page, bundle_key(unit), f"Podklady pro podporu, {when}")
        return Completed(message=f"Podklady jsou na přiložené stránce a v souboru {file.name} ve složce evidence")

    return told(story)


@dataclass(frozen=True)
class Past:
    """One run of the unit as Prefect knows it."""

    flow: str
    run: FlowRun


def runs_of(client: SyncPrefectClient, unit: str) -> list[Past]:
    """The newest runs of this unit that have started, other than bundles, newest first."""
    theirs = [one.id for _, one in deployed(client) if one.parameters.get("unit") == unit]
    deployment = FlowRunFilterDeploymentId(any_=theirs)
    found = {
        run.id: run
        # Of the newest runs of all, few may be this unit's where a server serves many clients.
        for chosen in (FlowRunFilter(deployment_id=deployment), None)
        for run in client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.START_TIME_DESC, limit=PAGE)
        if run.start_time and run.parameters.get("unit") == unit
    }
    names = {flow_id: client.read_flow(flow_id).name for flow_id in {run.flow_id for run in found.values()}}
    newest = sorted(found.values(), key=lambda run: str(run.start_time), reverse=True)
    past = [Past(names[run.flow_id], run) for run in newest]
    return [one for one in past if one.flow != "support"][:MOST_RUNS]


def accounts_of(client: SyncPrefectClient, unit: str, past: Sequence[Past]) -> list[str]:
    """The accounts whose deployments or runs belong to this unit, as "provider/block name"."""
    deployments = [(flow, one.parameters) for flow, one in deployed(client)]
    all_of_them = [*deployments, *((one.flow, one.run.parameters) for one in past)]
    return sorted(
        {
            f"{name}/{given['account']}"
            for name, given in all_of_them
            if name in PROVIDERS and given.get("unit") == unit and given.get("account")
        }
    )


def _blocks(unit: str, accounts: Sequence[str]) -> dict[str, Block]:
    """The unit and its accounts as far as they can be loaded; what cannot be is among check's findings."""
    wanted: list[tuple[str, type[Block], str]] = [(f"pohoda/{unit}", PohodaUnit, unit)]
    for label in accounts:
        provider, _, name = label.partition("/")
        wanted.append((label, PROVIDERS[provider][0], name))
    found: dict[str, Block] = {}
    for label, kind, name in wanted:
        try:
            found[label] = block_named(kind, name)
        except PohodaPaymentsError as error:
            get_run_logger().warning("%s is left out: %s", label, error)
    return found


def _parts(
    client: SyncPrefectClient, unit: str, past: Sequence[Past], blocks: dict[str, Block]
) -> tuple[list[Part], Path]:
    """Every part of the bundle, and the folder of the ledger."""
    accounts = [label for label in blocks if not label.startswith("pohoda/")]
    words = Words([unit, *blocks], [secret for block in blocks.values() for secret in secrets_of(block)])
    passed = words.passed
    ledger_parts, folder = _of_ledger(blocks.get(f"pohoda/{unit}"), words)
    return [
        part("Stroj a verze", ("Co", "Verze"), machine, passed),
        part(
            "Zjištění kontroly",
            ("Co", "Stav", "Zjištění", "Důkaz"),
            lambda: _checked(unit, accounts, words),
            passed,
        ),
        part("Poslední selhání", ("Běh", "Kdy", "Zpráva"), lambda: _failures(past, words), passed),
        part(
            "Poslední běhy", ("Běh", "Začátek", "Trvání s", "Stav", "Pokus"), lambda: _past(past, words), passed
        ),
        *ledger_parts,
        part("Nastavení", ("Blok", "Pole", "Hodnota"), lambda: _settings(blocks), passed),
        part("Záznamy běhů", ("Běh", "Čas", "Úroveň", "Text"), lambda: _lines(client, past, words), passed),
        part("Knihovny", ("Knihovna", "Verze"), libraries, passed),
    ], folder


def _of_ledger(pohoda: Block | None, words: Words) -> tuple[list[Part], Path]:
    usual = default_file().parent
    if not isinstance(pohoda, PohodaUnit):
        return [], usual
    try:
        with Ledger.of_unit(pohoda.ico, pohoda.ledger) as ledger:
            return records(ledger, words.passed), ledger.folder or usual
    except PohodaPaymentsError as error:
        return [Part("Evidence plateb", ("Nezjištěno",), [(words.passed(error),)])], usual


def _checked(unit: str, accounts: Sequence[str], words: Words) -> list[Row]:
    findings, _ = findings_of(unit, accounts)
    return [
        (words.passed(f"{one.area}: {one.name}"), one.state, words.passed(one.cause), words.passed(one.evidence))
        for one in findings
    ]


def _settings(blocks: dict[str, Block]) -> list[Row]:
    return [(label, *field) for label, block in blocks.items() for field in settings_of(block)]


def _past(past: Sequence[Past], words: Words) -> list[Row]:
    return [
        (
            _named(one),
            moment(one.run.start_time),
            f"{one.run.total_run_time.total_seconds():.1f}",
            words.passed(one.run.state_name or ""),
            str(one.run.run_count),
        )
        for one in past
    ]


def _failures(past: Sequence[Past], words: Words) -> list[Row]:
    failed = [one for one in past if one.run.state and (one.run.state.is_failed() or one.run.state.is_crashed())]
    return [
        (_named(one), moment(one.run.start_time), words.passed(one.run.state.message or ""))
        for one in failed
        if one.run.state
    ]


def _lines(client: SyncPrefectClient, past: Sequence[Past], words: Words) -> list[Row]:
    rows: list[Row] = []
    for one in past[:LOGGED_RUNS]:
        logs = client.read_logs(
            LogFilter(flow_run_id=LogFilterFlowRunId(any_=[one.run.id])),
            limit=MOST_LINES,
            sort=LogSort.TIMESTAMP_DESC,
        )
        for log in reversed(logs):
            lines = [words.passed(line) for line in log.message.splitlines() if line.strip()]
            rows += [
                (_named(one), moment(log.timestamp), logging.getLevelName(log.level), line) for line in lines
            ]
    return rows


def _named(one: Past) -> str:
    return f"{one.flow} {str(one.run.id)[:8]}"
