"""The demonstration: the sandbox firm, a Prefect server, a worker, and real runs of the deployments on it."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import LogSort
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from sandbox.firm import firm, truth
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import PROJECT, free_port, prefect_command, prefect_server, prefect_worker, wait_for_server
from sandbox.world import Marks, Stand, World
from tasks.days import prague_day
from tasks.money import czech
from tasks.tables import AGENDAS


def _providers() -> tuple[str, ...]:
    """Every provider of the house: a file of one name in blocks, flows and sandbox."""
    rooms = [
        {file.stem for file in (PROJECT / room).glob("[a-z]*.py")} for room in ("blocks", "flows", "sandbox")
    ]
    return tuple(sorted(name.replace("_", "-") for name in set.intersection(*rooms)))


PROVIDERS = _providers()
POOL = "local"
UNIT = "pohoda"
SHOWN = 15
WIDTH = 140
"""Of the output when it goes to a file, where rich would take 80."""

Standing = dict[tuple[str, int], Marks | None]

console = Console() if Console().is_terminal else Console(width=WIDTH)


def demonstrate(folder: Path, *, providers: Sequence[str], seed: int, once: bool) -> bool:
    """Run the deployments of these providers and show what became of the documents.

    Returns whether every mark in the sandbox's Pohoda is what the world's truth says.
    """
    chosen = PROVIDERS if "all" in providers else tuple(dict.fromkeys(providers))
    port = free_port()
    api, ui = f"http://127.0.0.1:{port}/api", f"http://127.0.0.1:{port}"
    os.environ.update(PREFECT_API_URL=api, PREFECT_UI_API_URL=api)
    with ExitStack() as open_things, temporary_settings({PREFECT_API_URL: api}):
        say("Starting a Prefect server …")
        open_things.enter_context(prefect_server(folder, port))
        world = firm(seed=seed, today=prague_day(dt.datetime.now(dt.UTC)))
        pohoda = SandboxPohoda.build(world, folder)
        say(f"The firm has {len(world.papers)} documents in a database of Pohoda's shape")
        mserver = open_things.enter_context(open_mserver(pohoda, accepts_updates=True))
        stands = [open_stand(name, world, folder, open_things) for name in PROVIDERS]
        wait_for_server(api)
        say(f"Prefect UI: {ui}")
        pohoda.unit(mserver.address, f"sqlite:///{(folder / 'ledger.db').as_posix()}").save(UNIT, overwrite=True)
        for stand in stands:
            stand.block.save(stand.provider, overwrite=True)
        say("Saved the blocks, deploying from prefect.yaml …")
        prefect_command(["work-pool", "create", POOL, "--type", "process"])
        prefect_command(["deploy", "--all"])
        pause_schedules()
        open_things.enter_context(prefect_worker(folder, POOL))
        before = pohoda.marks()
        runs = [run_on_worker(name) for name in chosen]
        right = show(world, pohoda, before, runs, chosen, ui)
        if not once:
            stay_open(ui)
    return right


def say(text: str) -> None:
    console.print(f"[dim]{dt.datetime.now(dt.UTC).astimezone():%H:%M:%S}[/dim] {text}", highlight=False)


def open_stand(provider: str, world: World, folder: Path, open_things: ExitStack) -> Stand:
    """The provider's own place in the sandbox, open until the demonstration ends."""
    module = importlib.import_module(f"sandbox.{provider.replace('-', '_')}")
    own = folder / provider
    own.mkdir()
    return open_things.enter_context(module.stand(world, own))


def pause_schedules() -> None:
    """Keep the schedules of prefect.yaml visible but quiet, so that only the runs asked for happen here."""
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            for schedule in deployment.schedules:
                client.update_deployment_schedule(deployment.id, schedule.id, active=False)


def run_on_worker(provider: str) -> FlowRun:
    """Start the provider's deployment on the worker and show its log until it ends."""
    say(f"Running the deployment {provider}/{provider} on the worker …")
    run = cast("FlowRun", run_deployment(name=f"{provider}/{provider}", timeout=0, as_subflow=False))
    shown = 0
    with get_client(sync_client=True) as client:
        while True:
            run = client.read_flow_run(run.id)
            shown += show_log(client, run.id, shown)
            if run.state is not None and run.state.is_final():
                show_log(client, run.id, shown)
                say(f"[bold]{provider}: {run.state.name}[/bold] {run.state.message or ''}")
                return run
            time.sleep(0.5)


def show_log(client: SyncPrefectClient, run_id: UUID, already: int) -> int:
    """Print the run's log lines after the first `already`; returns how many there were."""
    lines = client.read_logs(
        LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])), sort=LogSort.TIMESTAMP_ASC, offset=already
    )
    for line in lines:
        console.print(f"    [dim]{line.message.splitlines()[0] if line.message else ''}[/dim]", highlight=False)
    return len(lines)


def show(
    world: World,
    pohoda: SandboxPohoda,
    before: Standing,
    runs: Sequence[FlowRun],
    channels: Sequence[str],
    ui: str,
) -> bool:
    """Print documents before and after, the runs' own reports, and whether all is as it truly should be."""
    after, should = pohoda.marks(), truth(world, channels)
    for run in runs:
        console.print(Markdown(report_of(run)))
    console.print(overview(world, before, after))
    console.print(changed_documents(world, before, after))
    wrong = {key: marks for key, marks in after.items() if marks != before[key] or key in should}
    wrong = {key: marks for key, marks in wrong.items() if marks != should.get(key, before[key])}
    for key, marks in wrong.items():
        console.print(f"[red]Wrong: {key} stands {marks}, should be {should.get(key, before[key])}[/red]")
    finished = all(run.state is not None and run.state.is_completed() for run in runs)
    verdict = "[green]every mark is right[/green]" if finished and not wrong else "[red]not right[/red]"
    console.print(f"Checked against the world's own truth, document by document: {verdict}")
    for run in runs:
        console.print(f"Run, logs and report in the Prefect UI: {ui}/runs/flow-run/{run.id}", highlight=False)
    return finished and not wrong


def report_of(run: FlowRun) -> str:
    """The report that the run left, as the accountant reads it."""
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        )
    return "\n\n".join(str(artifact.data) for artifact in artifacts if artifact.type == "markdown")


def overview(world: World, before: Standing, after: Standing) -> Table:
    """How many documents of each kind carried a mark before and carry one after."""
    table = Table(
        "documents", "count", "marked before", "marked after", "paid in full after", title="Before and after"
    )
    for agenda in AGENDAS:
        keys = [(paper.agenda, paper.id) for paper in world.papers if paper.agenda == agenda]
        paid = sum(1 for key in keys if (marks := after[key]) is not None and marks.paid)
        table.add_row(
            agenda,
            str(len(keys)),
            str(sum(before[key] is not None for key in keys)),
            str(sum(after[key] is not None for key in keys)),
            str(paid),
        )
    return table


def changed_documents(world: World, before: Standing, after: Standing) -> Table:
    """The first documents whose marks changed, before and after."""
    changed = [paper for paper in world.papers if before[paper.agenda, paper.id] != after[paper.agenda, paper.id]]
    title = f"Marked documents ({min(SHOWN, len(changed))} of {len(changed)})"
    table = Table("kind", "number", "total", "paid before", "paid now", "payments", "in full", title=title)
    for paper in changed[:SHOWN]:
        old, new = before[paper.agenda, paper.id], after[paper.agenda, paper.id]
        table.add_row(
            paper.agenda,
            paper.number,
            czech(paper.total, paper.currency),
            czech(old.amount) if old else "–",
            czech(new.amount) if new else "–",
            str(new.count) if new else "–",
            "yes" if new and new.paid else "no",
        )
    return table


def stay_open(ui: str) -> None:
    """Wait for Ctrl-C, so that one can look around in the UI."""
    say(f"Look around at {ui}; Ctrl-C ends everything")
    while True:
        time.sleep(1)
