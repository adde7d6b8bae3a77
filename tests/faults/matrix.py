"""
The matrix of faults: every kind of call of every flow fails in every way, and every run is killed at every step;
each time a normal run follows.

`uv run python -m tests.faults.matrix` prints what became of each; a cell with `!` is not as it must be. `--write`
puts it into docs/faults.md. All of it takes hours; `--scene` runs just one provider, one way of writing or one
other flow, `--only TEXT` just the kinds whose names hold the text, and `--json FILE` keeps what has been run,
so that it goes on from there the next time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sandbox.demo import PROVIDERS
from tests.conftest import prefect_server
from tests.faults.cells import Reference, Scene, Untrue, blow, cell, completed, killed, reference
from tests.faults.child import Point, started
from tests.faults.opening import anything_may_fail
from tests.faults.others import OTHERS, others
from tests.faults.page import Found, write, write_other
from tests.faults.stage import Stage, open_stage
from tests.faults.ways import HTTP, ways_of

ORDER = sorted(PROVIDERS, key=lambda name: name != "gopay")
THOROUGH = [Scene("gopay", writer) for writer in ("mserver", "sql", "settlement")]
"""Killed at every single call; the others at the first and the last of each kind."""
SCENES = [*THOROUGH, *map(Scene, ORDER[1:])]


def main() -> int:
    """Run the matrix; exit status 1 when any cell is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--scene", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    if asked.write and asked.only:
        parser.error("only whole sections can be written")
    kept: dict[str, Found] = (
        json.loads(asked.json.read_text("utf-8")) if asked.json and asked.json.exists() else {}
    )
    with ExitStack() as open_things:
        open_things.enter_context(prefect_server())
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory()))
        stage = open_things.enter_context(open_stage(folder))
        open_things.enter_context(anything_may_fail(stage))
        for name, lines, put in sections(stage, asked, kept):
            for line in lines:
                print(f"{name} {line}", flush=True)
                if asked.json:
                    asked.json.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
            if asked.write:
                put()
    return 1 if "!" in json.dumps(kept) else 0


Section = tuple[str, Iterator[str], Callable[[], None]]
"""Its name, the lines of what is tried for it, and what puts it on the page then."""


def sections(stage: Stage, asked: argparse.Namespace, kept: dict[str, Found]) -> Iterator[Section]:
    """All that was asked for; `kept` holds what has been found."""
    for scene in SCENES:
        if asked.scene in (scene.provider, scene.writer, ""):
            name = f"{scene.provider} {scene.writer}"
            found = kept.setdefault(name, {"faults": {}, "kills": {}})
            yield name, Run(stage, scene, found, asked.only).lines(), partial(write, scene, found)
    for name in OTHERS:
        if asked.scene in (name, ""):
            found = kept.setdefault(name, {"faults": {}, "kills": {}})["faults"]
            yield name, others(stage, name, asked.only, found), partial(write_other, name, found)


@dataclass
class Run:
    """Trying one scene. What has been found is not tried again."""

    stage: Stage
    scene: Scene
    found: Found
    only: str

    def lines(self) -> Iterator[str]:
        """A line for each kind of call, as it has been tried in every way."""
        right = reference(self.stage, self.scene)
        for kind in sorted(right.asked.keys() - self.found["faults"].keys()):
            if self.only in kind:
                self.found["faults"][kind] = {way: self._tried(right, kind, way) for way in ways_of(kind)}
                yield f"{kind}: {self.found['faults'][kind]}"
        for kind, points in self._points().items():
            if self.only in kind and kind not in self.found["kills"]:
                self.found["kills"][kind] = dict(Counter(self._killed(right, point) for point in points))
                yield f"killed at {kind}: {self.found['kills'][kind]}"

    def _tried(self, right: Reference, kind: str, way: str) -> str:
        """What the cell says: after one failure, and for requests over the network after all of them failing."""
        found: list[str] = []
        for lasting in (False, True) if way in HTTP else (False,):
            try:
                blows = blow(right, kind, ways_of(kind)[way], lasting=lasting)
                found.append(cell(self.stage, self.scene, right, blows))
            except Untrue as untrue:
                found.append(f"! {untrue}")
        return " / ".join(dict.fromkeys(found))

    def _killed(self, right: Reference, point: Point) -> str:
        try:
            return killed(self.stage, self.scene, right, point)
        except Untrue as untrue:
            return f"! {untrue}"

    def _points(self) -> dict[str, list[Point]]:
        """The points at which this scene's runs are killed, by the kind of call."""
        self.stage.set(self.scene.writer)
        with started(self.stage, self.scene.provider) as child:
            *_, calls = child.ended()
        completed(self.stage.run(self.scene.provider))
        return {
            kind: points_at(kind, often, every=self.scene in THOROUGH)
            for kind, often in sorted(Counter(calls).items())
        }


def points_at(kind: str, often: int, *, every: bool) -> list[Point]:
    """Before each call of the kind, or before its first and last; and right after those that have an effect."""
    chosen = range(1, often + 1) if every else sorted({1, often})
    lasting = kind.split(" ")[1] in ("COMMIT", "POST", "GET")
    return [Point(kind, nth, after) for after in ((False, True) if lasting else (False,)) for nth in chosen]


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)
