"""
How long set-up takes from nothing to the first dry run, without questions, against the sandbox firm.

    uv run python -m tests.benchmarks.set_up --json

A local Prefect server, one unit with an account: pool, blocks, deployments, a check and a dry run on a worker.
Beside it the same command again, when everything stands already; then another version in the place of this one,
with its packages installed, and back.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
import time
from pathlib import Path

from sandbox.services import PROJECT
from tasks.installing.versions import LEFT_OUT
from tests.installing.stage import Client, client

NEWER = "99.0.0"


def seconds(machine: Client, *arguments: str) -> float:
    """How long one command takes; raises RuntimeError with what it said when it fails."""
    began = time.monotonic()
    done = machine.set_up(*arguments)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return round(time.monotonic() - began, 1)


def newer(folder: Path) -> Path:
    """This version with another number."""
    shutil.copytree(PROJECT, folder, ignore=LEFT_OUT)
    about = folder / "pyproject.toml"
    text = about.read_text(encoding="utf-8")
    about.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{NEWER}"', text), encoding="utf-8")
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder, client(Path(folder)) as machine:
        install = ("install", "--from", str(machine.answers))
        figures = {
            "first_seconds": seconds(machine, *install),
            "again_seconds": seconds(machine, *install),
            "update_seconds": seconds(machine, "update", str(newer(Path(folder) / "newer"))),
            "rollback_seconds": seconds(machine, "rollback"),
        }
    print(json.dumps(figures) if as_json else figures)


if __name__ == "__main__":
    main()
