"""
How long set-up takes from nothing to the first dry run, without questions, against the sandbox firm.

    uv run python -m tests.benchmarks.set_up --json

A local Prefect server, two units with an account each: pool, blocks, deployments, checks and dry runs on a
worker. The second figure is the same command again, when everything stands already.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.installing.stage import Client, client


def seconds(machine: Client) -> float:
    """How long one set-up takes; raises RuntimeError with what it said when it fails."""
    began = time.monotonic()
    done = machine.install()
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return round(time.monotonic() - began, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder, client(Path(folder)) as machine:
        figures = {"first_seconds": seconds(machine), "again_seconds": seconds(machine)}
    print(json.dumps(figures) if as_json else figures)


if __name__ == "__main__":
    main()
