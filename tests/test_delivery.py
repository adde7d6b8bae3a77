"""What a client installs is pinned, with hashes and without addresses, and is what the project asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PINS = re.split(r"\n(?=\S)", LOCK.strip())
ASKED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = [*ASKED["dependencies"], *ASKED["optional-dependencies"]["postgresql"]]


def pinned() -> dict[str, str]:
    lines = [re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([^ ;]+).*", pin.splitlines()[0]) for pin in PINS]
    return {canonicalize_name(line[1]): line[2] for line in lines if line}


@pytest.mark.parametrize("asked", REQUIREMENTS)
def test_what_the_project_asks_for_is_pinned_within_what_it_asks(asked: str) -> None:
    requirement = Requirement(asked)
    version = pinned().get(canonicalize_name(requirement.name))
    assert version, f"{asked}: run `uv run python .ci/supply.py --write`"
    assert requirement.specifier.contains(version), f"{asked}: run `uv run python .ci/supply.py --write`"


def test_every_pin_has_hashes_and_none_an_address() -> None:
    assert len(pinned()) > 50
    assert [pin.splitlines()[0] for pin in PINS if "--hash=sha256:" not in pin] == []
    assert "://" not in LOCK


def test_the_list_serves_windows_too() -> None:
    assert any("sys_platform == 'win32'" in pin for pin in PINS)
    assert not any(re.search(r"(?<!or )sys_platform == 'linux'", pin) for pin in PINS)
