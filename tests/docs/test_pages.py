"""What the pages point to is there: links, commands and their options, reasons and states."""

import contextlib
import importlib.util
import io
import re
import runpy
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tasks.matching.reasons import REASON_TEXTS, STATE_TEXTS, Reason
from tasks.notices.wording import KINDS
from tasks.reporting.buckets import NEEDS_LOOK
from tasks.reporting.sections import OUTCOMES
from tests.docs import guides

ACCOUNTANT = guides.text(guides.DOCS / "prirucka.md")


@pytest.mark.parametrize("page", guides.PAGES, ids=guides.name)
def test_links_lead_to_pages_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", guides.without_code(guides.text(page), spans=True)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        led_to = (page.parent / path).resolve() if path else page
        assert led_to.exists(), target
        assert not anchor or anchor in guides.anchors(guides.text(led_to)), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set[Path](), [guides.PROJECT / "README.md"]
    while left:
        page = left.pop()
        reached.add(page)
        targets = re.findall(r"\]\(([^)#]+\.md)[^)]*\)", guides.without_code(guides.text(page), spans=True))
        left += [found for target in targets if (found := (page.parent / target).resolve()) not in reached]
    assert [guides.name(page) for page in guides.PAGES if page not in reached] == []


def commands() -> dict[tuple[str, ...], set[str]]:
    """Our commands that the pages tell to run with `python -m`, each with the options that they mention."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for page in guides.PAGES:
        told = re.findall(r"python -m ([\w.]+)((?: [a-z]+(?=[\s`]))?)([^\n`]*)", guides.text(page))
        for module, part, rest in told:
            if (guides.PROJECT / module.split(".")[0]).is_dir():
                found[(module, *part.split())] |= set(re.findall(r"--[a-z][a-z-]+", rest.split("&&")[0]))
    return found


@pytest.mark.parametrize(
    ("command", "options"), sorted(commands().items()), ids=lambda value: "-".join(sorted(value))
)
def test_a_command_of_the_pages_exists_and_knows_the_options(
    command: tuple[str, ...], options: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, *part = command
    assert importlib.util.find_spec(module), module
    monkeypatch.setattr(sys, "argv", [module, *part, "--help"])
    # Another test may have imported it, and a module that runs as a program must not be there already.
    monkeypatch.delitem(sys.modules, module, raising=False)
    with contextlib.redirect_stdout(io.StringIO()) as told, pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code in (0, None)
    assert {option for option in options if option not in told.getvalue()} == set()


def test_the_accountants_guide_explains_every_reason_and_says_which_ones_need_somebody() -> None:
    listed = guides.section(ACCOUNTANT, "### Proč platba čeká")
    waiting, _, settled = listed.partition("Důvody, se kterými není třeba nic dělat")
    assert set(guides.first_cells(waiting)) == {REASON_TEXTS[reason] for reason in NEEDS_LOOK}
    assert set(guides.first_cells(settled)) == {REASON_TEXTS[reason] for reason in set(Reason) - NEEDS_LOOK}


def test_the_accountants_guide_explains_every_state_of_a_document() -> None:
    assert set(guides.first_cells(guides.section(ACCOUNTANT, "### Stavy dokladu"))) == set(STATE_TEXTS.values())


def test_the_accountants_guide_explains_every_section_of_a_report_and_every_outcome_of_a_write() -> None:
    cells = guides.first_cells(guides.section(ACCOUNTANT, "## Zpráva o běhu"))
    code = (guides.PROJECT / "tasks/reporting/sections.py").read_text(encoding="utf-8")
    headings = set(re.findall(r'"## ([^"\\{]+)', code)) | {"Označené doklady", "Co by se změnilo"}
    assert len(headings) > 7
    assert headings - set(cells) == set()
    assert {*OUTCOMES.values(), "zkušebně", "nezapsáno"} - set(cells) == set()


def test_the_accountants_guide_explains_every_section_of_the_reports_of_a_day_and_a_month() -> None:
    cells = guides.first_cells(guides.section(ACCOUNTANT, "## Denní a měsíční přehled"))
    files = [*(guides.PROJECT / "tasks/reporting").glob("overview*.py")]
    headings = {found for file in files for found in re.findall(r"## ([^\"\\\\{]+)", file.read_text("utf-8"))}
    assert len(headings) > 8
    assert {heading.strip() for heading in headings} - set(cells) == set()


def test_the_accountants_guide_explains_every_notice() -> None:
    cells = guides.first_cells(guides.section(ACCOUNTANT, "## Upozornění"))
    assert {kind.title for kind in KINDS.values()} - set(cells) == set()
    assert [cell for cell in cells if not guides.is_said(cell)] == []
