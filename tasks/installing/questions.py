"""
Set-up as a conversation: the questions are the fields of the blocks, so none of them is written here again.

Asked is what must be filled in, what is empty unless somebody fills it in, and what is a choice. Everything else
has a default that fits, and can be changed in the Prefect UI at any time.
"""

from __future__ import annotations

import getpass
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

LATER = frozenset({"matching", "sql", "backup", "older", "program", "configuration", "ledger", "kind"})
"""Settings that a first set-up does without."""
NOTHING = "-"
"""The answer that leaves a field empty where something else is offered."""
WRONG = {
    "missing": "je třeba vyplnit",
    "date": "zadejte datum jako 2027-12-31",
    "int": "zadejte celé číslo",
    "literal": "vyberte jednu z nabízených možností",
}
"""What to do about a wrong answer, by the beginning of pydantic's kind of error; the rest a block says itself."""


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
            for one in error.errors(include_input=False, include_url=False, include_context=False):
                console.say(f"  ! {_called(kind, one['loc'])}: {_wrong(one['type'], one['msg'])}")
            wanted = {str(one["loc"][0]) for one in error.errors(include_input=False) if one["loc"]} or None
            answers = {name: answer for name, answer in answers.items() if not _refused(name, answer, wanted)}
        else:
            return answers


def _asked(
    model: type[BaseModel], console: Console, known: Mapping[str, Any], wanted: Collection[str] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    alike: dict[type[BaseModel], dict[str, Any]] = {}
    for name, field in model.model_fields.items():
        if name in LATER or (wanted is not None and name not in wanted):
            continue
        inner = _section(field)
        if inner is not None:
            console.say(f"\n  {field.title}: {field.description}")
            offered = known.get(name) or alike.get(inner, {})
            if offered:
                console.say(f"  (Enter = totéž, co stojí v závorce; {NOTHING} = nic)")
            alike[inner] = found[name] = _asked(inner, console, offered, None)
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
    hint = f" ({'/'.join(choices)})" if choices else " (rrrr-mm-dd)" if date in _kinds(field) else ""
    default = f" [{offered}]" if offered not in (None, "") else ""
    console.say(f"  {field.description}")
    ask = console.ask_secret if _is_secret(field) else console.ask
    answer = ask(f"  {field.title}{hint}{default}: ").strip()
    return None if answer == NOTHING else answer or known


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
    return SecretStr in _kinds(field)


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    """What a value of the field may be."""
    kinds = get_args(field.annotation) if get_origin(field.annotation) in (Union, types.UnionType) else ()
    return (field.annotation, *kinds)


def _called(kind: type[BaseModel], place: Sequence[int | str]) -> str:
    """The titles under which the person was asked, from the section down to the field."""
    titles: list[str] = []
    model: type[BaseModel] | None = kind
    for name in place:
        field = model.model_fields.get(str(name)) if model else None
        titles += [str(field.title)] if field else []
        model = _section(field) if field else None
    return ", ".join(titles) or "celek"


def _wrong(kind: str, message: str) -> str:
    """What is wrong with an answer, in Czech wherever it can be said."""
    known = next((text for beginning, text in WRONG.items() if kind.startswith(beginning)), message)
    return known.removeprefix("Value error, ")


def yes(console: Console, question: str) -> bool:
    """Whether the person says yes; no is the default."""
    return console.ask(f"{question} [a/N]: ").strip().lower() in {"a", "ano", "y"}
