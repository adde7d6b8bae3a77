"""
The flows that are no run of a provider, with each of their calls failing in every way, from the first one on.

Those that only read change neither Pohoda nor what the ledger holds of payments, marks and complete days; what
they end in is either as undisturbed or says what could not be found out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from prefect.client.schemas.objects import State

from flows.explain import explain
from flows.overview import day_report
from tests.faults.backups import backed_up_in_vain
from tests.faults.cells import NOT_ASKED, SAME_RUN, TOLD, completed
from tests.faults.stage import Stage
from tests.faults.ways import ways_of
from tests.faults.wire import Blow

LASTING = ("payments", "writes", "coverage", "plans")
"""Tables that nobody changes who only reads."""


@dataclass(frozen=True)
class Reader:
    """A flow that only reads, as it is run on the stage."""

    name: str
    run: Callable[[Stage], State[Any]]


def _explained(stage: Stage) -> State[Any]:
    ((payment,),) = stage.kept("SELECT payment_id FROM payments ORDER BY payment_id LIMIT 1")
    return explain(payment=payment, unit=stage.unit, return_state=True)


READERS = [
    Reader("explain", _explained),
    Reader("day-report", lambda stage: day_report(unit=stage.unit, return_state=True)),
]
OTHERS = [*(reader.name for reader in READERS), "backup"]
TOLD_IN_WORDS = "Next step|Další krok"
"""What stands in the message of a run that could not find something out."""


@contextmanager
def pages() -> Generator[list[str]]:
    """The pages that flows leave while the `with` lasts."""
    left: list[str] = []

    def keep(page: str, **_: Any) -> None:
        left.append(page)

    with patch("flows.telling.create_markdown_artifact", keep):
        yield left


def others(stage: Stage, name: str, only: str, found: dict[str, dict[str, str]]) -> Iterator[str]:
    """A line for each kind of call of the flow, as it has been tried in every way. What has been found stays."""
    for reader in READERS:
        if reader.name == name:
            scene = _read_in_vain(stage, reader, only, found)
            break
    else:
        scene = backed_up_in_vain(stage, only, found)
    for kind, ways in scene:
        found[kind] = ways
        yield f"{kind}: {ways}"


Tried = Iterator[tuple[str, dict[str, str]]]
Known = Mapping[str, Any]


def _read_in_vain(stage: Stage, reader: Reader, only: str, known: Known) -> Tried:
    stage.set()
    completed(stage.run("gopay"))
    stage.wire.calm()
    right = _read(stage, reader)
    stands = _lasting(stage)
    for kind in sorted(kind for kind in set(stage.wire.calls) if only in kind and kind not in known):
        yield kind, {way: _cell(stage, reader, right, stands, kind, way) for way in ways_of(kind)}


def _cell(stage: Stage, reader: Reader, right: str, stands: Any, kind: str, way: str) -> str:
    stage.wire.calm()
    blow = stage.wire.plan[kind] = Blow(ways_of(kind)[way], lasting=True)
    said = _read(stage, reader)
    stage.wire.plan.clear()
    if _lasting(stage) != stands:
        return "! something was changed"
    if not blow.struck:
        return NOT_ASKED
    if re.search(TOLD_IN_WORDS, said) and said != right:
        return TOLD
    return SAME_RUN if said == right else f"! it said {said[:200]}"


def _read(stage: Stage, reader: Reader) -> str:
    """What the reader said in the end: its state, its message, and its page without moments."""
    with pages() as left:
        state = reader.run(stage)
    page = re.sub(r"\d{1,2}:\d\d(:\d\d)?", "…", "\n".join(left))
    return f"{state.type} {state.message} {page}"


def _lasting(stage: Stage) -> Any:
    held = {table: sorted(stage.kept(f"SELECT * FROM {table}"), key=repr) for table in LASTING}
    return sorted(stage.pohoda.marks().items()), sorted(stage.pohoda.settled().items()), held
