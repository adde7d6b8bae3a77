"""What nobody outside the client's machine may ever see, planted to be searched for."""

from __future__ import annotations

import base64
import types
from collections.abc import Iterable
from typing import Any, Union, get_args, get_origin
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from pydantic import BaseModel, SecretStr

PERSON = "Květoslava Přívozníková"
ACCOUNT = "1928374650/0800"
IBAN = "CZ6508000000192000145399"
MESSAGE = "Gratulujeme babičce ke kulatinám"
PHONE = "+420 602 918 273"
EMAIL = "kvetoslava@privoz.example"
PERSONAL = f"{PERSON}, {ACCOUNT}, {IBAN}, {MESSAGE}, {PHONE}, {EMAIL}"
PIECES = (
    "Květoslava",
    "Přívozníková",
    "1928374650",
    "0192000145399",
    "babičce",
    "kulatinám",
    "602 918 273",
    "privoz",
)
"""Each piece of it that would tell something by itself."""
SECRET = "S3cr&t<Zl4ť/0-planted-and-never-shown+=?0123456789"
SHORT_PIECE = 20


def spellings(secret: str) -> set[str]:
    """Every way in which a secret could be written somewhere: plain, in a URL, in XML, in Basic's base64, cut."""
    raw = secret.encode()
    whole = {secret, quote(secret, safe=""), quote_plus(secret), escape(secret, {'"': "&quot;"})}
    whole |= {secret.encode("unicode_escape").decode(), repr(secret)[1:-1]}
    # Within the base64 of "user:secret" the secret begins at any of three places, and ends unlike by itself.
    coded = {
        base64.b64encode(b"x" * shift + raw)[4 if shift else 0 :].decode().rstrip("=")[:-2] for shift in range(3)
    }
    cut = {secret[:SHORT_PIECE], secret[-SHORT_PIECE:], secret[::-1]} if len(secret) > SHORT_PIECE else set()
    return whole | {one for one in coded if len(one) > 6} | cut


def found_in(text: str, wanted: Iterable[str]) -> list[str]:
    """Those of the wanted pieces that are in the text."""
    return sorted(piece for piece in wanted if piece in text)


def full_of(model: type[BaseModel], text: str = PERSONAL, secret: str = SECRET) -> Any:
    """An object of the model with the text in every field that can hold text, whatever its validation says."""
    made = model.model_construct()
    for name, field in model.model_fields.items():
        object.__setattr__(made, name, _full(field.annotation, text, secret))
    return made


def _full(kind: Any, text: str, secret: str) -> Any:
    arguments = get_args(kind)
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return full_of(kind, text, secret)
    if kind is SecretStr or SecretStr in arguments:
        return SecretStr(secret)
    if origin is list:
        return [_full(arguments[0], text, secret)] * 2
    if origin is dict:
        return {text: text}
    if origin in (Union, types.UnionType):
        return _full(arguments[0], text, secret)
    return text
