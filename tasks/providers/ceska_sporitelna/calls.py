"""Calls of the bank's API: one authorised GET at a time, and what each refusal means (ceska-sporitelna.md 4 and
10)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.providers.ceska_sporitelna.tokens import WHO, Tokens, consent_needed
from tasks.secrets import secrets_of

READ_SECONDS = 60.0
CODE = re.compile(r'"error"\s*:\s*"([A-Za-z0-9_]{1,60})"')
KEY_REFUSED = ("KEY_UNAUTHORIZED", "CERTIFICATE_INVALID")


class Bank:
    """The bank while its connection is open; use it in a `with`."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __enter__(self) -> Self:
        self._http = client(
            self._tokens.holder.api_address, read_seconds=READ_SECONDS, headers={"Accept": "application/json"}
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, parameters: Mapping[str, str | int]) -> dict[str, Any]:
        """The JSON object that answers, its numbers exact.

        A refused access token is renewed once and the same request repeated. Raises SettingError, Refused
        with the bank's code, or Unavailable; an answer that is not what the bank documents is Unavailable,
        never empty.
        """
        answer = self._asked(path, parameters)
        if _token_is_refused(answer):
            self._tokens.renew()
            answer = self._asked(path, parameters)
        if answer.status != 200:
            raise refusal(answer, self._tokens.now())
        return json_object(answer)

    def _asked(self, path: str, parameters: Mapping[str, str | int]) -> Answer:
        access = self._tokens.access()
        key = self._tokens.holder.api_key
        return send(
            self._http,
            "GET",
            path,
            who=WHO,
            secrets=[access, *secrets_of(self._tokens.holder)],
            params=dict(parameters),
            headers={
                "Authorization": f"Bearer {access.get_secret_value()}",
                "WEB-API-key": key.get_secret_value() if key else "",
            },
        )


def json_object(answer: Answer) -> dict[str, Any]:
    """The body as a JSON object with exact numbers. Raises Unavailable when it is anything else."""
    try:
        found = json.loads(answer.body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unavailable(
            f"{WHO} answered with something else than JSON",
            evidence=f"HTTP {answer.status} {answer.content_type}",
        )
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def error_code(answer: Answer) -> str:
    """The first error code in the body, empty when there is none.

    Found by its shape, since the bank's own examples of error bodies are not valid JSON.
    """
    found = CODE.search(answer.text)
    return found.group(1) if found else ""


def _token_is_refused(answer: Answer) -> bool:
    """Whether a new access token may help: the bank says so with 403, and in one place with a bare 400."""
    code = error_code(answer)
    return (answer.status == 403 and code not in KEY_REFUSED) or (answer.status == 400 and code == "BAD_REQUEST")


def refusal(answer: Answer, now: dt.datetime) -> PohodaPaymentsError:
    """The error that an answer other than 200 stands for. `now` tells when the hourly quota begins anew."""
    code = error_code(answer)
    evidence = f"HTTP {answer.status} {code}".strip()
    if answer.status == 401:
        return consent_needed(evidence)
    if answer.status == 412 or (answer.status == 403 and code in KEY_REFUSED):
        return SettingError(
            f"{WHO} refuses the application's WEB-API-key",
            evidence=evidence,
            next_step="see in the Erste Developer Portal that the key is enabled, and copy it to the block",
        )
    if answer.status == 429:
        return Unavailable(
            f"{WHO} has answered as many calls as it allows in one hour",
            evidence=evidence,
            next_step="nothing; the next run after the full hour goes on",
            retry_after=answer.retry_after or 3600.0 - now.minute * 60 - now.second,
        )
    if answer.status >= 500 or not code:
        return Unavailable(f"{WHO} cannot answer now", evidence=evidence, retry_after=answer.retry_after)
    return Refused(f"{WHO} refused the request", evidence=evidence, code=code)
