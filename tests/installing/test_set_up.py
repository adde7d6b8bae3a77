"""Set-up of a client's machine against the sandbox firm: real server, real worker, real runs, no services."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from sandbox.world import Marks
from tests.installing.stage import Client, client


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Generator[Client]:
    with client(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture(scope="module")
def before(machine: Client) -> dict[tuple[str, int], Marks | None]:
    return machine.marks()


@pytest.fixture(scope="module")
def done(machine: Client, before: dict[tuple[str, int], Marks | None]) -> CompletedProcess[str]:
    """What the one set-up that these tests share has said."""
    return machine.install()


def test_set_up_goes_from_nothing_to_a_dry_run_of_every_account(done: CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fio/fio: Completed" in done.stdout
    assert "fio/fio-eur: Completed" in done.stdout


def test_a_second_unit_has_deployments_of_its_own_and_unused_providers_have_none(
    done: CompletedProcess[str],
) -> None:
    deployed = next(line for line in done.stdout.splitlines() if line.startswith("Nasazeno"))
    assert "check/check-druha" in deployed
    assert "gopay" not in deployed


def test_set_up_writes_nothing_to_pohoda(
    done: CompletedProcess[str], machine: Client, before: dict[tuple[str, int], Marks | None]
) -> None:
    assert done.returncode == 0
    assert machine.marks() == before


def test_no_secret_is_told_or_readable_by_others(done: CompletedProcess[str], machine: Client) -> None:
    kept = machine.home / "installation.json"
    auth = json.loads(kept.read_text(encoding="utf-8"))["environment"]["PREFECT_API_AUTH_STRING"]
    assert kept.stat().st_mode & 0o077 == 0
    for secret in (machine.token, auth):
        assert secret not in done.stdout + done.stderr
        assert all(secret not in text for text in logs(machine.home / "logs"))


def logs(folder: Path) -> list[str]:
    return [file.read_text(encoding="utf-8", errors="replace") for file in folder.glob("*.log")]


def test_a_wrong_answer_is_told_by_its_field_without_what_stands_there(machine: Client, tmp_path: Path) -> None:
    text = machine.answers.read_text(encoding="utf-8").replace('{ env = "SANDBOX_TOKEN" }', '"short-secret"')
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text, encoding="utf-8")
    done = machine.set_up("install", "--from", str(wrong))
    assert done.returncode == 1
    assert "token" in done.stderr
    assert "short-secret" not in done.stdout + done.stderr
