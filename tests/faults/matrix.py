"""
The matrix of faults: every kind of request of every flow fails in every way, and a normal run follows.

`uv run python -m tests.faults.matrix` prints what became of each; a cell with `!` is not as it must be.
All of it takes the better part of an hour; `--only TEXT` runs just the kinds whose names hold the text, `--scene`
just one provider or one way of writing, and `--json FILE` keeps the cells.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.demo import PROVIDERS
from tests.conftest import prefect_server
from tests.faults.cells import Scene, Untrue, blow, cell, reference
from tests.faults.opening import anything_may_fail
from tests.faults.stage import Stage, open_stage
from tests.faults.ways import HTTP, ways_of

ORDER = sorted(PROVIDERS, key=lambda name: name != "gopay")
SCENES = [*(Scene("gopay", writer) for writer in ("mserver", "sql", "settlement")), *map(Scene, ORDER[1:])]
Rows = dict[str, dict[str, str]]


def main() -> int:
    """Run the matrix; exit status 1 when any cell is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--scene", default="")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with ExitStack() as open_things:
        open_things.enter_context(prefect_server())
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
        stage = open_things.enter_context(open_stage(folder))
        open_things.enter_context(anything_may_fail(stage))
        rows: Rows = {}
        for scene in SCENES:
            if asked.scene in (scene.provider, scene.writer, ""):
                run_scene(stage, scene, rows, asked.only, asked.json)
    return 1 if any("!" in told for ways in rows.values() for told in ways.values()) else 0


def run_scene(stage: Stage, scene: Scene, rows: Rows, only: str, note: Path | None) -> None:
    """Add a row for every kind of request of this scene that has none yet."""
    right = reference(stage, scene)
    for kind in sorted(right.asked.keys() - rows.keys()):
        if only not in kind:
            continue
        rows[kind] = {way: tried(stage, scene, right, kind, way) for way in ways_of(kind)}
        print(f"{scene.provider} {scene.writer} {kind}: {rows[kind]}", flush=True)
        if note:
            note.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def tried(stage: Stage, scene: Scene, right: Any, kind: str, way: str) -> str:
    """What the cell says: after one failure, and for requests over the network after all of them failing."""
    found: list[str] = []
    for lasting in (False, True) if way in HTTP else (False,):
        try:
            found.append(cell(stage, scene, right, blow(right, kind, ways_of(kind)[way], lasting=lasting)))
        except Untrue as untrue:
            found.append(f"! {untrue}")
    return " / ".join(dict.fromkeys(found))


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{time.monotonic() - started:.0f} s")
    sys.exit(status)
