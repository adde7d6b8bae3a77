"""Access tokens, which live minutes, and the refresh token, which must not be lost (ceska-sporitelna.md 3)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.secrets import secrets_of

WHO = "Česká spořitelna"
COMMAND = "uv run python -m flows.authorise_ceska_sporitelna"
USUAL_SECONDS = 300
MARGIN_SECONDS = 60
TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
SECRET = ("refresh_token", "code", "code_verifier")
CODE = re.compile(r"[A-Za-z0-9_]{1,40}")


@dataclass(frozen=True)
class Grant:
    """What the token endpoint gave."""

    access: SecretStr
    seconds: float
    """How long the access token lives."""
    refresh: SecretStr | None
    """The refresh token to use from now on, when the bank gave one."""


class Tokens:
    """The tokens of one account's consent, renewed in time and by one run at a time.

    A new refresh token is saved in the block before the access token that came with it is used: whenever the
    process dies after that, the block holds a token that the bank takes. When saving fails the token stays
    here, and the next attempt saves it first.
    """

    def __init__(self, account: CeskaSporitelnaAccount, now: Callable[[], dt.datetime]) -> None:
        self._account = account
        self.now = now
        self._holder: CeskaSporitelnaAccount | None = None
        self._access: SecretStr | None = None
        self._good_until = now()
        self._unsaved: tuple[SecretStr, SecretStr] | None = None

    @property
    def holder(self) -> CeskaSporitelnaAccount:
        """The block with the application and the consent, as last loaded. Raises SettingError, Unavailable."""
        if self._holder is None:
            self._holder = self._newest()
        return self._holder

    def _newest(self) -> CeskaSporitelnaAccount:
        try:
            holder = self._account.consent_holder()
        except ValueError:
            raise SettingError(
                "The block that holds the consent does not exist or cannot be read",
                evidence=f"block {self._account.shares_consent_of or 'of this account'}",
                next_step="correct the field shares_consent_of of the block",
            ) from None
        except httpx.HTTPError as error:
            raise _block_out_of_reach(error) from None
        if holder.shares_consent_of:
            raise SettingError(
                "The block whose consent this account shares has no consent of its own",
                evidence=f"it shares the consent of {holder.shares_consent_of}",
                next_step="name that one in the field shares_consent_of of the block",
            )
        return holder

    def access(self) -> SecretStr:
        """An access token that is good for the next request."""
        if self._access is None or self.now() >= self._good_until:
            return self.renew()
        return self._access

    def renew(self) -> SecretStr:
        """A new access token, however good the present one is. Raises SettingError when the consent has ended."""
        try:
            with self.holder.alone():
                return self._renewed()
        except (httpx.HTTPError, TimeoutError) as error:
            raise _block_out_of_reach(error) from None

    def keep(self, refresh_token: SecretStr, given_on: dt.date) -> None:
        """Save the token of a new consent, while no run is using the old one. Raises Unavailable."""
        try:
            with self.holder.alone():
                self.holder.keep(refresh_token, given_on)
                self._holder = self._newest()
        except (httpx.HTTPError, TimeoutError) as error:
            raise _block_out_of_reach(error) from None

    def _renewed(self) -> SecretStr:
        # Only now is it certain that no other run holds a newer token than the block.
        holder = self._holder = self._newest()
        used = self._saved_late(holder) or holder.refresh_token
        if used is None:
            raise consent_needed("the block holds no refresh token")
        began = self.now()
        grant = granted(holder, {"grant_type": "refresh_token", "refresh_token": used.get_secret_value()})
        if grant.refresh is not None and grant.refresh != used:
            self._unsaved = (used, grant.refresh)
            holder.keep(grant.refresh)
            self._unsaved = None
        margin = min(MARGIN_SECONDS, grant.seconds / 2)
        self._good_until = began + dt.timedelta(seconds=grant.seconds - margin)
        self._access = grant.access
        return grant.access

    def _saved_late(self, holder: CeskaSporitelnaAccount) -> SecretStr | None:
        """The token that an earlier attempt could not save, saved now; None when there is none.

        It is worth nothing any more when the block has changed since, by a new consent.
        """
        if self._unsaved is None or holder.refresh_token not in self._unsaved:
            self._unsaved = None
            return None
        _, newest = self._unsaved
        holder.keep(newest)
        self._unsaved = None
        return newest


def granted(holder: CeskaSporitelnaAccount, form: Mapping[str, str]) -> Grant:
    """What the token endpoint gives for the form, to which the application's own secret is added.

    Raises SettingError when the bank does not take what the form offers, and Unavailable for everything else.
    """
    secret = holder.client_secret.get_secret_value() if holder.client_secret else ""
    offered = [SecretStr(value) for name, value in form.items() if name in SECRET]
    with client(holder.identity_address, read_seconds=60.0, headers={"Accept": "application/json"}) as http:
        answer = send(
            http,
            "POST",
            "/token",
            who=WHO,
            secrets=[*offered, *secrets_of(holder)],
            data={**form, "client_id": holder.client_id, "client_secret": secret},
        )
    if answer.status in (400, 401, 403):
        raise _not_taken(answer)
    return _grant(answer)


def _grant(answer: Answer) -> Grant:
    found = _object(answer)
    access, refresh, seconds = found.get("access_token"), found.get("refresh_token"), found.get("expires_in")
    if answer.status != 200 or not _is_token(access) or str(found.get("token_type")).lower() != "bearer":
        raise Unavailable(f"{WHO} gave no access token", evidence=f"HTTP {answer.status}")
    whole = seconds if isinstance(seconds, int) and seconds > 0 else USUAL_SECONDS
    return Grant(SecretStr(str(access)), float(whole), SecretStr(str(refresh)) if _is_token(refresh) else None)


def _is_token(value: object) -> bool:
    return isinstance(value, str) and TOKEN.fullmatch(value) is not None


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _not_taken(answer: Answer) -> PohodaPaymentsError:
    found = _object(answer)
    codes = [str(found.get(name, "")) for name in ("error", "error_code")]
    evidence = " ".join([f"HTTP {answer.status}", *(code for code in codes if CODE.fullmatch(code))])
    if "invalid_client" in codes:
        return SettingError(
            f"{WHO} does not know the application",
            evidence=evidence,
            next_step="copy Client ID and Client secret from the Erste Developer Portal to the block",
        )
    return consent_needed(evidence)


def consent_needed(evidence: str) -> SettingError:
    """The error that only the owner of the account can end, by consenting in a browser."""
    return SettingError(
        f"{WHO} wants the owner of the account to give the consent again",
        evidence=evidence,
        next_step=f"on the computer with the worker run `{COMMAND} BLOCK_NAME` and confirm in the browser",
    )


def _block_out_of_reach(error: Exception) -> Unavailable:
    return Unavailable(
        "The Prefect server did not read or save the block with the tokens",
        evidence=type(error).__name__,
        next_step="check that the Prefect server is running",
    )
