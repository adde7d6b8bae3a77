"""
HTTP as this product uses it: no redirects, bounded bodies, TLS verified, and no URL or secret in any error.

One call of `send` is one request. Trying again is the step's matter (see `flows.marking`), not the request's, so
that there is one policy of retries and not three.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
from pydantic import SecretStr

from tasks.errors import Refused, SettingError, Unavailable
from tasks.outside import one_line
from tasks.secrets import masked

# httpx logs every request line with its URL, and some providers want their token in the URL.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

USER_AGENT = "pohoda-payments"
LARGEST_BODY = 150 * 1024 * 1024
CONNECT_SECONDS = 10.0
LONGEST_SECONDS = 900.0
"""Of one whole answer: the client's own bound is on each piece, and a piece may come for ever."""
CODINGS = ("", "identity", "gzip", "deflate")
"""One coding at most: a body packed several times over unpacks to any size out of its first piece."""


class AnswerLost(Unavailable):
    """The connection stood, so the request may have been taken, but no whole answer came back.

    Whoever only asked may ask again; whoever wrote must find out first what came of it.
    """


@dataclass(frozen=True)
class Answer:
    """A complete answer: the body arrived whole and within its bound."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters, empty when the other side gave none."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8 text, damaged bytes replaced; for messages to people, not for parsing."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def retry_after(self) -> float | None:
        """Seconds that the other side asks us to wait, when it says so in seconds."""
        value = self.headers.get("retry-after", "").strip()
        return float(value) if value.isdigit() else None


def client(
    base_url: str,
    *,
    read_seconds: float = 120.0,
    headers: Mapping[str, str] | None = None,
    auth: httpx.Auth | tuple[str, str] | None = None,
    verify: ssl.SSLContext | bool = True,
    proxy: str | None = None,
    connections: int = 4,
) -> httpx.Client:
    """A client for one provider. It follows no redirect and retries nothing by itself.

    Raises SettingError when `base_url` is not an address.
    """
    try:
        base = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise SettingError(
            "The address in a block is not an address",
            evidence=str(error),
            next_step="correct the address in the block",
        ) from None
    return httpx.Client(
        base_url=base,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **(headers or {})},
        auth=auth,
        verify=_authorities() if verify is True else verify,
        proxy=proxy,
        follow_redirects=False,
        timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        trust_env=True,
    )


@cache
def _authorities() -> ssl.SSLContext:
    """The context of ordinary TLS connections: loading all authorities takes longer than many a call."""
    return httpx.create_ssl_context()


def send(
    connection: httpx.Client,
    method: str,
    path: str,
    *,
    who: str,
    secrets: Iterable[SecretStr | None] = (),
    largest: int = LARGEST_BODY,
    **request: Any,
) -> Answer:
    """One request and its whole answer, whatever its status, except redirects.

    `who` names the other side in errors ("Fio banka"); `request` goes to httpx (params, json, data, headers …).
    Raises Unavailable when no connection came about, its subclass AnswerLost when one did but no whole answer
    came (reset, timed out, broken off, dripping for too long), Refused for a body packed in a way that nobody
    asked for, and SettingError for a redirect (credentials must not be carried to another address) and for a
    body larger than `largest`.
    """
    try:
        with connection.stream(method, path, **request) as response:
            if response.is_redirect:
                raise SettingError(
                    f"{who} answered that it lives at another address",
                    evidence=f"HTTP {response.status_code} to {masked(_place(response), secrets)}",
                    next_step="correct the address in the block",
                )
            return Answer(response.status_code, response.headers, _whole(response, who, largest))
    except httpx.TimeoutException as error:
        raise _kind(error)(f"{who} did not answer in time", evidence=type(error).__name__) from None
    except httpx.UnsupportedProtocol:
        raise SettingError(
            f"The address of {who} does not begin with http:// or https://",
            next_step="correct the address in the block",
        ) from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _kind(error)(
            f"{who} cannot be reached or broke off its answer",
            evidence=masked(f"{type(error).__name__}: {error}", secrets),
        ) from None


def _whole(response: httpx.Response, who: str, largest: int) -> bytes:
    """The body of the answer, unless it is packed too often, too large, or drips for too long."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in CODINGS:
        raise Refused(f"{who} packed its answer in a way that was not asked for", evidence=one_line(coding)[:60])
    end = time.monotonic() + LONGEST_SECONDS
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > largest:
            raise SettingError(
                f"{who} sent more than {largest // 1024 // 1024} MiB in one answer",
                evidence=f"HTTP {response.status_code}",
                next_step="ask for a shorter period",
            )
        if time.monotonic() > end:
            raise AnswerLost(f"{who} did not end its answer in time", evidence=f"{len(body)} bytes until then")
    return bytes(body)


def _kind(error: httpx.HTTPError) -> type[Unavailable]:
    unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    return Unavailable if isinstance(error, unsent) else AnswerLost


def _place(response: httpx.Response) -> str:
    """Scheme and host of a redirect, without the path, which may carry a token."""
    target = response.headers.get("location", "")
    try:
        url = response.request.url.join(target)
    except httpx.InvalidURL:
        return "an unreadable address"
    return f"{url.scheme}://{url.host}"
