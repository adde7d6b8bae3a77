"""
What the product is delivered with: is the list with hashes what is tested, what is on it, is any of it unsafe.

    uv run python .ci/supply.py            check, as the gate does
    uv run python .ci/supply.py --write    resolve anew: uv.lock, and requirements.lock as a part of it

The list is exported from the resolution that developers work with; the gate installs the list before it tests.
What needs data that this machine cannot reach is said to be left out; it neither passes in silence nor fails.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
LOCK = PROJECT / "requirements.lock"
BILL = PROJECT / "dist" / "bom.cdx.json"
RESOLVE = "uv lock -q --upgrade"
EXPORT = "uv export -q --frozen --no-header --no-annotate --no-dev --extra postgresql --no-emit-project"
COMPILE = "uv pip compile -q --universal --no-header --no-annotate --extra postgresql"
INSTALL = "uv pip install --require-hashes -r requirements.lock"
BILL_TOOL = "uv tool run -q --from cyclonedx-bom>=7,<8 cyclonedx-py requirements"
BILL_OPTIONS = "--pyproject pyproject.toml --output-reproducible --validate --sv 1.6"
LINE = re.compile(r"(?:[a-z0-9.-]+==[^ ;@/]+(?: ; [^@/]+?)?| +--hash=sha256:[0-9a-f]{64})(?: \\)?")
"""One line of the list: a package with its version and perhaps a marker, or a hash."""
AUDIT = "uv tool run -q --from pip-audit>=2.10,<3 pip-audit --disable-pip --require-hashes --timeout 15 -f json"


def main(arguments: list[str]) -> int:
    """0 when all is well or left out, 1 when the list is not what is tested or something on it is unsafe."""
    if arguments == ["--write"]:
        return run(RESOLVE).returncode or run(f"{EXPORT} -o {LOCK.name}").returncode
    return max(only_packages(), in_step(), tested(), bill(), audit())


def only_packages() -> int:
    """Whether the list holds nothing but packages with versions and hashes: no address, no option, no path."""
    strange = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not LINE.fullmatch(line)]
    bare = sorted(set(pinned(LOCK)) - set(hashed(LOCK)))
    if strange or bare:
        print(f"requirements.lock holds more than packages with hashes, as {[*strange, *bare][0][:80]!r}")
    return 1 if strange or bare else 0


def in_step() -> int:
    """Whether the list still is what pyproject.toml asks for, going by the list wherever it can."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(shutil.copy(LOCK, folder))
        done = run(f"{COMPILE} pyproject.toml -o", str(fresh))
        if done.returncode:
            return left_out("whether requirements.lock is in step", done)
        apart = sorted(set(pinned(fresh)) ^ set(pinned(LOCK)))
    if apart:
        print(
            f"requirements.lock is stale ({', '.join(apart)}): run `uv run python .ci/supply.py --write`, commit"
        )
        return 1
    print("requirements.lock is in step with pyproject.toml")
    return 0


def tested() -> int:
    """Whether what this very interpreter runs, and so the tests, is the delivered list and no other versions."""
    here = {canonicalize_name(one.name): one.version for one in metadata.distributions()}
    due = [Requirement(line) for line in requirements(LOCK)]
    wanted = {one.name: str(one.specifier)[2:] for one in due if one.marker is None or one.marker.evaluate()}
    others = [
        f"{name} {here.get(name)}, not {version}" for name, version in wanted.items() if here.get(name) != version
    ]
    if others:
        print(
            f"Tested is not what is delivered: {'; '.join(others)}. Run `{INSTALL}` first, then with UV_NO_SYNC=1"
        )
        return 1
    print(f"What is tested here is what is delivered: {len(wanted)} packages in the listed versions")
    return 0


def requirements(lock: Path) -> list[str]:
    """The packages of the list with their versions and markers, without hashes."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#"))]


def pinned(lock: Path) -> list[str]:
    """Name and version of every package. Markers stay out: the same one is written in several ways."""
    return [line.partition(";")[0].strip() for line in requirements(lock)]


def hashed(lock: Path) -> list[str]:
    """Name and version of every package that has a hash."""
    return re.findall(
        r"^([^ ]+)[^\n]*\n +--hash=sha256:[0-9a-f]{64}", lock.read_text(encoding="utf-8"), re.MULTILINE
    )


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
