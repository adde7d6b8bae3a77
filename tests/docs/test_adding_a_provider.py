"""The page that shows how to add a provider is followed to the letter, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import guides

PAGE = guides.text(guides.DOCS / "adding-a-provider.md")
COPIED = ("blocks", "tasks", "flows", "sandbox", "tests", "docs")
FILES = ("prefect.yaml", "pyproject.toml", "README.md", "requirements.lock")
BLOCK = r"\n\n```\w+\n(.*?)^```\n(?=\n|\Z)"
NEW = re.findall(rf"^`([\w./-]+)`:{BLOCK}", PAGE, re.MULTILINE | re.DOTALL)
ADDED = [
    (name, line.strip("` "), content)
    for name, line, content in re.findall(
        rf"^In `([\w./-]+)`, below ([^\n]+):{BLOCK}", PAGE, re.MULTILINE | re.DOTALL
    )
]
PYTHON = [name for name, _ in NEW if name.endswith(".py")]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with everything that the page says done to it."""
    copy = tmp_path_factory.mktemp("followed")
    for room in COPIED:
        shutil.copytree(guides.PROJECT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(guides.PROJECT / name, copy / name)
    for name, content in NEW:
        assert not (copy / name).exists()
        (copy / name).write_text(content, encoding="utf-8")
    for name, line, content in ADDED:
        lines = (copy / name).read_text(encoding="utf-8").splitlines(keepends=True)
        places = [place for place, text in enumerate(lines) if text.strip() == line]
        assert len(places) == 1, f"{name} has no such line, or several: {line}"
        lines.insert(places[0] + 1, content)
        (copy / name).write_text("".join(lines), encoding="utf-8")
    return copy


def told(copy: Path, *command: str) -> tuple[int, str]:
    # What this run of pytest was asked for, coverage above all, is no business of the one in the copy.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=own,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_page_has_a_file_for_each_room_and_the_lines_for_the_lists() -> None:
    rooms = {name.split("/")[0] for name, _ in NEW}
    assert rooms == set(COPIED)
    assert len(ADDED) >= 6


def test_what_the_page_builds_is_formatted_lint_free_and_typed(followed: Path) -> None:
    changed = [*PYTHON, "flows/providers.py", "sandbox/firm.py"]
    assert told(followed, "-m", "ruff", "format", "--check", *changed)[0] == 0
    assert told(followed, "-m", "ruff", "check", *changed) == (0, "All checks passed!\n")
    status, said = told(followed, "-m", "pyright", "--pythonpath", sys.executable, *PYTHON)
    assert (status, "0 errors" in said) == (0, True), said


def test_what_the_page_builds_passes_what_every_provider_must_pass(followed: Path) -> None:
    status, said = told(
        *(followed, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"),
        *("tests/providers/test_zlatka.py", "tests/flows/test_marking.py", "tests/providers/test_probes.py"),
        "tests/providers/test_hostile_answers.py",
        *("tests/blocks", "tests/flows/test_prefect_yaml.py", "tests/sandbox/test_firm.py"),
        *("tests/docs/test_fields.py", "tests/docs/test_messages.py"),
        *("-k", "zlatka or Zlatka or slug or deployment or every_channel or same_sections"),
    )
    assert status == 0, said[-4000:]
    assert int(re.findall(r"(\d+) passed", said)[-1]) > 20
