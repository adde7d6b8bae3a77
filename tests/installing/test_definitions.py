"""What Windows and Linux are told about the services."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import SecretStr

from tasks.installing.definitions import (
    TASKS,
    Service,
    scheduled_task,
    services,
    systemd_unit,
    systemd_word,
    windows_arguments,
)
from tasks.installing.home import Installation
from tasks.installing.versions import here

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "pohoda:velmi-tajne"


def installation(*, local: bool = True, run_as: str = "") -> Installation:
    return Installation(
        pool="local",
        environment={"PREFECT_API_AUTH_STRING": SecretStr(SECRET)},
        local_server=local,
        services="windows",
        run_as=run_as,
        units=["pohoda"],
        current=here(PROJECT),
    )


def of(made: Installation) -> list[Service]:
    return services(made, Path("C:/Program Data/pohoda-payments"))


def inside(text: str, *path: str) -> str:
    found = etree.fromstring(text).find("/".join(f"{{{TASKS}}}{name}" for name in path))
    assert found is not None
    return found.text or ""


def test_a_machine_with_its_own_server_runs_server_and_worker_others_a_worker_alone() -> None:
    assert [one.name for one in of(installation())] == ["server", "worker"]
    assert [one.name for one in of(installation(local=False))] == ["worker"]


def test_a_task_starts_at_boot_without_a_login_is_started_again_and_never_stopped() -> None:
    text = scheduled_task(of(installation())[0])
    assert inside(text, "Triggers", "BootTrigger", "Enabled") == "true"
    assert inside(text, "Triggers", "TimeTrigger", "Repetition", "Interval") == "PT2M"
    assert inside(text, "Triggers", "TimeTrigger", "StartBoundary") < "2026"
    assert inside(text, "Settings", "MultipleInstancesPolicy") == "IgnoreNew"
    assert inside(text, "Settings", "ExecutionTimeLimit") == "PT0S"
    assert inside(text, "Settings", "StopIfGoingOnBatteries") == "false"
    assert inside(text, "Principals", "Principal", "UserId") == "S-1-5-18"
    assert '"C:/Program Data/pohoda-payments"' in inside(text, "Actions", "Exec", "Arguments")


def test_parts_of_a_task_come_in_the_order_that_the_scheduler_wants() -> None:
    root = etree.fromstring(scheduled_task(of(installation())[0]))
    assert [etree.QName(part).localname for part in root] == [
        "RegistrationInfo",
        "Triggers",
        "Principals",
        "Settings",
        "Actions",
    ]


def test_a_task_of_an_account_of_the_firm_runs_under_it() -> None:
    text = scheduled_task(of(installation(run_as="FIRMA\\platby"))[0])
    assert inside(text, "Principals", "Principal", "UserId") == "FIRMA\\platby"
    assert inside(text, "Principals", "Principal", "LogonType") == "Password"


def test_no_definition_holds_a_secret() -> None:
    for service in of(installation()):
        assert SECRET not in scheduled_task(service) + systemd_unit(service) + " ".join(service.command)


@given(st.lists(st.text(alphabet='abc\\ "$%', min_size=1, max_size=12), min_size=1, max_size=4))
def test_systemd_reads_words_back_as_they_were(words: list[str]) -> None:
    line = " ".join(systemd_word(word) for word in words)
    assert "$" not in line.replace("$$", "")
    assert "%" not in line.replace("%%", "")


def test_paths_with_spaces_are_one_argument_on_windows() -> None:
    assert windows_arguments(("-m", "flows.service", "C:\\Program Files\\x")) == (
        '-m flows.service "C:\\Program Files\\x"'
    )


def test_systemd_finds_nothing_wrong_with_its_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: units are not verified by systemd itself")
    for service in of(installation()):
        file = tmp_path / service.unit
        file.write_text(systemd_unit(service), encoding="utf-8")
        done = subprocess.run([analyze, "verify", str(file)], capture_output=True, text=True, check=False)
        mine = [line for line in done.stderr.splitlines() if service.unit in line and "not found" not in line]
        assert mine == []
