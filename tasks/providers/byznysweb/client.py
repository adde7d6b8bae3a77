"""One call at a time to a shop's GraphQL interface, and what each kind of answer means (byznysweb.md 2 and 3)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

from blocks.byznysweb import ByznysWebShop
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.provider import Memory
from tasks.secrets import fingerprint, masked

WHO = "ByznysWeb"
BLOCK = "the block ByznysWeb"
LARGEST = 20 * 1024 * 1024
_UNKNOWN_FIELD = re.compile(r"""Cannot query field ["']?(\w+)["']? on type""")
_PAUSES = {429: 30.0, 501: 300.0}
"""Seconds to wait when the shop is throttling or under maintenance and does not say for how long."""


class UnknownField(Refused):
    """The shop's installation does not know a field of the query; `code` is the field's name."""


@dataclass(frozen=True)
class Reply:
    """An answer with data. `partial` when part of them may be missing, so that null is not a value."""

    data: Mapping[str, Any]
    errors: tuple[Mapping[str, Any], ...]
    partial: bool

    def failed_at(self, field: str) -> bool:
        """Whether an error names this field in its path."""
        return any(field in (error.get("path") or ()) for error in self.errors)


class Shop:
    """The connection to one shop, open while a `with` lasts."""

    def __init__(self, settings: ByznysWebShop, memory: Memory) -> None:
        self._settings = settings
        self._memory = memory
        self._turn = f"byznysweb:{fingerprint(settings.token)}"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        token = self._settings.token.get_secret_value()
        self._connection = self._stack.enter_context(
            client(
                self._settings.base, read_seconds=45.0, headers={"BW-API-Key": f"Token {token}"}, connections=1
            )
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def asked(self, query: str, **variables: object) -> Reply:
        """The shop's answer to one query.

        Raises UnknownField, Unavailable, SettingError or Refused. An answer without data is never an empty one.
        """
        answer = self._sent(query, variables)
        content = _parsed(answer)
        errors = _errors(content)
        if unknown := next((m for e in errors if (m := _UNKNOWN_FIELD.search(str(e.get("message"))))), None):
            raise UnknownField("The shop does not know a field", evidence=unknown[1], code=unknown[1])
        if answer.status not in (200, 206):
            raise self._failure(answer, errors)
        data = content.get("data") if isinstance(content, dict) else None
        if not isinstance(data, dict):
            raise Unavailable("ByznysWeb answered without data", evidence=self._said(answer, errors))
        return Reply(data, tuple(errors), answer.status == 206 or bool(errors))

    def order(self, query: str, number: str) -> tuple[Any, bool] | None:
        """One order and whether it may be partial, or None when the shop has no such order."""
        try:
            reply = self.asked(query, number=number)
        except NotThere:
            return None
        found = reply.data.get("getOrder")
        if found is None and any("not found" not in str(error.get("message")).lower() for error in reply.errors):
            raise Unavailable("ByznysWeb could not read an order", evidence="errors instead of the order")
        if found is None and "getOrder" not in reply.data:
            raise Unavailable("ByznysWeb answered something else than an order")
        return None if found is None else (found, reply.partial)

    def _sent(self, query: str, variables: Mapping[str, object]) -> Answer:
        self._memory.wait_turn(self._turn, self._settings.pause_seconds)
        return send(
            self._connection,
            "POST",
            "/api/graphql",
            who=WHO,
            secrets=(self._settings.token,),
            largest=LARGEST,
            headers={"Content-Type": "application/json"},
            # ASCII alone: an order's number may hold half a character, which only an escape can send back.
            content=json.dumps({"query": query, "variables": variables}),
        )

    def _failure(self, answer: Answer, errors: list[dict[str, Any]]) -> PohodaPaymentsError:
        said = self._said(answer, errors)
        match answer.status:
            case 401 | 403:
                return SettingError(
                    "ByznysWeb does not let this token in",
                    evidence=said,
                    next_step=f"check the token in {BLOCK}, its rights, and that the tariff includes the API",
                )
            case 404:
                return NotThere(
                    "At this address there is no ByznysWeb interface",
                    evidence=said,
                    next_step=f"correct the shop's address in {BLOCK}",
                )
            case 412:
                return SettingError(
                    "ByznysWeb asks for a partner token",
                    evidence=said,
                    next_step="tell the makers of this product: no privileged feature should be needed",
                )
            case 509:
                return Refused(
                    "The shop's quota of API calls is used up",
                    evidence=said,
                    next_step="nothing, the next run goes on; if it repeats, schedule fewer runs",
                    code="509",
                )
            case 500:
                return ServerFailed("ByznysWeb failed inside", evidence=said)
            case 429 | 501 | 502 | 503 | 504:
                wait = _asked_pause(answer) or _PAUSES.get(answer.status)
                return Unavailable("ByznysWeb cannot answer now", evidence=said, retry_after=wait)
            case _:
                return Refused("ByznysWeb refused a query", evidence=said, code=str(answer.status))

    def _said(self, answer: Answer, errors: list[dict[str, Any]]) -> str:
        """Status and the messages of errors; never the data, never the token."""
        messages = "; ".join(str(error.get("message"))[:200] for error in errors[:3])
        return masked(f"HTTP {answer.status} {messages}".strip(), (self._settings.token,))


class ServerFailed(Unavailable):
    """HTTP 500: passing, or a field that this shop cannot give for some order."""


class NotThere(SettingError):
    """HTTP 404: for a list the address is wrong, for one order there is no such order."""


def _asked_pause(answer: Answer) -> float | None:
    """Seconds that Retry-After asks for, in either of its spellings."""
    if answer.retry_after is not None:
        return answer.retry_after
    try:
        until = parsedate_to_datetime(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return max((until - dt.datetime.now(dt.UTC)).total_seconds(), 0.0) if until.tzinfo else None


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _errors(content: Any) -> list[dict[str, Any]]:
    listed = content.get("errors") if isinstance(content, dict) else None
    return [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []
