"""
Starting and stopping mServer around a run by POHODA's own command line (pohoda-mserver.md 1.2).

Only where the unit says so, and only on Windows. One that answers already is left as it is, also afterwards: a
person or another program may need it. Nothing passes through a shell, so a configuration's name is only a name.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

from blocks.pohoda import MServer
from tasks.errors import SettingError, Unavailable
from tasks.mserver.client import Frozen, MServerClient

PAUSE_SECONDS = 0.5
STOPPING_SECONDS = 60


@contextmanager
def running(
    settings: MServer, ico: str, *, program: Sequence[str] = (), platform: str = sys.platform
) -> Generator[None]:
    """As long as the `with` lasts, an mServer that answers, if the unit says how to start one.

    It is started only when nothing answers, and stopped only when it was started here. `program` stands in for
    the path of Pohoda.exe. Raises SettingError when it cannot be started here at all, Frozen when one is there
    that answers nothing, Unavailable when it does not answer in the time that the unit gives it.
    """
    if not settings.program or _answers(client := MServerClient(settings, ico)):
        yield
        return
    if platform != "win32":
        raise SettingError(
            "mServer can be started by this program only on Windows, where POHODA runs",
            evidence=f"field mserver.program is {settings.program!r}, this system is {platform}",
            next_step="clear mserver.program in the unit, or run the worker on the computer with POHODA",
        )
    command = [*(program or [settings.program]), "/HTTP"]
    started = _started([*command, "start", settings.configuration])
    try:
        _wait(client, settings, started)
        yield
    finally:
        _stopped([*command, "stop", settings.configuration])


def _answers(client: MServerClient) -> bool:
    """Raises Frozen for one that takes the connection and says nothing: no other can be started beside it."""
    try:
        client.status()
    except Frozen:
        raise
    except Unavailable:
        return False
    return True


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - an argument list from the unit's settings, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise SettingError(
            "POHODA cannot be started to run mServer",
            evidence=f"field mserver.program is {command[0]!r}: {error.strerror or type(error).__name__}",
            next_step="correct the path of Pohoda.exe in the unit, and let the worker's account run it",
        ) from None


def _wait(client: MServerClient, settings: MServer, started: subprocess.Popen[bytes]) -> None:
    """Until mServer answers. The command itself may come back long before, or not at all."""
    deadline = time.monotonic() + settings.starting_seconds
    while time.monotonic() < deadline:
        if started.poll():
            raise SettingError(
                "POHODA refused to start mServer",
                evidence=f"it ended with {started.returncode} for the configuration {settings.configuration!r}",
                next_step="check the configuration's name in POHODA, and let the worker's account run it",
            )
        with suppress(Frozen):  # it may take connections before it can answer them
            if _answers(client):
                return
        time.sleep(PAUSE_SECONDS)
    raise Unavailable(
        "mServer was started and does not answer",
        evidence=f"waited {settings.starting_seconds} s for {settings.address}",
        next_step="check that the configuration in POHODA has the port of mserver.address, or allow it more time",
    )


def _stopped(command: Sequence[str]) -> None:
    """Best effort: an mServer that stays on harms nothing, and whatever the run came to matters more."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(  # noqa: S603 - an argument list from the unit's settings, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=STOPPING_SECONDS,
            check=False,
        )
