"""What the Task Scheduler of Windows is asked to do, read here as the commands that it would be given."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import SettingError
from tasks.installing import keeping
from tasks.installing.keeping import TaskScheduler
from tests.installing.test_definitions import installation, of

SERVER, WORKER = of(installation())


class Windows:
    """The commands that were run, and those of them that fail."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.console: list[bool] = []
        self.refuses: set[str] = set()
        self.says = b""

    def run(self, command: Sequence[str], **how: Any) -> subprocess.CompletedProcess[bytes]:
        self.asked.append([*command])
        self.console.append(how["stdin"] is None)
        return subprocess.CompletedProcess(command, int(command[1] in self.refuses), self.says, b"")

    @property
    def verbs(self) -> list[str]:
        return [command[4 if command[1] == "/Change" else 1] for command in self.asked]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    made = Windows()
    monkeypatch.setattr(keeping.subprocess, "run", made.run)
    return made


def test_a_service_that_is_stopped_is_not_started_again_until_somebody_does(
    windows: Windows, tmp_path: Path
) -> None:
    scheduler = TaskScheduler(tmp_path)
    scheduler.stop(SERVER)
    scheduler.start(SERVER)
    assert windows.verbs == ["/DISABLE", "/End", "/ENABLE", "/Run"]


def test_a_task_that_stands_as_it_should_is_left_so_that_no_password_is_asked_for_again(
    windows: Windows, tmp_path: Path
) -> None:
    scheduler = TaskScheduler(tmp_path)
    services = of(installation(run_as="FIRMA\\platby"))
    scheduler.install(services)
    assert windows.verbs == ["/Create", "/Create"]
    assert windows.asked[0][-4:] == ["FIRMA\\platby", "/RP", "*", "/F"]
    assert windows.console == [True, True]
    scheduler.install(services)
    assert windows.verbs[2:] == ["/Query", "/Query"]
    windows.refuses = {"/Query"}
    scheduler.install(services)
    assert windows.verbs[4:] == ["/Query", "/Create", "/Query", "/Create"]


def test_a_task_that_was_refused_is_made_the_next_time(windows: Windows, tmp_path: Path) -> None:
    windows.refuses = {"/Create"}
    windows.says = b"Chyba"
    with pytest.raises(SettingError, match=r"/Create.*: 1 Chyba"):
        TaskScheduler(tmp_path).install([WORKER])
    windows.refuses = set()
    TaskScheduler(tmp_path).install([WORKER])
    assert windows.verbs == ["/Create", "/Create"]
    assert [file.name for file in tmp_path.iterdir()] == ["worker.xml"]
