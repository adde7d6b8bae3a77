"""Who keeps the services running: the Task Scheduler of Windows, systemd, or nobody but who starts them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tasks.errors import SettingError
from tasks.installing.definitions import Service, scheduled_task, systemd_unit
from tasks.installing.home import WINDOWS

SYSTEMD_RUNS = Path("/run/systemd/system")
UNITS = Path("/etc/systemd/system")
LONGEST_SECONDS = 120


class Keeper(Protocol):
    """What set-up needs of whoever keeps services running. Everything may be done again without harm."""

    def install(self, services: Sequence[Service]) -> None:
        """Make the services known, in place of what was known of them before, so that they start at boot."""
        ...

    def start(self, service: Service) -> None:
        """Start the service now."""
        ...

    def stop(self, service: Service) -> None:
        """Stop the service, if it runs."""
        ...

    def remove(self, services: Sequence[Service]) -> None:
        """Stop the services and make them unknown again."""
        ...


def keeper_here() -> str:
    """Who can keep services running on this machine."""
    if WINDOWS:
        return "windows"
    return "systemd" if SYSTEMD_RUNS.is_dir() else "none"


def keeper(name: str, definitions: Path) -> Keeper:
    """The keeper of this name. What it was told is left in the folder of definitions, for people to read."""
    match name:
        case "windows":
            return TaskScheduler(definitions)
        case "systemd":
            return Systemd(definitions)
        case _:
            return Nobody()


class TaskScheduler:
    """Tasks of Windows."""

    def __init__(self, definitions: Path) -> None:
        self._definitions = definitions

    def install(self, services: Sequence[Service]) -> None:
        self._definitions.mkdir(parents=True, exist_ok=True)
        for service in services:
            file = self._definitions / f"{service.name}.xml"
            wanted = scheduled_task(service)
            if _holds(file, wanted) and ran(["schtasks", "/Query", "/TN", service.task], may_fail=True):
                continue  # else the password of its account would be asked for again
            fresh = file.with_suffix(".new.xml")
            # schtasks reads UTF-16 whatever the code page of the machine is.
            fresh.write_text(wanted, encoding="utf-16")
            # An account with a password: schtasks asks for it itself, so it passes through no hands of ours.
            account = ["/RU", service.run_as, "/RP", "*"] if service.run_as else []
            ran(
                ["schtasks", "/Create", "/TN", service.task, "/XML", str(fresh), *account, "/F"],
                asks=bool(account),
            )
            fresh.replace(file)

    def start(self, service: Service) -> None:
        ran(["schtasks", "/Change", "/TN", service.task, "/ENABLE"], may_fail=True)
        ran(["schtasks", "/Run", "/TN", service.task])

    def stop(self, service: Service) -> None:
        # Only ended it would be started again within two minutes, perhaps while its database is being copied.
        ran(["schtasks", "/Change", "/TN", service.task, "/DISABLE"], may_fail=True)
        ran(["schtasks", "/End", "/TN", service.task], may_fail=True)

    def remove(self, services: Sequence[Service]) -> None:
        for service in reversed(services):
            self.stop(service)
            ran(["schtasks", "/Delete", "/TN", service.task, "/F"], may_fail=True)
            (self._definitions / f"{service.name}.xml").unlink(missing_ok=True)


def _holds(file: Path, text: str) -> bool:
    try:
        return file.read_text(encoding="utf-16") == text
    except (OSError, UnicodeError):
        return False


class Systemd:
    """Units of systemd."""

    def __init__(self, definitions: Path) -> None:
        self._definitions = definitions

    def install(self, services: Sequence[Service]) -> None:
        self._definitions.mkdir(parents=True, exist_ok=True)
        for service in services:
            text = systemd_unit(service)
            (self._definitions / service.unit).write_text(text, encoding="utf-8")
            _written(UNITS / service.unit, text)
        ran(["systemctl", "daemon-reload"])
        for service in services:
            ran(["systemctl", "enable", service.unit])

    def start(self, service: Service) -> None:
        ran(["systemctl", "restart", service.unit])

    def stop(self, service: Service) -> None:
        ran(["systemctl", "stop", service.unit], may_fail=True)

    def remove(self, services: Sequence[Service]) -> None:
        for service in reversed(services):
            ran(["systemctl", "disable", "--now", service.unit], may_fail=True)
            (UNITS / service.unit).unlink(missing_ok=True)
            (self._definitions / service.unit).unlink(missing_ok=True)
        ran(["systemctl", "daemon-reload"], may_fail=True)


class Nobody:
    """A machine where services are started by other means; set-up starts them for as long as it needs them."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def install(self, services: Sequence[Service]) -> None:
        """Nothing is to be made known."""

    def start(self, service: Service) -> None:
        self.stop(service)
        self._running[service.name] = subprocess.Popen(  # noqa: S603 - our own definition, no shell
            list(service.command), cwd=service.folder, stdin=subprocess.DEVNULL
        )

    def stop(self, service: Service) -> None:
        process = self._running.pop(service.name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def remove(self, services: Sequence[Service]) -> None:
        for service in reversed(services):
            self.stop(service)


def _written(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except PermissionError:
        raise SettingError(
            "The services cannot be made known to systemd",
            evidence=f"no right to write {file}",
            next_step="run set-up as root, or with --services none and start the services by other means",
        ) from None


def ran(command: Sequence[str], *, may_fail: bool = False, asks: bool = False) -> bool:
    """Run one command of the system, and whether it did its part; it may ask the person at the console.

    Raises SettingError with what it printed when it failed and may not.
    """
    try:
        done = subprocess.run(  # noqa: S603 - an argument list of ours, no shell
            list(command),
            capture_output=not asks,
            stdin=None if asks else subprocess.DEVNULL,
            check=False,
            timeout=None if asks else LONGEST_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        code, printed = type(error).__name__, ""
    else:
        if done.returncode == 0:
            return True
        code, printed = str(done.returncode), _printed(done)
    if may_fail:
        return False
    raise SettingError(
        f"{command[0]} refused to do its part of the set-up",
        evidence=f"{' '.join(command[:4])}: {code} {printed}".rstrip(),
        next_step="run set-up as administrator, or with --services none and start the services by other means",
    )


def _printed(done: subprocess.CompletedProcess[bytes]) -> str:
    said = (done.stderr or b"") + (done.stdout or b"")
    # Programs of Windows print in the code page of its consoles, on a Czech one 852.
    return " ".join(said.decode("oem" if WINDOWS else "utf-8", "replace").split())[:400]
