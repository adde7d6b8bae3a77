"""
What the product is delivered with: is the list with hashes in step, what is on it, is any of it known as unsafe.

    uv run python .ci/supply.py            check, as the gate does
    uv run python .ci/supply.py --write    bring requirements.lock in step with pyproject.toml

What needs data that this machine cannot reach is said to be left out; it neither passes in silence nor fails.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
LOCK = PROJECT / "requirements.lock"
BILL = PROJECT / "dist" / "bom.cdx.json"
COMPILE = "uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra postgresql"
BILL_TOOL = "uv tool run -q --from cyclonedx-bom>=7,<8 cyclonedx-py requirements"
BILL_OPTIONS = "--pyproject pyproject.toml --output-reproducible --validate --sv 1.6"
AUDIT = "uv tool run -q --from pip-audit>=2.10,<3 pip-audit --disable-pip --require-hashes --timeout 15 -f json"


def main(arguments: list[str]) -> int:
    """0 when all is well or left out, 1 when the list is stale or something on it is known to be unsafe."""
    if arguments == ["--write"]:
        return run(f"{COMPILE} pyproject.toml -o {LOCK.name}").returncode
    return max(in_step(), bill(), audit())


def in_step() -> int:
    """Whether the command that makes the list makes this one from pyproject.toml as it stands."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(shutil.copy(LOCK, folder))
        done = run(f"{COMPILE} pyproject.toml -o", str(fresh))
        if done.returncode:
            return left_out("whether requirements.lock is in step", done)
        same = versions(fresh) == versions(LOCK)
    print(
        "requirements.lock is in step with pyproject.toml"
        if same
        else "requirements.lock is stale: run `uv run python .ci/supply.py --write` and commit it"
    )
    return 0 if same else 1


def versions(lock: Path) -> list[str]:
    """The pinned packages with their markers. Hashes stay out: a registry may gain a file for an old version."""
    return [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith(" ")]


def bill() -> int:
    """Write the bill of materials beside the build, valid by CycloneDX's own schema."""
    BILL.parent.mkdir(exist_ok=True)
    done = run(f"{BILL_TOOL} {LOCK.name} {BILL_OPTIONS} -o", str(BILL))
    if done.returncode:
        return left_out("the bill of materials", done)
    count = len(json.loads(BILL.read_text(encoding="utf-8"))["components"])
    print(f"{BILL.relative_to(PROJECT).as_posix()}: {count} components, valid CycloneDX 1.6")
    return 0


def audit() -> int:
    """Whether anything on the list has a known vulnerability. The tool says "none found" also of what it could
    not look up, so what counts is how many it did look up."""
    done = run(f"{AUDIT} -r {LOCK.name}")
    if not done.stdout.strip():
        return left_out("the audit for known vulnerabilities", done)
    found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    audited = [one for one in found if "vulns" in one]
    unsafe = [one for one in audited if one["vulns"]]
    for one in unsafe:
        print(f"UNSAFE {one['name']} {one['version']}: {', '.join(flaw['id'] for flaw in one['vulns'])}")
    print(f"Audited for known vulnerabilities: {len(audited)} of {len(found)} packages, unsafe: {len(unsafe)}")
    if len(audited) < len(found):
        print(
            f"LEFT OUT: the audit of {len(found) - len(audited)} packages; advisories are not reached from here"
        )
    return 1 if unsafe else 0


def left_out(what: str, done: subprocess.CompletedProcess[str]) -> int:
    """Say that something could not be found out here, and by what sign."""
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    print(f"LEFT OUT: {what}; the tool or its data is not reached from here ({last.split(':')[0][:80]})")
    return 0


def run(command: str, *more: str) -> subprocess.CompletedProcess[str]:
    """The command's outcome with what it printed."""
    return subprocess.run(  # noqa: S603 - our own constants, no shell
        [*command.split(), *more], cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
