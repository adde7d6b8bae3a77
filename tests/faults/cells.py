"""One cell of the matrix: a run in which something goes wrong, and the run after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prefect.client.schemas.objects import State

from sandbox.faults import Fault
from tests.faults.child import Point, started
from tests.faults.stage import Stage
from tests.faults.wire import Blow

SAME_RUN, TOLD, NEXT_RUN, NOT_ASKED = "same run", "told", "next run", "not reached"
NO_MARK, SOME_MARKS, ALL_MARKS = "no mark", "some marks", "all marks"

Marks = Mapping[Any, Any]


class Untrue(AssertionError):
    """What must never be, was."""


@dataclass(frozen=True)
class Scene:
    """A provider, and the way in which the unit's marks are written."""

    provider: str
    writer: str = "mserver"


@dataclass(frozen=True)
class Reference:
    """What a run without any fault asks for, and what it ends in."""

    asked: Counter[str]
    """How often each kind was asked for by the first run; 0 for what only the second one asked for."""
    standing: Marks
    payments: list[tuple[Any, ...]]
    tried: list[Any] = field(default_factory=list[Any])
    """The facts from which an undisturbed run has already gone on rightly."""


def standing(stage: Stage, scene: Scene) -> Marks:
    """What the scene's writer has brought about so far, document by document."""
    return stage.pohoda.settled() if scene.writer == "settlement" else stage.pohoda.marks()


def reference(stage: Stage, scene: Scene) -> Reference:
    """How it goes when nothing goes wrong: a first run and the one after it."""
    stage.set(scene.writer)
    completed(stage.run(scene.provider))
    asked = Counter(stage.wire.calls)
    facts = stage.facts()
    completed(stage.run(scene.provider))
    asked.update(dict.fromkeys(stage.wire.calls, 0))
    if scene.writer != "settlement" and stage.pohoda.marks() != stage.should(scene.provider):
        raise Untrue("undisturbed, two runs left other marks than they should")
    return Reference(asked, standing(stage, scene), stage.payments(), [facts])


def completed(state: State[Any]) -> None:
    """Raises Untrue when a run that nothing stood in the way of did not complete."""
    if not state.is_completed():
        raise Untrue(f"undisturbed, a run ended {state.type.value}: {state.message}")


def cell(stage: Stage, scene: Scene, right: Reference, blows: dict[str, Blow]) -> str:
    """What becomes of a run with these faults. Raises Untrue when anything is not as it must be.

    In between every document stands as before or as it should; a failed run says what to do; and after the next,
    undisturbed run all is just as if nothing had ever gone wrong.
    """
    stage.set(scene.writer)
    if not any(right.asked[kind] for kind in blows):  # only a later run asks for this
        completed(stage.run(scene.provider))
    before = standing(stage, scene)
    stage.wire.plan.update(blows)
    state = stage.run(scene.provider)
    struck = any(blow.struck for blow in blows.values())
    between = true_between(stage, scene, right, before)
    told = outcome(state, between == right.standing, struck)
    goes_on(stage, scene, right)
    return told


def killed(stage: Stage, scene: Scene, right: Reference, point: Point) -> str:
    """What stands when a run is killed at this point. Raises Untrue as `cell` does."""
    stage.set(scene.writer)
    before = standing(stage, scene)
    with started(stage, scene.provider, point) as child:
        if not child.reached():
            return NOT_ASKED
        child.kill()
    stage.free_slots()
    between = true_between(stage, scene, right, before)
    goes_on(stage, scene, right)
    return ALL_MARKS if between == right.standing else NO_MARK if between == before else SOME_MARKS


def true_between(stage: Stage, scene: Scene, right: Reference, before: Marks) -> Marks:
    """What stands now. Raises Untrue when any of it is neither as before nor as it should be."""
    between = standing(stage, scene)
    for key in between.keys() | right.standing.keys():
        if between.get(key) not in (before.get(key), right.standing.get(key)):
            raise Untrue(f"in between {key} stood {between.get(key)}")
    return between


def goes_on(stage: Stage, scene: Scene, right: Reference, *, anew: bool = False) -> None:
    """An undisturbed run ends as if nothing had ever gone wrong; each state of affairs is tried once.

    `anew` is for what facts do not show, as the moments that a wrong clock has left.
    """
    facts = stage.facts()
    stage.wire.calm()
    if facts in right.tried and not anew:
        return
    completed(stage.run(scene.provider))
    if standing(stage, scene) != right.standing:
        raise Untrue("the next run left other marks")
    if stage.payments() != right.payments:
        raise Untrue("payments were lost or came twice")
    if stage.mserver.created:
        raise Untrue("a document was made")
    right.tried.append(facts)


def written_twice(stage: Stage) -> list[Any]:
    """The documents whose marks were written more often than once."""
    return stage.kept(
        "SELECT agenda, document_id FROM writes WHERE outcome = 'written' GROUP BY 1, 2 HAVING count(*) > 1"
    )


def outcome(state: State[Any], done: bool, struck: bool) -> str:
    """What the run itself made of it."""
    message = str(state.message)
    if not struck:
        return NOT_ASKED
    if state.is_completed() and done:
        return SAME_RUN
    if state.is_completed() and any(words in message for words in ("nečitelné záznamy", "nepřišlo vše")):
        return NEXT_RUN
    if not state.is_failed() or not any(word in message for word in ("Next step", "Další krok")):
        raise Untrue(f"{state.type.value}: {message}")
    return TOLD


def blow(right: Reference, kind: str, fault: Fault, *, lasting: bool) -> dict[str, Blow]:
    """One failure of a kind of request, or all of them from the second one on where there is more than one."""
    return {kind: Blow(fault, lasting, after=int(lasting and right.asked[kind] > 1))}
