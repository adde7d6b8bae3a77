"""mServer is started around a run where the unit says so, and only one that was started is stopped again."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks.pohoda import MServer
from sandbox.mserver import SandboxMServer
from tasks.errors import SettingError, Unavailable
from tasks.mserver import process
from tasks.mserver.client import Frozen, MServerClient
from tasks.mserver.process import running
from tests.mserver.firm import ICO

FAKE = Path(__file__).parent / "fake_pohoda.py"
NAME = "platby 'a' & b"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_SECONDS", 0.02)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def settings(address: str, **more: Any) -> MServer:
    filled: dict[str, Any] = {"program": "Pohoda.exe", "configuration": NAME, "starting_seconds": 20}
    return MServer(address=address, user="platby", password=SecretStr("x"), **(filled | more))


def asked(folder: Path) -> list[str]:
    file = folder / "asked"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def fake(folder: Path, port: int) -> list[str]:
    return [sys.executable, str(FAKE), str(folder), str(port)]


def test_one_that_does_not_answer_is_started_and_stopped_again(tmp_path: Path, port: int) -> None:
    unit = settings(f"http://127.0.0.1:{port}")
    with running(unit, ICO, program=fake(tmp_path, port), platform="win32"):
        assert MServerClient(unit, ICO).status().idle
        assert asked(tmp_path) == [f"/HTTP|start|{NAME}"]
    assert asked(tmp_path) == [f"/HTTP|start|{NAME}", f"/HTTP|stop|{NAME}"]
    with pytest.raises(Unavailable):
        MServerClient(unit, ICO).status()


def test_one_that_was_started_is_stopped_also_when_the_run_fails(tmp_path: Path, port: int) -> None:
    unit = settings(f"http://127.0.0.1:{port}")
    program = fake(tmp_path, port)
    with pytest.raises(RuntimeError, match="run failed"), running(unit, ICO, program=program, platform="win32"):
        raise RuntimeError("run failed")
    assert asked(tmp_path)[-1] == f"/HTTP|stop|{NAME}"


def test_one_that_answers_is_neither_started_nor_stopped(
    mserver: SandboxMServer, tmp_path: Path, port: int
) -> None:
    with running(settings(mserver.address), ICO, program=fake(tmp_path, port), platform="win32"):
        pass
    assert asked(tmp_path) == []
    assert mserver.log[-1].path == "/status"


def test_nothing_is_asked_where_the_unit_does_not_say_how_to_start_it() -> None:
    nowhere = settings("http://127.0.0.1:1", program="", configuration="")
    with running(nowhere, ICO, platform="linux"):
        pass


def test_on_another_system_than_windows_the_setting_is_refused(port: int) -> None:
    with (
        pytest.raises(SettingError, match=r"mserver\.program"),
        running(settings(f"http://127.0.0.1:{port}"), ICO, platform="linux"),
    ):
        pytest.fail("nothing was started")


def test_a_program_that_is_not_there_is_named(tmp_path: Path, port: int) -> None:
    missing = [str(tmp_path / "Pohoda.exe")]
    with (
        pytest.raises(SettingError, match=r"Pohoda\.exe"),
        running(settings(f"http://127.0.0.1:{port}"), ICO, program=missing, platform="win32"),
    ):
        pytest.fail("nothing was started")


def test_a_configuration_that_pohoda_does_not_know_is_named(tmp_path: Path, port: int) -> None:
    unit = settings(f"http://127.0.0.1:{port}", configuration="jiná")
    with (
        pytest.raises(SettingError, match="'jiná'"),
        running(unit, ICO, program=fake(tmp_path, port), platform="win32"),
    ):
        pytest.fail("nothing was started")


def test_one_that_never_answers_is_given_up_and_stopped(tmp_path: Path, port: int) -> None:
    unit = settings(f"http://127.0.0.1:{port}", configuration="nikdy", starting_seconds=1)
    with (
        pytest.raises(Unavailable, match="waited 1 s"),
        running(unit, ICO, program=fake(tmp_path, port), platform="win32"),
    ):
        pytest.fail("nothing answered")
    assert asked(tmp_path) == ["/HTTP|start|nikdy", "/HTTP|stop|nikdy"]


def test_a_frozen_one_is_said_and_no_other_is_started(
    mserver: SandboxMServer, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MServerClient", lambda *given: MServerClient(*given, quick_seconds=0.3))
    mserver.frozen = True
    with (
        pytest.raises(Frozen),
        running(settings(mserver.address), ICO, program=fake(tmp_path, port), platform="win32"),
    ):
        pytest.fail("nothing was started")
    assert asked(tmp_path) == []


@pytest.mark.parametrize(
    "wrong", [{"program": ""}, {"configuration": " "}, {"configuration": "/f"}, {"configuration": 'a"b'}]
)
def test_the_form_refuses_what_cannot_be_started(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings("http://127.0.0.1:444", **wrong)
