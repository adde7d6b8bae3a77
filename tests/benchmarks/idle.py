"""
What a run with nothing new costs, against an empty flow through the same worker.

    uv run python -m tests.benchmarks.idle [--rounds 5] [--json]

A real server, a real worker and the deployment `fio` of the sandbox's firm; after a first run that marks
everything, empty runs and idle ones take turns. `…_cpu_seconds` is the whole CPU of the runs and of all
that they start, interpreter and imports included: the median of the rounds, as Linux counts it for the worker's
ended children. `beyond_prefect_cpu_seconds` is the difference.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from sandbox.services import prefect_worker
from tests.benchmarks.stage import POOL, Stage, deploy, fio_firm, prefect_stage, run_to_end

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run both flows in turn and print the figures."""
    options = _parser().parse_args()
    with (
        prefect_stage() as stage,
        fio_firm(stage.folder) as firm,
    ):
        deploy("fio")
        with prefect_worker(stage.folder, POOL) as worker:
            busy = _measured("fio", stage, worker)
            requests = len(firm.mserver.log)
            rounds = [
                (_measured("empty", stage, worker), _measured("fio", stage, worker))
                for _ in range(options.rounds)
            ]
        asked = len(firm.mserver.log) - requests
    empty, idle = (
        {name: statistics.median(one[name] for one in column) for name in busy}
        for column in zip(*rounds, strict=True)
    )
    figures = {
        "rounds": options.rounds,
        "beyond_prefect_cpu_seconds": round(idle["run_cpu"] - empty["run_cpu"], 2),
        "empty_run_cpu_seconds": round(empty["run_cpu"], 2),
        "idle_run_cpu_seconds": round(idle["run_cpu"], 2),
        "first_run_cpu_seconds": round(busy["run_cpu"], 2),
        "empty_server_cpu_seconds": round(empty["server_cpu"], 2),
        "idle_server_cpu_seconds": round(idle["server_cpu"], 2),
        "empty_run_seconds": round(empty["seconds"], 1),
        "idle_run_seconds": round(idle["seconds"], 1),
        "idle_requests_to_mserver": asked,
    }
    shown = json.dumps(figures) if options.json else "\n".join(f"{k:28} {v}" for k, v in figures.items())
    sys.stdout.write(shown + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.idle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _measured(name: str, stage: Stage, worker: int) -> dict[str, float]:
    """One run of the deployment: the CPU of its processes, the server's, and the time until it had ended."""
    runs, server, start = cpu_of_children(worker), cpu(stage.server), time.perf_counter()
    run = run_to_end(name)
    while (used := cpu_of_children(worker) - runs) == 0:
        time.sleep(0.2)  # the run is complete a moment before its process has ended
    assert run.start_time is not None
    return {
        "run_cpu": used,
        "server_cpu": cpu(stage.server) - server,
        "seconds": time.perf_counter() - start,
    }


def cpu(process: int) -> float:
    """Seconds of CPU that the process itself has used."""
    return sum(_stat(process)[11:13]) / TICKS


def cpu_of_children(process: int) -> float:
    """Seconds of CPU that the process's children used, those that have ended and been waited for."""
    return sum(_stat(process)[13:15]) / TICKS


def _stat(process: int) -> list[int]:
    """The numbers of /proc/…/stat from the state on; the state itself as 0 (proc(5): utime is the 14th field)."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    return [int(part) if part.lstrip("-").isdigit() else 0 for part in text.rpartition(")")[2].split()]


if __name__ == "__main__":
    sys.exit(main())
