"""
Hourly runs of many clients on one Prefect server with PostgreSQL: 200 clients beside 20, in one run.

    uv run python -m tests.benchmarks.many_clients [--clients 20 200] [--window 90] [--json]

The server, its database, its services and the housekeeping are real. First one run with nothing new goes through
a real worker, and what it asks of the server is counted. Then each client has a pool, a worker and a deployment
of its own; the worker and the engine of a run are Prefect's, but all share this process, since this machine
cannot be 200 machines: a run loads its blocks, and has the steps, lines of log and report of the one that was
seen. `real_run` and `shared_run` lay the two side by side: requests that the server answered and rows that it
keeps.

`spread` has the hourly run of all clients begin within `--window` seconds, so the load is that of an hour in so
many seconds; `together` has them all at the same second. The runs are made before their time, as the server does
with schedules. `late_seconds` is how long after its time a run began; the server, the database and all clients
share the machine. CPU is per run, looking for work and heartbeats included. `bytes_per_client_day` is what 24
such runs add, indexes included. At the end all is made older than it is kept, and the server's own housekeeping
is waited for.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import LogSort

from sandbox.services import prefect_worker
from tests.benchmarks.clients import Idle, deployed, ended, idle_flow, machines, scheduled
from tests.benchmarks.idle import cpu
from tests.benchmarks.prefects_database import EVENTS, RUNS, PrefectsDatabase
from tests.benchmarks.stage import POOL, Stage, deploy, fio_firm, prefect_stage, run_to_end
from tests.postgresql import postgresql

STEPS = ("extract", "normalize", "read documents", "match")
START_SECONDS = 45
"""Time for all workers to come up before the first run."""
SETTLING_SECONDS = 8
RUNS_A_DAY = 24
RETENTION_DAYS = 90
HOUSEKEEPING = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(RETENTION_DAYS * 86_400),
    "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "5",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ORPHAN_CLEANUP_LOOP_SECONDS": "5",
}


def main() -> int:
    """Measure and print."""
    options = _parser().parse_args()
    with postgresql() as server:
        if server is None:
            raise RuntimeError("PostgreSQL is not installed")
        with server.database() as address:
            database = PrefectsDatabase(address)
            url = address.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
            settings = {
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": url,
                # Its log then has a line for each request.
                "PREFECT_SERVER_LOGGING_LEVEL": "INFO",
                **HOUSEKEEPING,
            }
            with prefect_stage(settings) as stage:
                figures = measured(stage, database, options.clients, options.window)
    sys.stdout.write(json.dumps(figures, indent=None if options.json else 2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.many_clients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[20, 200], help="how many, case by case")
    parser.add_argument("--window", type=float, default=90, help="seconds in which all runs of an hour begin")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def measured(stage: Stage, database: PrefectsDatabase, counts: Sequence[int], window: float) -> dict[str, Any]:
    """All figures: the run that was seen, each number of clients, and the housekeeping at the end."""
    figures: dict[str, Any] = {"cores": os.cpu_count(), "window_seconds": window}
    with fio_firm(stage.folder):
        figures["real_run"], seen = _real_run(stage, database)
        before, asked = database.rows(), requests(stage)
        asyncio.run(_case("alone", 1, 0, seen, stage, database))
        figures["shared_run"] = {"requests": requests(stage) - asked, "rows": database.grown(before)}
        for count in counts:
            for name, seconds in (("spread", window), ("together", 0.0)):
                figures[f"{count}_clients_{name}"] = asyncio.run(
                    _case(name, count, seconds, seen, stage, database)
                )
    figures["housekeeping"] = _housekept(database)
    return figures


def _real_run(stage: Stage, database: PrefectsDatabase) -> tuple[dict[str, Any], Idle]:
    """A run with nothing new as it is, through a worker of its own: what it costs the server, and what it did."""
    deploy("fio")
    with prefect_worker(stage.folder, POOL):
        run_to_end("fio")
        time.sleep(SETTLING_SECONDS)
        before, asked = database.rows(), requests(stage)
        run = run_to_end("fio")
        time.sleep(SETTLING_SECONDS)
        counted = {"requests": requests(stage) - asked, "rows": database.grown(before)}
    with get_client(sync_client=True) as client:
        which = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
        logs = client.read_logs(which, limit=200, sort=LogSort.TIMESTAMP_ASC)
    own = [one.message for one in logs if one.name == "prefect.flow_runs" and "state " not in one.message]
    return counted, Idle(STEPS, tuple(own), database.report_of(run.id))


async def _case(
    name: str, count: int, window: float, seen: Idle, stage: Stage, database: PrefectsDatabase
) -> dict[str, Any]:
    """The hourly runs of so many clients, all beginning within the window."""
    names = [f"{name}-{count}-{number}" for number in range(count)]
    size, used = database.bytes(), (cpu(stage.server), database.cpu())
    async with get_client() as client:
        deployments = await deployed(client, names)
        async with machines(names, idle_flow(seen)):
            first = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=START_SECONDS)
            runs = await ended(client, await scheduled(client, deployments, first, window))
            await asyncio.sleep(SETTLING_SECONDS)
    grown = {kind: (after - size[kind]) * RUNS_A_DAY // count for kind, after in database.bytes().items()}
    return {
        "late_seconds": spread_of([lateness(run) for run in runs]),
        "run_seconds": spread_of([run.total_run_time.total_seconds() for run in runs]),
        "server_cpu_seconds_per_run": round((cpu(stage.server) - used[0]) / count, 2),
        "database_cpu_seconds_per_run": round((database.cpu() - used[1]) / count, 2),
        "bytes_per_client_day": grown,
    }


def lateness(run: FlowRun) -> float:
    """Seconds from the time for which the run was scheduled until it began."""
    if run.start_time is None or run.expected_start_time is None:
        raise RuntimeError(f"{run.name} has not begun")
    return (run.start_time - run.expected_start_time).total_seconds()


def spread_of(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return {"p50": round(statistics.median(seconds), 1), "p95": round(p95, 1), "max": round(max(seconds), 1)}


def requests(stage: Stage) -> int:
    """How many requests the server has answered so far, by its own log."""
    log = (stage.folder / "server.log").read_text(encoding="utf-8", errors="replace")
    return sum(1 for line in log.splitlines() if "HTTP/1.1" in line or "HTTP/2" in line)


def _housekept(database: PrefectsDatabase) -> dict[str, Any]:
    """Rows before and after all of it is older than it is kept, and how long the server took to remove it."""
    before, start = database.rows(), time.monotonic()
    database.age(RETENTION_DAYS + 1)
    while any(database.ended_rows().values()):
        time.sleep(1)
    took = round(time.monotonic() - start, 1)
    after = database.rows()
    kept = {table: {"before": before[table], "after": after[table]} for table in (*RUNS, *EVENTS)}
    return {"seconds": took, "rows": kept}


if __name__ == "__main__":
    sys.exit(main())
