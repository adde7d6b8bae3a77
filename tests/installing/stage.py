"""The sandbox firm as a client that set-up is run for: a file with answers, and a folder to install into."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, SecretStr

from sandbox.demo import open_stand
from sandbox.firm import firm
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import PROJECT, free_port
from sandbox.world import Marks
from tasks.days import prague_day


@dataclass(frozen=True)
class Client:
    """A client's machine with the sandbox firm on it, before set-up."""

    answers: Path
    home: Path
    token: str
    pohoda: SandboxPohoda

    def set_up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a technician does."""
        return subprocess.run(
            [sys.executable, "-m", "flows.set_up", *arguments, "--home", str(self.home)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONUTF8": "1", "SANDBOX_TOKEN": self.token, "NO_PROXY": "127.0.0.1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def install(self) -> subprocess.CompletedProcess[str]:
        """Set up from the file with answers, without a question."""
        return self.set_up("install", "--from", str(self.answers))

    def marks(self) -> dict[tuple[str, int], Marks | None]:
        """What stands on the documents in Pohoda."""
        return self.pohoda.marks()


@contextmanager
def client(folder: Path) -> Generator[Client]:
    """The firm, its mServer and its bank on loopback; one unit with an account, no services kept."""
    world = firm(seed=1, today=prague_day(dt.datetime.now(dt.UTC)))
    pohoda = SandboxPohoda.build(world, folder)
    with ExitStack() as open_things:
        mserver = open_things.enter_context(open_mserver(pohoda, accepts_updates=True))
        stand = open_stand("fio", world, folder, open_things)
        unit = told(pohoda.unit(mserver.address, "left to set-up"))
        del unit["ledger"]
        account = told(stand.block)
        token = str(account.pop("token"))
        text = toml(
            {
                "services": "none",
                "server": {"port": free_port()},
                "units": {"pohoda": unit},
                "accounts": {"fio": {"fio": account}},
            }
        )
        place = "[accounts.fio.fio]\n"
        text = text.replace(place, f'{place}token = {{ env = "SANDBOX_TOKEN" }}\n')
        answers = folder / "odpovedi.toml"
        answers.write_text(text, encoding="utf-8")
        yield Client(answers, folder / "home", token, pohoda)


def told(value: Any) -> Any:
    """A block's fields as a file of answers holds them, secrets in clear; defaults are left out."""
    if isinstance(value, BaseModel):
        usual = {
            name: field.get_default(call_default_factory=True, validated_data={})
            for name, field in type(value).model_fields.items()
        }
        return {name: told(getattr(value, name)) for name in usual if getattr(value, name) != usual[name]}
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def toml(tables: Mapping[str, Any], place: str = "") -> str:
    """The tables as TOML."""
    plain = {name: value for name, value in tables.items() if not isinstance(value, dict)}
    text = "".join(
        f"{name} = {json.dumps(value, ensure_ascii=False, default=str)}\n" for name, value in plain.items()
    )
    text = f"[{place}]\n{text}" if place and plain else text
    for name, value in tables.items():
        if isinstance(value, dict):
            text += toml(cast("dict[str, Any]", value), f"{place}.{name}" if place else name)
    return text
