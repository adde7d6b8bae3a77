"""Every field that somebody has to fill in is explained in the technician's guide, and none that is not there."""

import re
from pathlib import Path

import pytest
import yaml
from prefect.blocks.core import Block
from pydantic import BaseModel

from flows.providers import PROVIDERS
from tests.blocks.test_every_block import BLOCKS, models_inside
from tests.docs import guides

TECHNICIAN = guides.DOCS / "technik.md"
DEPLOYMENTS = yaml.safe_load((guides.PROJECT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


def page_of(block: type[Block]) -> Path:
    provider = next((name for name, (kind, _) in PROVIDERS.items() if kind is block), None)
    return guides.DOCS / f"poskytovatele/{provider}.md" if provider else TECHNICIAN


def titles(model: type[BaseModel]) -> set[str]:
    return {str(field.title) for field in model.model_fields.values()}


def explained(page: str) -> set[str]:
    """The titles that have a row of their own in a table of the page."""
    return set(re.findall(r"^\| \*\*([^*]+)\*\* \|", page, re.MULTILINE))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_the_guide_names_the_block_and_explains_each_of_its_fields(block: type[Block]) -> None:
    page = guides.text(page_of(block))
    known = {title for model in models_inside(block) for title in titles(model)}
    assert f"**{block.get_block_type_name()}**" in page
    assert known - explained(page) == set()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_the_guide_explains_no_field_that_the_block_does_not_have(block: type[Block]) -> None:
    page = page_of(block)
    told_there = [one for one in BLOCKS if page_of(one) == page]
    known = {title for one in told_there for model in models_inside(one) for title in titles(model)}
    assert explained(guides.text(page)) - known == set()


def test_every_provider_has_a_page_of_the_same_sections() -> None:
    sections = [
        "## Co objednat",
        "## Co vyplnit v bloku",
        "## Kdy a jak často",
        "## Co a kdy končí",
        "## Co program ví a co neví",
        "## Časté potíže",
    ]
    pages = sorted(set((guides.DOCS / "poskytovatele").glob("*.md")) - {guides.DOCS / "poskytovatele/README.md"})
    assert pages == sorted(page_of(block) for block in BLOCKS if page_of(block) != TECHNICIAN)
    for page in pages:
        assert re.findall(r"^## .+$", guides.text(page), re.MULTILINE) == sections, guides.name(page)


def test_every_deployment_is_explained_and_none_that_does_not_exist() -> None:
    cells = guides.first_cells(guides.section(guides.text(TECHNICIAN), "## Nasazení"))
    assert {cell.strip("`") for cell in cells} == {deployment["name"] for deployment in DEPLOYMENTS}


def test_the_interval_that_the_guide_tells_is_that_of_the_schedule() -> None:
    rows = re.findall(
        r"^\| `(\S+)` \| (.+?) \|", guides.section(guides.text(TECHNICIAN), "## Nasazení"), re.MULTILINE
    )
    words = {
        "hourly": "každou hodinu",
        "two-hourly": "každé dvě hodiny",
        "daily": "denně",
        "nightly": "v noci",
        "monthly": "prvního dne měsíce",
    }
    for deployment in DEPLOYMENTS:
        slugs = [schedule["slug"] for schedule in deployment.get("schedules", [])] or [None]
        assert words.get(slugs[0], "ručně") in dict(rows)[deployment["name"]], deployment["name"]
