"""A trial run leaves a plan that can be applied later just as it stood; what has moved meanwhile is left out."""

from __future__ import annotations

import re
from collections.abc import Callable

from prefect.client.orchestration import get_client

from flows.apply_plan import apply_plan
from sandbox.world import Marks
from tests.flows.conftest import Firm

Open = Callable[..., Firm]


def plan_of(firm: Firm) -> str:
    firm.run("gopay", dry_run=True)
    with get_client(sync_client=True) as client:
        found = client.read_artifacts()
    newest = max((a for a in found if a.key == f"uhrady-gopay-{firm.unit}"), key=lambda a: str(a.created))
    match = re.search(r"Plán k použití: `(.+?)`", str(newest.data))
    assert match
    return match.group(1)


def test_a_plan_is_applied_just_as_it_stood(open_firm: Open) -> None:
    firm = open_firm()
    plan = plan_of(firm)
    assert firm.pohoda.marks() == firm.before
    state = apply_plan(plan, unit=firm.unit, return_state=True)
    assert state.is_completed(), state.message
    assert firm.pohoda.marks() == firm.should("gopay")


def test_a_document_that_moved_meanwhile_is_left_out_and_named(open_firm: Open) -> None:
    firm = open_firm()
    plan = plan_of(firm)
    should = firm.should("gopay")
    touched = next(key for key, marks in should.items() if marks != firm.before[key])
    by_hand = Marks(amount=1, count=9, paid=False)
    firm.pohoda.set_marks(*touched, by_hand)
    state = apply_plan(plan, unit=firm.unit, return_state=True)
    assert state.is_completed(), state.message
    assert firm.pohoda.marks() == {**should, touched: by_hand}


def test_applying_a_plan_twice_changes_nothing_more(open_firm: Open) -> None:
    firm = open_firm()
    plan = plan_of(firm)
    for _ in range(2):
        assert apply_plan(plan, unit=firm.unit, return_state=True).is_completed()
    requests = len(firm.mserver.import_requests)
    assert apply_plan(plan, unit=firm.unit, return_state=True).is_completed()
    assert len(firm.mserver.import_requests) == requests


def test_a_plan_that_nobody_made_is_a_setting_to_correct(open_firm: Open) -> None:
    state = apply_plan("nothing", unit=open_firm().unit, return_state=True)
    assert state.is_failed()
    assert "no such plan" in str(state.message)
