"""
Set-up as a conversation: the questions are the fields of the blocks, so none of them is written here again.

Asked is what must be filled in, what is empty unless somebody fills it in, and what is a choice. Everything else
has a default that fits, and can be changed in the Prefect UI at any time.
"""

from __future__ import annotations

import getpass
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tasks.installing.answers import problems

LATER = frozenset({"matching", "sql", "backup", "older", "program", "configuration", "ledger", "kind"})
"""Settings that a first set-up does without."""


@dataclass(frozen=True)
class Console:
    """How set-up talks with a person."""

    say: Callable[[str], None] = print
    ask: Callable[[str], str] = input
    ask_secret: Callable[[str], str] = getpass.getpass


def asked_block(kind: type[BaseModel], title: str, console: Console) -> dict[str, Any]:
    """The answers for one block, asked again until the block takes them."""
    console.say(f"\n{title}")
    answers: dict[str, Any] = {}
    wanted: Collection[str] | None = None
    while True:
        answers.update(_asked(kind, console, answers, wanted))
        try:
            kind.model_validate(answers)
        except ValidationError as error:
            for problem in problems(error):
                console.say(f"  ! {problem}")
            wanted = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]} or None
            answers = {name: answer for name, answer in answers.items() if not _refused(name, answer, wanted)}
        else:
            return answers


def _asked(
    model: type[BaseModel], console: Console, known: Mapping[str, Any], wanted: Collection[str] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in LATER or (wanted is not None and name not in wanted):
            continue
        inner = _section(field)
        if inner is not None:
            console.say(f"\n  {field.title}: {field.description}")
            found[name] = _asked(inner, console, known.get(name, {}), None)
        elif wanted is not None or _worth_asking(field):
            answer = _answer(field, console, known.get(name))
            if answer is not None:
                found[name] = answer
    return found


def _refused(name: str, answer: Any, wanted: Collection[str] | None) -> bool:
    """Whether an answer must not be offered again; a whole section is not lost for one field of it."""
    return wanted is not None and name in wanted and not isinstance(answer, dict)


def _answer(field: FieldInfo, console: Console, known: Any) -> Any:
    """What was answered; None when the default or what is known already is to stay."""
    choices = _choices(field)
    offered = known if known is not None and not _is_secret(field) else _default(field)
    hint = f" ({'/'.join(choices)})" if choices else ""
    default = f" [{offered}]" if offered not in (None, "") else ""
    console.say(f"  {field.description}")
    ask = console.ask_secret if _is_secret(field) else console.ask
    answer = ask(f"  {field.title}{hint}{default}: ").strip()
    return answer or known


def _worth_asking(field: FieldInfo) -> bool:
    return bool(field.is_required() or _choices(field) or _default(field) in (None, ""))


def _default(field: FieldInfo) -> Any:
    return None if field.default is PydanticUndefined else field.default


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _choices(field: FieldInfo) -> tuple[str, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _is_secret(field: FieldInfo) -> bool:
    kinds = get_args(field.annotation) if get_origin(field.annotation) in (Union, types.UnionType) else ()
    return SecretStr in (field.annotation, *kinds)


def yes(console: Console, question: str) -> bool:
    """Whether the person says yes; no is the default."""
    return console.ask(f"{question} [a/N]: ").strip().lower() in {"a", "ano", "y"}
