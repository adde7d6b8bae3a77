"""
The REST interface of GoPay, version 3, as far as the product reads it (gopay.md 2 to 4).

A token of scope payment-all could also write; this client has no method that would.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

import httpx

from blocks.gopay import GoPayAccount
from tasks.days import Days
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.secrets import masked

WHO = "GoPay"
LARGEST = 50 * 1024 * 1024
LONGEST_TOKEN_SECONDS = 24 * 60 * 60
EARLY_SECONDS = 60.0
BLOCK = "the block GoPay"


@dataclass(frozen=True)
class Token:
    """An access token and the moment, by the monotonic clock, from which it is no longer used."""

    value: str
    until: float


class Gateway:
    """One account's connection: takes a token when it needs one and keeps it as long as it is valid."""

    def __init__(self, account: GoPayAccount) -> None:
        self._account = account
        self._token: Token | None = None
        self._lock = threading.Lock()

    def statement(self, days: Days, currency: str, form: str) -> bytes:
        """The statement file of the days in one currency. Raises Unavailable, SettingError or Refused.

        An empty body, a page and JSON are no statement, whatever their status says.
        """
        request = {
            "date_from": days.first.isoformat(),
            "date_to": days.last.isoformat(),
            "goid": int(self._account.goid),
            "currency": currency,
            "format": form,
        }
        answer = self._asked("POST", "/accounts/account-statement", json=request)
        start = answer.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if answer.status != 200 or start in (b"{", b"["):
            raise self._failure(answer, "the account statement")
        if start in (b"", b"<"):
            seen = "a web page" if start else "an empty file"
            raise Unavailable(f"GoPay sent {seen} instead of a statement", evidence="HTTP 200")
        return answer.body

    def payment(self, number: int) -> tuple[Any, Any] | None:
        """One payment and its refunds as JSON, or None when GoPay does not know it: archived, or never was."""
        payment = self._json(f"/payments/payment/{number}", absent_is_none=True)
        if payment is None:
            return None
        return payment, self._json(f"/payments/payment/{number}/refunds")

    def instruments(self) -> Any:
        """The payment methods that the account allows: the harmless proof of credentials and GoID."""
        return self._json(f"/eshops/eshop/{self._account.goid}/payment-instruments")

    def _json(self, path: str, *, absent_is_none: bool = False) -> Any:
        answer = self._asked("GET", path)
        content = _parsed(answer)
        if absent_is_none and answer.status == 404 and _errors(content):
            return None
        if answer.status != 200 or content is None or _errors(content):
            raise self._failure(answer, "a question")
        return content

    def _asked(self, method: str, path: str, **request: Any) -> Answer:
        with self._connection() as connection:
            answer = self._with_token(connection, method, path, request)
            if answer.status == 401:
                self._token = None
                answer = self._with_token(connection, method, path, request)
        return answer

    def _with_token(self, connection: httpx.Client, method: str, path: str, request: dict[str, Any]) -> Answer:
        headers = {"Authorization": f"Bearer {self._valid_token(connection)}"}
        return send(
            connection, method, path, who=WHO, secrets=self._secrets, largest=LARGEST, headers=headers, **request
        )

    def _connection(self) -> httpx.Client:
        return client(self._account.address, read_seconds=60.0, headers={"Accept-Language": "cs-CZ"})

    @property
    def _secrets(self) -> Iterable[Any]:
        return (self._account.client_secret,)

    def _valid_token(self, connection: httpx.Client) -> str:
        with self._lock:
            if self._token is None or time.monotonic() >= self._token.until:
                self._token = self._new_token(connection)
            return self._token.value

    def _new_token(self, connection: httpx.Client) -> Token:
        asked_at = time.monotonic()
        answer = send(
            connection,
            "POST",
            "/oauth2/token",
            who=WHO,
            secrets=self._secrets,
            auth=(self._account.client_id, self._account.client_secret.get_secret_value()),
            headers={"Accept": "application/json"},
            data={"grant_type": "client_credentials", "scope": "payment-all"},
        )
        content = _parsed(answer)
        if answer.status in (400, 401, 403):
            raise SettingError(
                "GoPay does not accept the credentials",
                evidence=self._said(answer),
                next_step=f"check ClientID and ClientSecret in {BLOCK}",
            )
        token = content.get("access_token") if isinstance(content, dict) else None
        if answer.status != 200 or not _is_token(token) or _errors(content):
            raise self._failure(answer, "the request for a token")
        lasts = content.get("expires_in")
        seconds = float(min(lasts, LONGEST_TOKEN_SECONDS)) if isinstance(lasts, int | Decimal) else 0.0
        return Token(token, asked_at + max(seconds - EARLY_SECONDS, 0.0))

    def _failure(self, answer: Answer, what: str) -> PohodaPaymentsError:
        """The error that an answer other than what was asked for means; HTTP status first (gopay.md 4)."""
        said = self._said(answer)
        errors = _errors(_parsed(answer))
        names = {str(error.get("error_name", "")) for error in errors}
        if answer.status == 429 or answer.status >= 500:
            return Unavailable("GoPay cannot answer now", evidence=said, retry_after=answer.retry_after)
        if answer.status in (401, 403) or any(name.startswith("AUTH_") for name in names):
            return SettingError(
                f"GoPay refused {what}: the account may not do that",
                evidence=said,
                next_step=f"check GoID and credentials in {BLOCK}; GoPay's support enables statements by API",
            )
        if answer.status == 404 and not errors:
            return SettingError(
                "At this address there is no GoPay API of version 3",
                evidence=said,
                next_step=f"use the v3 address in {BLOCK}, https://gate.gopay.cz/api",
            )
        if not errors:
            return Unavailable(f"GoPay answered {what} with something else", evidence=said)
        if any(_about_settings(error) for error in errors):
            return SettingError(
                f"GoPay refused {what} for what the block says",
                evidence=said,
                next_step=f"check GoID, currencies and the form of statement in {BLOCK}",
            )
        return Refused(f"GoPay refused {what}", evidence=said, code=", ".join(sorted(names)))

    def _said(self, answer: Answer) -> str:
        """Status and messages, for people."""
        told = [f"HTTP {answer.status}"]
        for error in _errors(_parsed(answer)):
            parts = (error.get(key) for key in ("error_code", "error_name", "field", "message", "description"))
            told.append(" ".join(str(part)[:200] for part in parts if part is not None))
        return masked("; ".join(told), self._secrets)


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can go into a header: RFC 6750 allows no other characters."""
    return isinstance(value, str) and re.fullmatch(r"[!-~]{1,4096}", value) is not None


def _parsed(answer: Answer) -> Any:
    """The body as JSON, or None when it is none."""
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _errors(content: Any) -> list[dict[str, Any]]:
    """The errors of GoPay's envelope; empty for anything else, also for the envelope of version 4."""
    listed = content.get("errors") if isinstance(content, dict) else None
    return [error for error in listed if isinstance(error, dict)] if isinstance(listed, list) else []


def _about_settings(error: dict[str, Any]) -> bool:
    """Whether the error is about something that the block sets; a shop that was not found has scope G."""
    shop_not_found = error.get("error_code") == 111 and error.get("scope") == "G"
    return error.get("field") in ("goid", "currency", "format") or shop_not_found
