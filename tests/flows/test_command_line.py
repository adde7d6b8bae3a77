"""Commands on the client's machine find the Prefect server that set-up made there."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from flows import command_line, rerun
from flows.command_line import prefect_of
from tasks.errors import SettingError
from tasks.installing.home import Installation, keep
from tasks.installing.versions import here

PROJECT = Path(__file__).resolve().parents[2]
ELSEWHERE = "http://127.0.0.1:9/api"


def installed_in(home: Path, api: str) -> Path:
    environment = {
        "PREFECT_API_URL": SecretStr(api),
        "PREFECT_API_AUTH_STRING": SecretStr("pohoda:tajne"),
    }
    made = Installation(
        pool="local",
        environment=environment,
        local_server=True,
        services="none",
        units=["pohoda"],
        current=here(PROJECT),
    )
    keep(home, made)
    return home


def test_a_named_installation_is_talked_to_whatever_the_shell_says(tmp_path: Path) -> None:
    home = installed_in(tmp_path, "http://127.0.0.1:4299/api")
    with temporary_settings({PREFECT_API_URL: ELSEWHERE}):
        with prefect_of(home):
            assert PREFECT_API_URL.value() == "http://127.0.0.1:4299/api"
            assert PREFECT_API_AUTH_STRING.value() == "pohoda:tajne"
        assert PREFECT_API_URL.value() == ELSEWHERE


def test_the_usual_installation_is_found_only_where_nothing_else_says_where_prefect_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_in(tmp_path, "http://127.0.0.1:4299/api")
    monkeypatch.setattr(command_line, "default_home", lambda: tmp_path)
    with temporary_settings({PREFECT_API_URL: ELSEWHERE}), prefect_of(None):
        assert PREFECT_API_URL.value() == ELSEWHERE
    with temporary_settings(restore_defaults={PREFECT_API_URL}), prefect_of(None):
        assert PREFECT_API_URL.value() == "http://127.0.0.1:4299/api"


def test_a_folder_without_an_installation_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="not installed here"), prefect_of(tmp_path):
        pass


def test_a_command_asks_the_server_of_the_installation(
    prefect: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = installed_in(tmp_path, str(PREFECT_API_URL.value()))
    with temporary_settings({PREFECT_API_URL: ELSEWHERE}):
        assert rerun.main(["nothing", "--from", "2026-11-01", "--home", str(home)]) == 1
    assert "There is no such deployment" in capsys.readouterr().out
