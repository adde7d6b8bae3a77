"""The matrix of faults as the developers' page shows it: one section for each provider and way of writing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from tests.faults.cells import Scene
from tests.faults.ways import COMMIT, HTTP, QUESTION, WRITING

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- the matrix begins -->\n", "<!-- the matrix ends -->\n"
WRITERS = {"mserver": "mServer", "sql": "the database", "settlement": "settlements"}
NONE = "–"
OTHER = "the flow"
"""How the titles of those sections begin that are about no provider."""


class Found(TypedDict):
    """What became of one scene."""

    faults: dict[str, dict[str, str]]
    """By kind of call and way of failing."""
    kills: dict[str, dict[str, int]]
    """By kind of call: how often what stood when a run was killed there."""


def write(scene: Scene, found: Found) -> None:
    """Put the scene's section in its place on the page; the other sections stay."""
    _put(f"{scene.provider}, marks through {WRITERS[scene.writer]}", section(found))


def write_other(name: str, found: Mapping[str, Mapping[str, str]]) -> None:
    """The same for a flow that is no run of a provider: calls after which the same becomes of it share a row."""
    rows: dict[str, list[str]] = {}
    for kind, ways in sorted(found.items()):
        rows.setdefault(_in_short(ways), []).append(f"`{kind}`")
    table = _table(["calls", "each way to fail"], ([", ".join(kinds), text] for text, kinds in rows.items()))
    _put(f"{OTHER} {name}", table)


def _in_short(ways: Mapping[str, str]) -> str:
    """What becomes of it in most ways, and in which ways something else does."""
    (usual, _), *others = Counter(ways.values()).most_common()
    apart = (f"{', '.join(way for way, what in ways.items() if what == other)}: {other}" for other, _ in others)
    return "; ".join([usual, *apart])


def _put(title: str, lines: Iterable[str]) -> None:
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    generated, after = rest.split(END)
    sections = {part.splitlines()[0]: part.strip() for part in generated.split("### ")[1:]}
    sections[title] = f"{title}\n\n" + "\n".join(lines).strip()
    listed = "\n\n".join(f"### {sections[title]}" for title in sorted(sections))
    PAGE.write_text(f"{before}{BEGIN}\n{listed}\n\n{END}{after}", "utf-8")


def section(found: Found) -> Iterator[str]:
    """The lines of a scene's section, below its title."""
    faults = found["faults"]
    groups = {
        "over the network": [kind for kind in faults if not kind.startswith(("Pohoda: ", "ledger: "))],
        "of Pohoda's database": [kind for kind in faults if kind.startswith("Pohoda: ")],
        "of the ledger": [kind for kind in faults if kind.startswith("ledger: ")],
    }
    for name, kinds in groups.items():
        ways = [way for way in dict.fromkeys([*HTTP, *QUESTION, *WRITING, *COMMIT]) if _known(faults, kinds, way)]
        rows = ([f"`{kind}`", *(faults[kind].get(way, NONE) for way in ways)] for kind in sorted(kinds))
        if kinds:
            yield from _table([f"call {name}", *ways], rows)
    if found["kills"]:
        yield from _table(["killed at", "and then stood"], _kills(found["kills"]))


def _known(faults: Mapping[str, Mapping[str, str]], kinds: Iterable[str], way: str) -> bool:
    return any(way in faults[kind] for kind in kinds)


def _kills(kills: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    for kind, outcomes in sorted(kills.items()):
        yield [f"`{kind}`", ", ".join(f"{often} × {what}" for what, often in sorted(outcomes.items()))]


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""
