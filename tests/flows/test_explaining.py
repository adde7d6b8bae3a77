"""Why a document is marked as it is, and what other rules would change, from the flows and the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from blocks.matching import Matching, Rule
from flows.compare_rules import compare_rules
from flows.explain import explain, main
from tests.flows.conftest import Firm

Open = Callable[..., Firm]


def artifact(key: str) -> str:
    with get_client(sync_client=True) as client:
        found = [artifact for artifact in client.read_artifacts() if artifact.key == key]
    return str(max(found, key=lambda artifact: str(artifact.created)).data)


def marked_paper(firm: Firm) -> Any:
    paid = {key for key, marks in firm.pohoda.marks().items() if marks is not None and marks.paid}
    return next(paper for paper in firm.world.papers if (paper.agenda, paper.id) in paid)


def test_a_marked_document_is_explained_with_its_payment_its_rule_and_the_run_that_wrote_it(
    open_firm: Open,
) -> None:
    firm = open_firm()
    state = firm.run("gopay")
    paper = marked_paper(firm)
    assert explain(document=paper.number, unit=firm.unit, return_state=True).is_completed()
    page = artifact(f"vysvetleni-{firm.unit}")
    assert paper.number in page
    assert "gopay:" in page
    assert str(state.state_details.flow_run_id).replace("-", "") in page.replace("-", "").replace("\\", "")


def test_a_payment_is_explained_by_its_number(open_firm: Open, capsys: pytest.CaptureFixture[str]) -> None:
    firm = open_firm()
    firm.run("gopay", dry_run=True)
    with_id = firm.payment_ids()[0]
    assert explain(payment=with_id, unit=firm.unit, return_state=True).is_completed()
    assert with_id in artifact(f"vysvetleni-{firm.unit}").replace("\\", "")


def test_what_nobody_knows_cannot_be_explained(open_firm: Open) -> None:
    state = explain(document="nothing", unit=open_firm().unit, return_state=True)
    assert state.is_failed()
    assert "nothing of that name" in str(state.message)


def test_the_command_line_prints_the_same_page(open_firm: Open, capsys: pytest.CaptureFixture[str]) -> None:
    firm = open_firm()
    firm.run("gopay", dry_run=True)
    number = firm.world.papers[0].number
    assert main([number, "--unit", firm.unit]) == 0
    assert number in capsys.readouterr().out
    assert main(["nothing", "--unit", firm.unit]) == 1


def test_other_rules_are_tried_on_the_firms_own_history_and_change_nothing(open_firm: Open) -> None:
    firm = open_firm()
    firm.run("gopay")
    standing = firm.pohoda.marks()
    nothing = Matching(rules=[Rule(kind="number", active=False)])
    state = compare_rules(proposed=nothing, unit=firm.unit, days=400, return_state=True)
    assert state.is_completed(), state.message
    assert "Jinak by dopadlo dokladů: 0" not in str(state.message)
    assert marked_paper(firm).number in artifact(f"pravidla-{firm.unit}")
    assert firm.pohoda.marks() == standing
    same = compare_rules(proposed=Matching(), unit=firm.unit, days=400, return_state=True)
    assert "Jinak by dopadlo dokladů: 0" in str(same.message)
