"""Commands on the client's machine talk to the Prefect that set-up made there, unless they are told otherwise."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from tasks.installing.home import Installation, default_home, installed, the_installed


def add_home(parser: argparse.ArgumentParser) -> None:
    """Let the command be told which installation it is about."""
    parser.add_argument(
        "--home",
        type=Path,
        help=f"the installation's folder (default: {default_home()}, unless Prefect is told of another server)",
    )


@contextmanager
def prefect_of(home: Path | None) -> Generator[None]:
    """While it lasts, this process talks to the Prefect of the installation in the folder.

    Without a folder the address that the environment or the profile gives Prefect holds; where there is none, the
    installation in the default folder, if there is one. Raises SettingError when the folder holds none.
    """
    if home is None:
        found = None if PREFECT_API_URL.value() else installed(default_home())
    else:
        found = the_installed(home.expanduser().resolve())
    with temporary_settings(settings_of(found) if found else {}):
        yield


def settings_of(installation: Installation) -> dict[Any, Any]:
    """Where the installation's Prefect server is and what lets one in, as Prefect's own settings."""
    plain = installation.plain_environment()
    settings: dict[Any, Any] = {PREFECT_API_URL: plain["PREFECT_API_URL"]}
    if "PREFECT_API_AUTH_STRING" in plain:
        settings[PREFECT_API_AUTH_STRING] = plain["PREFECT_API_AUTH_STRING"]
    return settings
