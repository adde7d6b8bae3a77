"""
How long after the bank shows a payment its mark stands in Pohoda, by the schedule and by a run asked for at once.

    uv run python -m tests.benchmarks.latency [--tries 3] [--interval 60] [--json]

A real server, a worker as set-up starts it, with Prefect's own pause between two looks for work, and the
deployment `fio` of the sandbox's firm, on an interval of so many seconds. In each try Fio gets a payment of one
open document at a random moment, and Pohoda's database is read until the mark stands: `beyond_interval_seconds`
is the wait minus the interval, one figure per try. Then the same without a schedule: `at_once_seconds` is what a
run costs that starts when the payment comes. Pauses between calls of Fio are short, as in all of the sandbox; the
real bank's 30 s concern only runs that call it more than once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings.models.worker import WorkerSettings

from sandbox.demo import pause_schedules
from sandbox.fio_statement import row
from sandbox.services import prefect_worker
from sandbox.world import Marks, Money, World
from tests.benchmarks.stage import POOL, Firm, deploy, fio_firm, prefect_stage, run_to_end

POLL_SECONDS = 0.5
LONGEST_SECONDS = 600
FLOOR_SECONDS = 60
AS_INSTALLED = {"PREFECT_WORKER_QUERY_SECONDS": str(WorkerSettings.model_fields["query_seconds"].default)}


def main() -> int:
    """Pay one document after another and print the figures."""
    options = _parser().parse_args()
    with prefect_stage() as stage, fio_firm(stage.folder) as firm:
        held_back = withheld(firm, 2 * options.tries)
        deploy("fio")
        with prefect_worker(stage.folder, POOL, settings=AS_INSTALLED):
            run_to_end("fio")
            schedule(options.interval)
            waits = [
                marked_after(firm, money, random.uniform(0, options.interval))
                for money in held_back[: options.tries]
            ]
            pause_schedules()
            at_once = [
                marked_after(firm, money, 0, lambda: run_to_end("fio")) for money in held_back[options.tries :]
            ]
    beyond = [round(wait - options.interval, 1) for wait in waits]
    figures = {
        "interval_seconds": options.interval,
        "beyond_interval_seconds": beyond,
        "largest_beyond_interval_seconds": max(beyond),
        "floor_seconds": FLOOR_SECONDS,
        "at_once_seconds": [round(wait, 1) for wait in at_once],
    }
    shown = json.dumps(figures) if options.json else "\n".join(f"{k:32} {v}" for k, v in figures.items())
    sys.stdout.write(shown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.latency",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--interval", type=int, default=60, help="seconds between scheduled runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def withheld(firm: Firm, count: int) -> list[Money]:
    """So many payments that each pay one document exactly, taken from the account, to come as if today."""
    held_back = list(_plain(firm.world))[:count]
    if len(held_back) < count:
        raise ValueError(f"the firm has only {len(held_back)} payments of this kind")
    taken = {row(money).id for money in held_back}
    firm.account.rows[:] = [one for one in firm.account.rows if one.id not in taken]
    return [replace(money, paid_on=firm.world.today) for money in held_back]


def _plain(world: World) -> Iterator[Money]:
    """Payments at Fio whose document is paid by them alone and in full, by its own variable symbol."""
    papers = {(paper.agenda, paper.id): paper for paper in world.papers}
    paid = [key for money in world.money for key in money.meant_for]
    symbols = [paper.variable_symbol for paper in world.papers]
    for money in world.channel("fio"):
        if len(money.meant_for) == 1 and money.kind == "transfer" and paid.count(money.meant_for[0]) == 1:
            paper = papers[money.meant_for[0]]
            alike = (money.amount, money.currency, money.variable_symbol)
            if alike == (paper.total, "CZK", paper.variable_symbol) and symbols.count(paper.variable_symbol) == 1:
                yield money


def schedule(seconds: int) -> None:
    """Let the deployment run every so many seconds from now on."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("fio/fio")
        every = IntervalSchedule(interval=dt.timedelta(seconds=seconds), anchor_date=dt.datetime.now(dt.UTC))
        client.create_deployment_schedules(deployment.id, [(every, True)])


def marked_after(firm: Firm, money: Money, pause: float, then: Callable[[], object] = lambda: None) -> float:
    """Seconds from the moment the bank shows the payment, after this pause, until its mark stands in Pohoda.

    `then` follows the payment at once. Raises RuntimeError when the mark does not come.
    """
    time.sleep(pause)
    document, should = money.meant_for[0], Marks(money.amount, 1, paid=True)
    if firm.pohoda.marks()[document] is not None:
        raise RuntimeError(f"{document} is marked before it is paid")
    start = time.monotonic()
    firm.account.rows.append(row(money))
    then()
    while firm.pohoda.marks()[document] != should:
        if time.monotonic() - start > LONGEST_SECONDS:
            raise RuntimeError(f"{document} stands {firm.pohoda.marks()[document]} instead of {should}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
