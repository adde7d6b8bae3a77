"""The project's pages in Markdown, and what the code can say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted([PROJECT / "README.md", *DOCS.rglob("*.md")])
ROOMS = ("blocks", "tasks", "flows")


def name(page: Path) -> str:
    """The page as it is called from the project's folder."""
    return page.relative_to(PROJECT).as_posix()


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_code(markdown: str, *, spans: bool = False) -> str:
    """The page without its blocks of code, fenced or indented, and without code inside lines if wanted."""
    fenced = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    blocks = re.sub(r"^ {4,}\S.*$", "", fenced, flags=re.MULTILINE)
    return re.sub(r"(`+)[^`].*?\1(?!`)", "", blocks) if spans else blocks


def section(markdown: str, heading: str) -> str:
    """What stands under the heading, down to the next one of the same rank; empty when there is none."""
    rank = re.match(r"#+", heading)
    assert rank
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(rank[0])}}} |\Z)", markdown, re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


def anchors(markdown: str) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", without_code(markdown), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def first_cells(markdown: str) -> list[str]:
    """The first cell of every row of the tables, without their headings."""
    rows = re.findall(r"^\|(.+?)\|", markdown, re.MULTILINE)
    rules = {place for place, cell in enumerate(rows) if re.fullmatch(r"[ :-]+", cell)}
    return [cell.strip() for place, cell in enumerate(rows) if place not in rules and place + 1 not in rules]


@cache
def said_by_the_code() -> tuple[str, ...]:
    """Every text in the code of the product. What is filled in when it runs divides a text in two."""
    files = (file for room in ROOMS for file in (PROJECT / room).rglob("*.py"))
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files)
    return tuple(constant for tree in trees for constant in _constants(tree))


def _constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.replace("\u00a0", " ")


def is_said(fragment: str) -> bool:
    """Whether the code says it; "…" stands for what is filled in when it runs."""
    pieces = [piece.strip() for piece in fragment.split("…")]
    return all(any(piece in told for told in said_by_the_code()) for piece in pieces)


def quoted(markdown: str) -> list[str]:
    """What the text quotes: in quotation marks, or as code."""
    flat = re.sub(r"\s*\n>?\s*", " ", markdown)
    return [a or b for a, b in re.findall(r"`([^`]+)`|„([^„“]+)“", flat)]
