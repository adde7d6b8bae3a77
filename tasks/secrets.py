"""Secrets: how to name one without showing it, and how to take known ones out of any text."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from typing import cast
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretStr

MASK = "********"
_FORMATTER = logging.Formatter()
SHORTEST = 4
"""A shorter secret is not searched for in texts: it would blot out ordinary words."""


def fingerprint(secret: SecretStr) -> str:
    """Twelve characters that stand for the secret in logs and as a key, and do not tell it."""
    return hashlib.sha256(b"pohoda-payments:" + secret.get_secret_value().encode()).hexdigest()[:12]


def masked(text: str, secrets: Iterable[SecretStr | None]) -> str:
    """The text with every spelling of the secrets, plain or as written in a URL, replaced by a mask."""
    for secret in secrets:
        value = secret.get_secret_value() if secret is not None else ""
        if len(value) >= SHORTEST:
            for spelling in {value, quote(value, safe=""), quote_plus(value)}:
                text = text.replace(spelling, MASK)
    return text


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
