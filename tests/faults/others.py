"""
The flows that are no run of a provider, with each of their calls failing in every way, from the first one on.

Those that only read change neither Pohoda nor what the ledger holds of payments, marks and complete days; what
they end in is either as undisturbed or says what could not be found out. `apply-plan` is held to the promises
of a run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from prefect.client.schemas.objects import State

from blocks.matching import Matching
from flows.apply_plan import apply_plan
from flows.check import check
from flows.compare_rules import compare_rules
from flows.explain import explain
from flows.overview import day_report, month_report
from flows.support import support
from sandbox.demo import PROVIDERS
from tests.faults.backups import backed_up_in_vain
from tests.faults.cells import (
    NOT_ASKED,
    SAME_RUN,
    TOLD,
    Scene,
    Untrue,
    completed,
    goes_on,
    outcome,
    reference,
    standing,
    true_between,
)
from tests.faults.stage import Stage
from tests.faults.ways import ways_of
from tests.faults.wire import Blow

GOPAY = Scene("gopay")
LASTING = ("payments", "writes", "coverage", "plans")
"""Tables that nobody changes who only reads."""


@dataclass(frozen=True)
class Reader:
    """A flow that only reads, as it is run on the stage."""

    name: str
    run: Callable[[Stage], State[Any]]
    told: str = "Next step|Další krok"
    """What stands in its message or its page when something could not be found out."""
    own: str = ""
    """Only calls of this beginning are tried; those of the others are another reader's."""


def _checked(*accounts: str) -> Callable[[Stage], State[Any]]:
    def run(stage: Stage) -> State[Any]:
        labels = [f"{name}/{stage.account(name)}" for name in accounts]
        return check(unit=stage.unit, accounts=labels, return_state=True)

    return run


def _explained(stage: Stage) -> State[Any]:
    ((payment,),) = stage.kept("SELECT payment_id FROM payments ORDER BY payment_id LIMIT 1")
    return explain(payment=payment, unit=stage.unit, return_state=True)


NEXT_STEP = "Next step|Další krok"
WRONG = f"Špatně: [1-9]|{NEXT_STEP}"
READERS = [
    Reader("check", _checked("gopay"), WRONG),
    *(Reader("check", _checked(name), WRONG, f"{name}: ") for name in PROVIDERS if name != "gopay"),
    Reader("explain", _explained),
    Reader("compare-rules", lambda stage: compare_rules(unit=stage.unit, proposed=Matching(), return_state=True)),
    Reader("day-report", lambda stage: day_report(unit=stage.unit, return_state=True)),
    Reader("month-report", lambda stage: month_report(unit=stage.unit, return_state=True)),
    Reader("support", lambda stage: support(unit=stage.unit, return_state=True), r"Nezjištěno|\| wrong"),
]


@contextmanager
def pages() -> Generator[list[str]]:
    """The pages that flows leave while the `with` lasts."""
    left: list[str] = []

    def keep(page: str, **_: Any) -> None:
        left.append(page)

    with patch("flows.telling.create_markdown_artifact", keep):
        yield left


OTHERS = [*dict.fromkeys(reader.name for reader in READERS), "apply-plan", "backup"]


def others(stage: Stage, name: str, only: str, found: dict[str, dict[str, str]]) -> Iterator[str]:
    """A line for each kind of call of the flow, as it has been tried in every way. What has been found stays."""
    scenes = [_read_in_vain(stage, reader, only, found) for reader in READERS if reader.name == name]
    if name == "backup":
        scenes = [backed_up_in_vain(stage, only, found)]
    for scene in scenes or [_applied_in_vain(stage, only, found)]:
        for kind, ways in scene:
            found[kind] = ways
            yield f"{kind}: {ways}"


Tried = Iterator[tuple[str, dict[str, str]]]
Known = Mapping[str, Any]


def _wanted(stage: Stage, only: str, known: Known) -> list[str]:
    return sorted(kind for kind in set(stage.wire.calls) if only in kind and kind not in known)


def _read_in_vain(stage: Stage, reader: Reader, only: str, known: Known) -> Tried:
    stage.set()
    completed(stage.run("gopay"))
    stage.wire.calm()
    right = _read(stage, reader)
    stands = _lasting(stage)
    for kind in _wanted(stage, only, known):
        if kind.startswith(reader.own):
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
    if re.search(reader.told, said) and said != right:
        return TOLD
    return SAME_RUN if said == right else f"! it said {said[:200]}"


def _read(stage: Stage, reader: Reader) -> str:
    """What the reader said in the end: its state, its message, and its page without moments."""
    with pages() as left:
        state = reader.run(stage)
    if reader.name == "support":  # tells of runs past too, of which there are more each time
        told = re.findall(reader.told, "\n".join(left))
        return f"{state.type} {told}"
    page = re.sub(r"\d{1,2}:\d\d(:\d\d)?", "…", "\n".join(left)) if reader.name != "check" else ""
    return f"{state.type} {state.message} {page}"


def _lasting(stage: Stage) -> Any:
    held = {table: sorted(stage.kept(f"SELECT * FROM {table}"), key=repr) for table in LASTING}
    return sorted(stage.pohoda.marks().items()), sorted(stage.pohoda.settled().items()), held


def _applied_in_vain(stage: Stage, only: str, known: Known) -> Tried:
    """A plan is made, applied while something fails, and a normal run follows."""
    right = reference(stage, GOPAY)
    stage.set()
    completed(stage.run("gopay", dry_run=True))
    ((plan,),) = stage.kept("SELECT run FROM plans")
    ledger = stage.ledger_file.read_bytes()

    def applied(**blows: Blow) -> str:
        stage.set()
        stage.ledger_file.write_bytes(ledger)
        before = standing(stage, GOPAY)
        stage.wire.plan.update(blows)
        state = apply_plan(plan=plan, unit=stage.unit, return_state=True)
        between = true_between(stage, GOPAY, right, before)
        return outcome(state, between == right.standing, any(blow.struck for blow in blows.values()))

    applied()
    for kind in _wanted(stage, only, known):
        found: dict[str, str] = {}
        for way, fault in ways_of(kind).items():
            try:
                found[way] = applied(**{kind: Blow(fault, lasting=True)})
                goes_on(stage, GOPAY, right)
            except Untrue as untrue:
                found[way] = f"! {untrue}"
        yield kind, found
