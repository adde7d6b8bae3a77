"""Set-up of a client's machine against the sandbox firm: real server, real worker, real runs, no services."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.installing.stage import Client, client


@pytest.fixture
def machine(tmp_path: Path) -> Generator[Client]:
    with client(tmp_path) as made:
        yield made


@pytest.mark.timeout(900)
def test_set_up_goes_from_nothing_to_a_dry_run_writes_nothing_to_pohoda_and_tells_no_secret(
    machine: Client,
) -> None:
    before = machine.marks()
    done = machine.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "check/check: Completed" in done.stdout
    assert "fio/fio: Completed" in done.stdout
    assert "gopay" not in done.stdout
    assert machine.marks() == before
    assert (machine.home / "ledger-12345678.db").is_file()
    kept = machine.home / "installation.json"
    made = json.loads(kept.read_text(encoding="utf-8"))["environment"]
    assert kept.stat().st_mode & 0o077 == 0
    assert machine.home.stat().st_mode & 0o077 == 0
    assert made["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    files = [file for file in machine.home.rglob("*") if file.is_file() and file != kept]
    assert any(file.name == "prefect.db" for file in files)
    for secret in (machine.token, made["PREFECT_API_AUTH_STRING"], made["PREFECT_SERVER_ENCRYPTION_KEY"]):
        assert secret not in done.stdout + done.stderr
        assert [file for file in files if secret.encode() in file.read_bytes()] == []


def test_a_wrong_answer_is_told_by_its_field_without_what_stands_there(machine: Client, tmp_path: Path) -> None:
    text = machine.answers.read_text(encoding="utf-8").replace('{ env = "SANDBOX_TOKEN" }', '"short-secret"')
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text, encoding="utf-8")
    done = machine.set_up("install", "--from", str(wrong))
    assert done.returncode == 1
    assert "token" in done.stderr
    assert "short-secret" not in done.stdout + done.stderr
