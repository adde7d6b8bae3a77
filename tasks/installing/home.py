"""
The product's home on a machine: one folder, and in it one file that says what is installed.

That file holds the settings of the services, secrets among them, so only its owner may read it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import BaseModel, Field, PlainSerializer, SecretStr, ValidationError

from tasks.errors import SettingError

NAME = "pohoda-payments"
FILE = "installation.json"
WINDOWS = sys.platform == "win32"
_SYSTEM, _ADMINISTRATORS = "*S-1-5-18", "*S-1-5-32-544"

Kept = Annotated[
    SecretStr, PlainSerializer(lambda secret: secret.get_secret_value(), return_type=str, when_used="json")
]
"""A secret that is written to the installation's own file, and shown nowhere else."""


class Version(BaseModel):
    """One version of the product on this machine."""

    number: str
    folder: Path
    """Where its `flows`, `tasks` and `blocks` are; services run there."""
    python: Path
    """The interpreter with the packages of its requirements.lock."""
    since: dt.datetime
    """When it became the current one; aware."""


class Installation(BaseModel):
    """What is installed in a home folder."""

    pool: str
    environment: dict[str, Kept]
    """Settings of Prefect for the services and for commands on this machine."""
    local_server: bool
    services: str
    """Who keeps them running: windows, systemd or none."""
    run_as: str = ""
    """The account of the services; empty is the system's own."""
    units: list[str]
    """Names of the units' blocks, the first one first."""
    accounts: dict[str, str] = {}
    """Names of accounts as provider/block, and the unit that each belongs to."""
    current: Version
    previous: list[Version] = Field(default=[])
    """Earlier versions that are still there, the newest last."""

    def plain_environment(self) -> dict[str, str]:
        """The settings as a process takes them."""
        return {name: value.get_secret_value() for name, value in self.environment.items()}


def default_home() -> Path:
    """Where the product lives when nobody says otherwise: all users' data on Windows, else this user's."""
    if WINDOWS:
        return platformdirs.site_data_path(NAME, appauthor=False)
    return platformdirs.user_data_path(NAME, appauthor=False)


def installed(home: Path) -> Installation | None:
    """What the home folder says is installed; None when nothing is.

    Raises SettingError when the file is there and cannot be read.
    """
    file = home / FILE
    try:
        if not file.is_file():
            return None
        return Installation.model_validate_json(file.read_bytes())
    except OSError as error:
        evidence = type(error).__name__
    except ValidationError as error:
        evidence = ", ".join(".".join(map(str, problem["loc"])) or "form" for problem in error.errors())
    raise SettingError(
        "The file that says what is installed cannot be read",
        evidence=f"{file}: {evidence}",
        next_step="run the command as the user who installed the product, or put the file back from a backup",
    )


def the_installed(home: Path) -> Installation:
    """What is installed in the home folder. Raises SettingError when nothing is."""
    found = installed(home)
    if found is None:
        raise SettingError(
            "The product is not installed here",
            evidence=f"there is no {home / FILE}",
            next_step="run python -m flows.set_up, or name the right folder with --home",
        )
    return found


def keep(home: Path, installation: Installation) -> None:
    """Write the file in one step, so that a crash leaves the old one or the new one, never half of it."""
    home.mkdir(parents=True, exist_ok=True)
    text = json.dumps(installation.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_privately(home / FILE, text, readers=[installation.run_as] if installation.run_as else [])


def write_privately(file: Path, text: str, readers: Sequence[str] = ()) -> None:
    """Write a file that only its owner may read; on Windows also the system, administrators and readers."""
    half = file.with_name(file.name + ".new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    if WINDOWS:
        subprocess.run(narrowing(half, os.environ["USERNAME"], *readers), check=True, capture_output=True)  # noqa: S603
    half.replace(file)


def close_to_others(home: Path, run_as: str) -> None:
    """Take everybody else's rights to the folder and all in it away; Windows gives some where programs keep data.

    Whoever may put a file there could have it run by the system's own account. Elsewhere the folder was made for
    its owner alone.
    """
    if WINDOWS:
        users = [os.environ["USERNAME"], *([run_as] if run_as else [])]
        subprocess.run(narrowing(home, *users), check=True, capture_output=True)  # noqa: S603 - no shell


def narrowing(file: Path, *users: str) -> list[str]:
    """The Windows command that takes everybody else's rights away, to a file or to a folder and all in it."""
    right = "(OI)(CI)F" if file.is_dir() else "F"
    granted = [f"{name}:{right}" for name in (_SYSTEM, _ADMINISTRATORS, *users)]
    return ["icacls", str(file), "/inheritance:r", "/grant:r", *granted]


def prefect_environment(home: Path, made: dict[str, Any]) -> dict[str, SecretStr]:
    """The settings of Prefect that every process of the installation runs with; `made` goes on top of them."""
    common = {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_PROFILES_PATH": str(home / "prefect" / "profiles.toml"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # A Czech Windows would write its logs in cp1250 and stop at the first arrow.
        "PYTHONUTF8": "1",
    }
    return {name: SecretStr(str(value)) for name, value in {**common, **made}.items()}
