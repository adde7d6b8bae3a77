"""The owner's consent: asking for it in a browser, and telling when it ends (ceska-sporitelna.md 3)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import SecretStr

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from tasks.errors import SettingError, Unavailable
from tasks.provider import Note
from tasks.providers.ceska_sporitelna.tokens import COMMAND, WHO, granted

SCOPE = "siblings.accounts"
WARN_DAYS = 30
URGENT_DAYS = 14
LAST_DAYS = 7


@dataclass(frozen=True)
class Request:
    """One request for a consent: what only we and the bank know of it, so that no other answer is taken for its
    own."""

    holder: CeskaSporitelnaAccount
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)

    def address(self) -> str:
        """Where the owner's browser is to go."""
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        )
        query = {
            "client_id": self.holder.client_id,
            "response_type": "code",
            "redirect_uri": self.holder.redirect_uri,
            "state": self.state,
            "scope": SCOPE,
            # This, not a scope, asks for a refresh token.
            "access_type": "offline",
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.holder.identity_address.rstrip('/')}/auth?{urlencode(query)}"

    def is_answered_by(self, address: str) -> bool:
        """Whether the address, to which a browser came back, answers this very request."""
        answer, own = urlsplit(address), urlsplit(self.holder.redirect_uri)
        state = parse_qs(answer.query).get("state", [""])[0]
        return (answer.path or "/") == (own.path or "/") and hmac.compare_digest(
            state.encode(), self.state.encode()
        )

    def refresh_token(self, address: str) -> SecretStr:
        """The refresh token that the bank gives for the code in the address of the answer.

        Raises SettingError when the owner did not agree, when the answer is not one to this request, or when
        the bank gave no refresh token.
        """
        if not self.is_answered_by(address):
            raise SettingError(
                "The browser came back with an answer to another request",
                next_step="run the command again and use the page that it opens",
            )
        answer = parse_qs(urlsplit(address).query)
        if "code" not in answer:
            raise SettingError(
                f"{WHO} gave no consent",
                evidence="the owner refused it, or may not give it" if "error" in answer else "no code came",
                next_step="run the command again and confirm the access to the account",
            )
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": self.holder.redirect_uri,
            "code_verifier": self.verifier,
        }
        refresh = granted(self.holder, form).refresh
        if refresh is None:
            raise Unavailable(
                f"{WHO} gave no refresh token, without which nothing can be read after five minutes",
                next_step="check the validity of refresh tokens of the application in the Erste Developer Portal",
            )
        return refresh


def ends_on(holder: CeskaSporitelnaAccount) -> dt.date | None:
    """The day on which the consent ends: a fixed time after it was given, not after the last use."""
    given = holder.consent_given_on
    return given + dt.timedelta(days=holder.consent_days) if given else None


def notes_of_end(holder: CeskaSporitelnaAccount, today: dt.date) -> list[Note]:
    """The warning that the consent ends, from 30 days ahead; urgent from 14, and its own code in the last 7."""
    end = ends_on(holder)
    steps = (
        f"Na počítači, kde běží worker, spusťte příkaz „{COMMAND} NÁZEV_BLOKU“; otevře prohlížeč, v něm se "
        "majitel účtu přihlásí do internetového bankovnictví a potvrdí přístup k účtu. Nic dalšího není třeba."
    )
    if end is None:
        text = f"Není známo, kdy byl udělen souhlas se čtením účtu u České spořitelny, ani kdy skončí. {steps}"
        return [Note("consent_unknown", text)] if holder.refresh_token else []
    left = (end - today).days
    if left > WARN_DAYS:
        return []
    if left <= 0:
        text = f"Souhlas se čtením účtu u České spořitelny skončil {_czech(end)}. {steps}"
        return [Note("consent_ended", text, urgent=True, ends_on=end)]
    code = "consent_ends_in_days" if left <= LAST_DAYS else "consent_ends_soon"
    text = f"Souhlas se čtením účtu u České spořitelny skončí {_czech(end)} (zbývá dnů: {left}). {steps}"
    return [Note(code, text, urgent=left <= URGENT_DAYS, ends_on=end)]


def _czech(day: dt.date) -> str:
    return f"{day.day}. {day.month}. {day.year}"
