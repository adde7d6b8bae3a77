"""Secrets: how to name one without showing it, and how to take known ones out of any text."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterable
from typing import cast
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from pydantic import BaseModel, SecretStr

MASK = "********"
_FORMATTER = logging.Formatter()
SHORTEST = 4
"""A shorter secret is not searched for in texts: it would blot out ordinary words."""
BEGINNING = 20
"""So much of a longer secret tells too much by itself, as where an answer that repeats it was cut."""


def fingerprint(secret: SecretStr) -> str:
    """Twelve characters that stand for the secret in logs and as a key, and do not tell it."""
    return hashlib.sha256(b"pohoda-payments:" + secret.get_secret_value().encode()).hexdigest()[:12]


def masked(text: str, secrets: Iterable[SecretStr | None]) -> str:
    """The text with every spelling of the secrets (plain, URL, XML, base64 of Basic, cut) replaced by a mask."""
    for secret in secrets:
        value = secret.get_secret_value() if secret is not None else ""
        if len(value) >= SHORTEST:
            for spelling in sorted(_spellings(value), key=len, reverse=True):
                text = text.replace(spelling, MASK)
    return text


def _spellings(value: str) -> set[str]:
    found = {value, quote(value, safe=""), quote_plus(value), escape(value), escape(value, {'"': "&quot;"})}
    if len(value) > BEGINNING:
        found.add(value[:BEGINNING])
    raw = value.encode(errors="replace")
    # In the base64 of "user:secret" the secret begins at any of three places; its end depends on what follows.
    coded = (base64.b64encode(b" " * shift + raw)[4 if shift else 0 :].decode() for shift in range(3))
    return found | {core for one in coded if len(core := one.rstrip("=")[:-2]) >= 2 * SHORTEST}


def secrets_of(model: BaseModel) -> list[SecretStr]:
    """Every secret in the model and in the models inside it."""
    found: list[SecretStr] = []
    waiting: list[object] = [model]
    while waiting:
        value = waiting.pop()
        if isinstance(value, SecretStr):
            found.append(value)
        elif isinstance(value, BaseModel):
            waiting += [getattr(value, name) for name in type(value).model_fields]
        elif isinstance(value, dict):
            waiting += list(cast("dict[object, object]", value).values())
        elif isinstance(value, list | tuple):
            waiting += list(cast("list[object]", value))
    return found


class MaskSecrets(logging.Filter):
    """The safety net: replaces known secrets in every record that passes, whoever logged it."""

    def __init__(self, secrets: Iterable[SecretStr | None]) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = masked(message, self._secrets)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info:
            # A formatter takes a text that is already there, so the traceback is masked as well.
            record.exc_text = masked(_FORMATTER.formatException(record.exc_info), self._secrets)
        return True
