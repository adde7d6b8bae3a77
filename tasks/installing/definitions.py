"""
What Windows or Linux is told about the services: definitions as text, made from what is installed. Pure.

On Windows these are tasks of the Task Scheduler: it needs no further program, and a task can start at boot
without a login. It does not restart a task whose program ended, so each is started again every two minutes, which
comes to nothing while it runs (schema http://schemas.microsoft.com/windows/2004/02/mit/task, version 1.2). They
are counted from a day long ago, since counted from the boot they would only begin with the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage]

from tasks.installing.home import Installation

TASKS = "http://schemas.microsoft.com/windows/2004/02/mit/task"
FOLDER_OF_TASKS = "pohoda-payments"
PREFIX = "pohoda-payments"
LOCAL_SYSTEM = "S-1-5-18"


@dataclass(frozen=True)
class Service:
    """One process that runs as long as the machine does."""

    name: str
    """server or worker"""
    description: str
    command: tuple[str, ...]
    """Program and arguments; no shell, and no secret among them."""
    folder: Path
    run_as: str

    @property
    def task(self) -> str:
        """Its name in the Task Scheduler."""
        return f"\\{FOLDER_OF_TASKS}\\{self.name}"

    @property
    def unit(self) -> str:
        """Its name in systemd."""
        return f"{PREFIX}-{self.name}.service"


def services(installation: Installation, home: Path) -> list[Service]:
    """The services of an installation, in the order in which they start."""
    told = {"worker": "Runs the flows of pohoda-payments"}
    if installation.local_server:
        told = {"server": "Prefect server of pohoda-payments", **told}
    current = installation.current
    return [
        Service(
            name=name,
            description=description,
            command=(str(current.python), "-m", "flows.service", name, "--home", str(home)),
            folder=current.folder,
            run_as=installation.run_as,
        )
        for name, description in told.items()
    ]


def scheduled_task(service: Service) -> str:
    """The service as a task for `schtasks /Create /XML`, which wants the elements in this order."""
    root = etree.Element(f"{{{TASKS}}}Task", {"version": "1.2"}, nsmap={None: TASKS})
    about = _inside(root, "RegistrationInfo")
    _inside(about, "Description", service.description)
    _inside(about, "URI", service.task)
    triggers = _inside(root, "Triggers")
    _inside(_inside(triggers, "BootTrigger"), "Enabled", "true")
    always = _inside(triggers, "TimeTrigger")
    again = _inside(always, "Repetition")
    _inside(again, "Interval", "PT2M")
    _inside(again, "StopAtDurationEnd", "false")
    _inside(always, "StartBoundary", "2020-01-01T00:00:00")
    _inside(always, "Enabled", "true")
    _principal(_inside(_inside(root, "Principals"), "Principal", id="Author"), service.run_as)
    settings = _inside(root, "Settings")
    for name, value in {
        "MultipleInstancesPolicy": "IgnoreNew",
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "AllowHardTerminate": "true",
        "StartWhenAvailable": "true",
        "RunOnlyIfNetworkAvailable": "false",
        "AllowStartOnDemand": "true",
        "Enabled": "true",
        "Hidden": "false",
        "RunOnlyIfIdle": "false",
        "WakeToRun": "false",
        "ExecutionTimeLimit": "PT0S",
        "Priority": "7",
    }.items():
        _inside(settings, name, value)
    action = _inside(_inside(root, "Actions", Context="Author"), "Exec")
    _inside(action, "Command", service.command[0])
    _inside(action, "Arguments", windows_arguments(service.command[1:]))
    _inside(action, "WorkingDirectory", str(service.folder))
    return etree.tostring(root, encoding="unicode", pretty_print=True)


def _principal(principal: Element, run_as: str) -> None:
    _inside(principal, "UserId", run_as or LOCAL_SYSTEM)
    if run_as:
        _inside(principal, "LogonType", "Password")
    _inside(principal, "RunLevel", "LeastPrivilege")


def _inside(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    child = etree.SubElement(parent, f"{{{TASKS}}}{name}", attributes)
    child.text = text
    return child


def windows_arguments(arguments: tuple[str, ...]) -> str:
    """Arguments as one text that Windows programs take apart again; a path may hold spaces and no quotes."""
    return " ".join(f'"{one}"' if " " in one else one for one in arguments)


def systemd_unit(service: Service) -> str:
    """The service as a unit of systemd."""
    wanted = "multi-user.target"
    after = f"network-online.target {PREFIX}-server.service" if service.name == "worker" else "network.target"
    lines = [
        "[Unit]",
        f"Description={service.description}",
        f"After={after}",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"ExecStart={' '.join(systemd_word(word) for word in service.command)}",
        f"WorkingDirectory={str(service.folder).replace('%', '%%')}",
        *([f"User={service.run_as}"] if service.run_as else []),
        "Restart=always",
        "RestartSec=15",
        "",
        "[Install]",
        f"WantedBy={wanted}",
    ]
    return "\n".join(lines) + "\n"


def systemd_word(word: str) -> str:
    """A word of a command line as systemd reads it."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if set(plain) & set(" \t'\"\\") else plain
