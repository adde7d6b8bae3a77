"""The sandbox's log-in service of Česká spořitelna: consents, codes, and tokens that expire and rotate."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

CODE_SECONDS = 60
ENDED = {"error": "request_error", "error_code": "7109", "error_description": "Refresh token has expired"}


@dataclass
class Family:
    """One consent and every token that came of it."""

    given_at: dt.datetime
    revoked: bool = False
    refresh_tokens: dict[str, dt.datetime | None] = field(default_factory=dict[str, "dt.datetime | None"])
    """Until when each still works; None for the newest."""
    refreshes: int = 0


@dataclass(frozen=True)
class Code:
    """One answer to a browser, to be exchanged once and soon."""

    redirect_uri: str
    challenge: str
    made_at: dt.datetime


@dataclass
class Identity:
    """The service and its switches. `now` is the bank's clock."""

    now: Callable[[], dt.datetime]
    client_id: str
    client_secret: str
    redirect_uris: set[str]
    consent_days: int = 180
    token_seconds: int = 300
    rotates: bool = False
    grace_seconds: int = 0
    """How long a rotated refresh token still works."""
    revokes_on_reuse: bool = False
    """Whether using a rotated token again ends the whole consent, as strict services do."""
    refuses_with: int = 400
    """How a refresh token that ended is refused: 400, 401 or 403."""
    denies: bool = False
    gives_refresh_tokens: bool = True
    seconds_of_work: float = 0.0
    """How long a refresh really takes, so that two can meet."""
    families: list[Family] = field(default_factory=list[Family])
    codes: dict[str, Code] = field(default_factory=dict[str, Code])
    access_tokens: dict[str, tuple[Family, dt.datetime]] = field(
        default_factory=dict[str, "tuple[Family, dt.datetime]"]
    )
    at_once: int = 0
    most_at_once: int = 0
    """The largest number of refreshes that were going on at the same time."""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def consent(self) -> str:
        """A new consent of the owner; its first refresh token."""
        self.families.append(Family(self.now()))
        return self._new_refresh(self.families[-1])

    def is_live(self, family: Family) -> bool:
        """Whether the consent still holds: a fixed time from when it was given, however much it is used."""
        return not family.revoked and self.now() < family.given_at + dt.timedelta(days=self.consent_days)

    def family_of(self, access: str) -> Family | None:
        """The consent behind an access token that is still good."""
        family, until = self.access_tokens.get(access, (None, self.now()))
        return family if self.now() < until else None

    def secrets(self) -> set[str]:
        """Everything that must never stand in an address."""
        refresh = {token for family in self.families for token in family.refresh_tokens}
        return {self.client_secret, *self.access_tokens, *refresh}

    async def auth(self, request: Request) -> Response:
        """The page that the owner's browser opens; here the owner agrees, or refuses, at once."""
        asked = request.query_params
        target = asked.get("redirect_uri", "")
        if target not in self.redirect_uris or asked.get("client_id") != self.client_id:
            return HTMLResponse("<h1>Neznámá aplikace</h1>", status_code=400)
        if self.denies:
            return _back(target, {"error": "access_denied", "state": asked.get("state", "")})
        code = f"sim-code-{next(self._numbers):04d}"
        self.codes[code] = Code(target, asked.get("code_challenge", ""), self.now())
        return _back(target, {"code": code, "state": asked.get("state", "")})

    async def token(self, request: Request) -> Response:
        """Tokens for a code or for a refresh token."""
        form = dict(parse_qsl((await request.body()).decode()))
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if form.get("grant_type") == "authorization_code":
            return self._for_code(form)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.seconds_of_work)
        self.at_once -= 1
        return self._for_refresh(form.get("refresh_token", ""))

    def _for_code(self, form: dict[str, str]) -> Response:
        code = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            code is None
            or self.now() - code.made_at > dt.timedelta(seconds=CODE_SECONDS)
            or form.get("redirect_uri") != code.redirect_uri
            or (code.challenge and challenge != code.challenge)
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        refresh = self.consent()
        return self._tokens(self.families[-1], refresh if self.gives_refresh_tokens else None)

    def _for_refresh(self, token: str) -> Response:
        family = next((family for family in self.families if token in family.refresh_tokens), None)
        if family is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        until = family.refresh_tokens[token]
        if until is not None and self.now() >= until:
            family.revoked = family.revoked or self.revokes_on_reuse
            return JSONResponse(ENDED, status_code=self.refuses_with)
        if not self.is_live(family):
            return JSONResponse(ENDED, status_code=self.refuses_with)
        family.refreshes += 1
        return self._tokens(family, self._new_refresh(family) if self.rotates else None)

    def _new_refresh(self, family: Family) -> str:
        ends = self.now() + dt.timedelta(seconds=self.grace_seconds)
        for older, until in family.refresh_tokens.items():
            family.refresh_tokens[older] = until or ends
        token = f"sim-refresh-{next(self._numbers):04d}"
        family.refresh_tokens[token] = None
        return token

    def _tokens(self, family: Family, refresh: str | None) -> Response:
        access = f"sim-access-{next(self._numbers):04d}"
        self.access_tokens[access] = (family, self.now() + dt.timedelta(seconds=self.token_seconds))
        given: dict[str, str | int] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
            "scope": "siblings.accounts",
        }
        return JSONResponse({**given, "refresh_token": refresh} if refresh else given)


def _back(target: str, answer: dict[str, str]) -> Response:
    return RedirectResponse(f"{target}?{urlencode(answer)}", status_code=302)
