"""What set-up lets nobody do: enter Prefect unasked, read its secrets, have strange files installed."""

import asyncio
import os
import socket
import stat
import zipfile
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from flows.installing import prepared
from tasks.errors import SettingError
from tasks.installing import home as homes
from tasks.installing.answers import Server
from tasks.installing.home import close_to_others, keep, narrowing
from tasks.installing.versions import here, number_of, placed, unpacked, with_packages

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **server: object) -> dict[str, str]:
    """The settings of Prefect that set-up makes."""
    told = Server.model_validate({"port": free_port(), **server})
    return prepared(folder, PROJECT, told, None).plain_environment()


def answers_of(made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What Prefect's own server, with these settings, answers to somebody with and without a password."""
    from prefect.context import SettingsContext, get_settings_context
    from prefect.server.api.server import create_app
    from prefect.settings import Settings

    for name, value in made.items():
        monkeypatch.setenv(name, value)
    user, _, password = made["PREFECT_API_AUTH_STRING"].partition(":")
    known, wrong = httpx.BasicAuth(user, password), httpx.BasicAuth(user, "x")
    document = "/api/block_documents/00000000-0000-0000-0000-000000000000"
    asked = {
        "health": ("GET", "/api/health", None),
        "nobody reads": ("GET", document, None),
        "nobody asks for a token": ("GET", "/api/csrf-token?client=page", None),
        "a wrong password": ("GET", document, wrong),
        "nobody makes a pool": ("POST", "/api/work_pools/", None),
        "a page of somebody else": ("POST", "/api/block_documents/filter", known),
    }

    async def tried() -> dict[str, int]:
        transport = httpx.ASGITransport(create_app(webserver_only=True, ignore_cache=True))
        async with httpx.AsyncClient(transport=transport, base_url=made["PREFECT_UI_API_URL"]) as browser:
            return {
                what: (await browser.request(method, f"http://127.0.0.1{path}", auth=auth)).status_code
                for what, (method, path, auth) in asked.items()
            }

    with SettingsContext(profile=get_settings_context().profile, settings=Settings()):
        return asyncio.run(tried())


def test_a_server_in_its_defaults_is_silent_to_all_who_have_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answers_of(environment(tmp_path), monkeypatch) == {
        "health": 200,
        "nobody reads": 401,
        "nobody asks for a token": 401,
        "a wrong password": 401,
        "nobody makes a pool": 403,
        "a page of somebody else": 403,
    }


def test_it_listens_on_this_machine_alone_unless_somebody_asks_for_more(tmp_path: Path) -> None:
    made = environment(tmp_path)
    assert made["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert made["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"].split(",") == [
        f"http://{host}:{made['PREFECT_SERVER_API_PORT']}" for host in ("127.0.0.1", "localhost")
    ]
    assert environment(tmp_path, host="localhost")["PREFECT_SERVER_API_HOST"] == "localhost"


def test_each_installation_has_a_password_and_a_key_of_its_own_in_a_file_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    first, second = (prepared(tmp_path, PROJECT, Server(port=free_port()), None) for _ in range(2))
    secret = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_SERVER_ENCRYPTION_KEY")
    mine, yours = first.plain_environment(), second.plain_environment()
    assert all(mine[name] != yours[name] and len(mine[name]) > 32 for name in secret)
    Fernet(mine["PREFECT_SERVER_ENCRYPTION_KEY"])
    assert all(mine[name] not in repr(first) for name in secret)
    keep(tmp_path, first)
    (kept,) = (file for file in tmp_path.rglob("*") if file.is_file())
    assert kept.name == homes.FILE
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_on_windows_the_whole_folder_is_closed_to_others_by_a_list_of_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(homes, "WINDOWS", True)
    monkeypatch.setenv("USERNAME", "technik & calc")
    monkeypatch.setattr("subprocess.run", lambda command, **_: ran.append(command))  # pyright: ignore
    close_to_others(tmp_path, "FIRMA\\platby")
    assert ran == [narrowing(tmp_path, "technik & calc", "FIRMA\\platby")]
    assert {"*S-1-5-18:(OI)(CI)F", "technik & calc:(OI)(CI)F", "FIRMA\\platby:(OI)(CI)F"} < set(ran[0])


@pytest.mark.parametrize(
    "address",
    [
        "http://server.example/api",
        "http://127.0.0.1.evil.example/api",
        "http://localhost@evil.example/api",
        "http://localhost.evil.example:4200/api",
        "https://",
        "file:///etc/passwd",
    ],
)
def test_a_server_elsewhere_is_only_spoken_to_over_https(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingError, match="only used over https"):
        prepared(tmp_path, PROJECT, Server(address=address), None)


def zipped(folder: Path, *members: zipfile.ZipInfo | str) -> Path:
    delivery = folder / "nova.zip"
    with zipfile.ZipFile(delivery, "w") as packed:
        packed.writestr("pohoda-payments/pyproject.toml", "[project]\nversion = '2'\n")
        for member in members:
            packed.writestr(member, "/etc/passwd")
    return delivery


def link(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = (stat.S_IFLNK | 0o777) << 16
    return made


@pytest.mark.parametrize(
    "member",
    ["../evil.py", "a/../../evil.py", "/evil.py", "..\\evil.py", "C:\\evil.py", "flows/x:hidden", link("flows")],
    ids=str,
)
def test_a_delivery_that_would_write_elsewhere_is_refused_as_a_whole(
    tmp_path: Path, member: zipfile.ZipInfo | str
) -> None:
    scratch = tmp_path / "inside" / "scratch"
    scratch.mkdir(parents=True)
    with pytest.raises(SettingError, match="cannot be unpacked"):
        unpacked(zipped(tmp_path, member), scratch)
    assert list(scratch.iterdir()) == []
    assert not list(tmp_path.rglob("evil.py"))


def test_a_delivery_that_unpacks_to_more_than_any_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.installing.versions.LARGEST_DELIVERY", 30)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(SettingError, match="more than any version"):
        unpacked(zipped(tmp_path, "flows"), scratch)
    assert list(scratch.iterdir()) == []


def delivered(folder: Path, told: str) -> Path:
    for name in ("flows", "tasks", "blocks"):
        (folder / name).mkdir(parents=True)
    for name in ("requirements.lock", "prefect.yaml"):
        (folder / name).touch()
    (folder / "pyproject.toml").write_text(told, encoding="utf-8")
    return folder


@pytest.mark.parametrize("number", ["../..", "/", "..", "C:/x", "1/2", "", "1 2", "1..2", "x\\n"])
def test_a_number_that_would_be_another_folder_is_no_number(tmp_path: Path, number: str) -> None:
    with pytest.raises(SettingError, match="no number"):
        number_of(delivered(tmp_path / "new", f'[project]\nversion = "{number}"\n'))


@pytest.mark.parametrize("told", ["", "= nonsense", "project = 1", "[project]\nversion = []\n"])
def test_a_delivery_without_a_number_is_refused_in_a_sentence(tmp_path: Path, told: str) -> None:
    with pytest.raises(SettingError, match="no number"):
        number_of(delivered(tmp_path / "new", told))


def test_the_version_that_runs_is_never_deleted_for_another_of_the_same_number(tmp_path: Path) -> None:
    running = delivered(tmp_path / "versions" / "2", '[project]\nversion = "2"\n')
    current = here(PROJECT).model_copy(update={"folder": running})
    with pytest.raises(SettingError, match="is the one that is installed"):
        placed(delivered(tmp_path / "new", '[project]\nversion = "2"\n'), tmp_path, current)
    assert (running / "pyproject.toml").is_file()


def test_a_package_that_is_not_the_one_on_the_list_is_not_installed(tmp_path: Path) -> None:
    wheel = tmp_path / "demo-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("demo.py", "")
        packed.writestr("demo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1\n")
        packed.writestr(
            "demo-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr("demo-1.dist-info/RECORD", "")
    listed = sha256(b"another one").hexdigest()
    (tmp_path / "requirements.lock").write_text(f"demo @ {wheel.as_uri()} --hash=sha256:{listed}\n", "utf-8")
    with pytest.raises(SettingError, match="cannot be installed") as refused:
        with_packages(tmp_path)
    assert "hash" in str(refused.value).lower()
