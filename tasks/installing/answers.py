"""
What set-up is to make, as a file says it (TOML) or as a person answers.

A secret may stand in the file, or be named there as `{env = "NAME"}` and come from the environment. Each unit and
each account is then what its block says it must be; nothing of the blocks is written here again.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from tasks.errors import SettingError

M = TypeVar("M", bound=BaseModel)
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
"""Names of blocks, which become names of deployments."""
LARGEST = 1024 * 1024
MOST_PROBLEMS = 20
LONGEST_PLACE = 100


@dataclass(frozen=True)
class Standing:
    """What is installed already, so that the answers need not tell it again."""

    units: Collection[str] = ()
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The unit of each "provider/block"."""


class Server(BaseModel):
    """Where the Prefect server is; without an address one is set up on this machine."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    address: str = Field(default="", title="Adresa serveru Prefect")
    auth: SecretStr | None = Field(default=None, title="Přihlášení k serveru Prefect")
    host: str = Field(default="127.0.0.1", title="Adresa, na které server naslouchá")
    port: int = Field(default=4200, ge=1, le=65535, title="Port")


class Answers(BaseModel):
    """All that set-up needs to know. The contents of units and accounts are those of their blocks."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    server: Server = Field(default_factory=Server)
    pool: str = Field(default="local", pattern=NAME)
    services: Literal["auto", "windows", "systemd", "none"] = "auto"
    run_as: str = ""
    units: dict[str, dict[str, Any]] = {}
    accounts: dict[str, dict[str, dict[str, Any]]] = {}
    """By provider and by name of the block; `unit` beside the block's own fields, when there are several."""
    notification: dict[str, Any] = {}

    def unit_of(self, provider: str, account: str, standing: Standing) -> str:
        """The unit that an account belongs to: the one it names, the one it has already, or the only one."""
        units = dict.fromkeys([*standing.units, *self.units])
        named = self.accounts[provider][account].get("unit") or standing.accounts.get(f"{provider}/{account}")
        if named is None and len(units) == 1:
            return next(iter(units))
        if named not in units:
            raise SettingError(
                "It is not said which unit an account belongs to",
                evidence=f"accounts.{provider}.{account}: unit is {named!r}, there are {', '.join(units)}",
                next_step="write unit with the name of one of the units",
            )
        return str(named)


def read_answers(
    file: Path, environment: Mapping[str, str] = os.environ, standing: Standing = Standing()
) -> Answers:
    """What the file says. Raises SettingError, without any value in it, when that cannot be used."""
    try:
        told = _filled(tomllib.loads(_text_of(file)), environment, str(file))
    except FileNotFoundError:
        raise SettingError(
            "There is no such file with answers", evidence=str(file), next_step="check its path"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        # Also a path that can be none, a number or tables without end. The parser's own text may quote the line,
        # and a secret may stand on it.
        raise SettingError(
            "The file with answers cannot be read",
            evidence=f"{file}: {type(error).__name__} {_place(error)}".rstrip(),
            next_step="correct it; it is TOML in UTF-8, see docs/instalace.md",
        ) from None
    answers = understood(Answers, told, str(file))
    _check_names(answers, standing)
    return answers


def _text_of(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise SettingError(
            "The file with answers is too large to be one",
            evidence=f"{file}: more than {LARGEST // 1024} KiB",
            next_step="check its path; see docs/instalace.md",
        )
    return content.decode("utf-8-sig")


def _place(error: Exception) -> str:
    found = str(error).rpartition("(at ")[2].rstrip(")")
    return found if found.startswith("line ") else ""


def _filled(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """The same with what comes from the environment in its place."""
    if isinstance(value, list):
        return [_filled(part, environment, where) for part in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, Any]", value)
    if set(table) != {"env"}:
        return {name: _filled(part, environment, f"{where}, {name}") for name, part in table.items()}
    name = str(table["env"])
    if name not in environment:
        raise SettingError(
            "A value is to come from the environment and is not there",
            evidence=f"{where}: variable {name}",
            next_step="set it before running set-up, or write the value into the file",
        )
    return environment[name]


def understood(kind: type[M], told: Any, where: str) -> M:
    """The told settings as this kind. Raises SettingError that names each field and never a value."""
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        raise SettingError(
            f"What is told of {where} is not what it must be",
            evidence="; ".join(problems(error)),
            next_step="correct these fields and run set-up again; nothing is made twice",
        ) from None


def problems(error: ValidationError) -> list[str]:
    """The first wrong fields, each with what is wrong with it, without the value."""
    told = error.errors(include_input=False, include_url=False, include_context=False)[:MOST_PROBLEMS]
    return [f"{'.'.join(map(str, one['loc']))[:LONGEST_PLACE] or 'celek'}: {one['msg']}" for one in told]


def _check_names(answers: Answers, standing: Standing) -> None:
    names = [*answers.units, *(name for accounts in answers.accounts.values() for name in accounts)]
    wrong = [name for name in names if not _is_name(name)]
    if wrong or not (answers.units or standing.units):
        raise SettingError(
            "A name of a block cannot be used" if wrong else "There is no accounting unit to set up",
            evidence=", ".join(map(repr, wrong)) or "the table units is empty",
            next_step="use small letters without accents, digits and single hyphens",
        )
    for provider, accounts in answers.accounts.items():
        for account in accounts:
            answers.unit_of(provider, account, standing)


def _is_name(name: str) -> bool:
    return all(part.isascii() and part.isalnum() and part == part.lower() for part in name.split("-"))
