"""What the guides quote, the product says; and what stops a run is explained somewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import guides

SYMPTOMS = sorted(set((guides.DOCS / "priznaky").glob("*.md")) - {guides.DOCS / "priznaky/README.md"})
PROVIDERS = sorted(set((guides.DOCS / "poskytovatele").glob("*.md")) - {guides.DOCS / "poskytovatele/README.md"})
HEADINGS = ("## Jak to vypadá", "## Proč", "## Co udělat", "## Jak poznat, že je to v pořádku")
MEANINGS = guides.DOCS / "priznaky/hlaseni.md"
SHORTEST = 12
"""Characters of a cause that are enough to look for."""


@pytest.mark.parametrize("page", [page for page in SYMPTOMS if page != MEANINGS], ids=guides.name)
def test_a_page_of_a_symptom_says_how_it_looks_why_what_to_do_and_how_to_see_that_it_is_right(page: Path) -> None:
    assert [heading for heading in HEADINGS if not guides.section(guides.text(page), heading).strip()] == []


@pytest.mark.parametrize("page", [page for page in SYMPTOMS if page != MEANINGS], ids=guides.name)
def test_messages_that_a_page_of_a_symptom_quotes_are_in_the_code(page: Path) -> None:
    markdown = guides.without_code(guides.text(page))
    looks = guides.section(markdown, HEADINGS[0])
    right = [said for said in guides.quoted(guides.section(markdown, HEADINGS[-1])) if " " in said]
    assert [said for said in [*guides.quoted(looks), *right] if not guides.is_said(said)] == []


@pytest.mark.parametrize("page", PROVIDERS, ids=guides.name)
def test_messages_that_a_page_of_a_provider_quotes_are_in_the_code(page: Path) -> None:
    cells = guides.first_cells(guides.section(guides.text(page), "## Časté potíže"))
    said = [fragment for cell in cells for fragment in guides.quoted(cell)]
    assert said
    assert [fragment for fragment in said if not guides.is_said(fragment)] == []


def causes() -> Iterator[str]:
    """The longest fixed part of the cause of every error that a person must act on."""
    for room in ("flows", "tasks"):
        for file in (guides.PROJECT / room).rglob("*.py"):
            for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in (
                    "SettingError",
                    "Refused",
                    "WrongUnit",
                ):
                    parts = [part.value for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)]
                    yield max((part for part in parts if isinstance(part, str)), key=len, default="").strip(
                        " :;,"
                    )


def test_every_message_that_a_person_must_act_on_is_listed_with_its_meaning() -> None:
    listed = [fragment for cell in guides.first_cells(guides.text(MEANINGS)) for fragment in guides.quoted(cell)]
    unlisted = {cause for cause in causes() if len(cause) >= SHORTEST and not any(cause in one for one in listed)}
    assert unlisted == set()


def test_every_listed_message_is_in_the_code() -> None:
    listed = [fragment for cell in guides.first_cells(guides.text(MEANINGS)) for fragment in guides.quoted(cell)]
    assert len(listed) > 50
    assert [fragment for fragment in listed if not guides.is_said(fragment)] == []
