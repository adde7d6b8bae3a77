"""One account at Česká spořitelna: which one it is, the application that reads it, and its owner's consent."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Self, cast
from urllib.parse import urlsplit

from prefect.blocks.core import Block
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import Field, SecretStr, field_validator, model_validator

from blocks.forms import LateAfterDays, Maybe

WAITING_SECONDS = 120.0
LEASE_SECONDS = 60.0
"""How long a killed run keeps the others from refreshing."""
LOOPBACK = ("localhost", "127.0.0.1")


class CeskaSporitelnaAccount(Block):
    """
    An account at Česká spořitelna that is read through its Premium Accounts API v3.

    The refresh token and the day of the consent are written here by the command that asks for the consent
    and, as the bank changes the token, by the runs themselves.

    Example:
        ```python
        from blocks.ceska_sporitelna import CeskaSporitelnaAccount

        account = CeskaSporitelnaAccount.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "Česká spořitelna"
    _block_type_slug = "ceska-sporitelna-account"
    _description = "Účet u České spořitelny, čtený přes Premium Accounts API."

    iban: str = Field(
        title="IBAN",
        description="IBAN vlastního účtu, ze kterého se čtou platby.",
    )
    currency: str = Field(default="CZK", title="Měna účtu", description="Třípísmenný kód měny účtu.")
    client_id: str = Field(
        default="", title="Client ID", description="Identifikátor aplikace z Erste Developer Portal."
    )
    client_secret: Maybe[SecretStr] = Field(
        default=None, title="Client secret", description="Tajný klíč aplikace z Erste Developer Portal."
    )
    api_key: Maybe[SecretStr] = Field(
        default=None, title="WEB-API-key", description="Produkční klíč API z Erste Developer Portal."
    )
    shares_consent_of: str = Field(
        default="",
        title="Společný souhlas s blokem",
        description=(
            "Název jiného bloku tohoto druhu, jehož aplikaci a souhlas účet sdílí (eurový s korunovým); "
            "prázdné = účet má vlastní, pak vyplňte Client ID, Client secret a WEB-API-key."
        ),
    )
    refresh_token: Maybe[SecretStr] = Field(
        default=None,
        title="Refresh token",
        description="Zapisuje ho příkaz pro udělení souhlasu a pak každé čtení; ručně se nevyplňuje.",
    )
    consent_given_on: Maybe[dt.date] = Field(
        default=None,
        title="Den udělení souhlasu",
        description="Den, kdy majitel účtu naposledy udělil souhlas; zapisuje ho příkaz pro udělení souhlasu.",
    )
    consent_days: int = Field(
        default=180,
        ge=1,
        le=730,
        title="Platnost souhlasu ve dnech",
        description="Jak dlouho souhlas platí, podle nastavení aplikace v Erste Developer Portal.",
    )
    redirect_uri: str = Field(
        default="http://localhost:8765/ceska-sporitelna",
        title="Redirect URI",
        description="Adresa, na kterou banka vrátí prohlížeč; musí být stejná jako v Erste Developer Portal.",
    )
    late_after_days: LateAfterDays = 4
    api_address: str = Field(
        default="https://www.csas.cz/webapi/api/v3/accounts",
        title="Adresa API",
        description="Adresa Accounts API; mění se jen pro zkušební prostředí.",
    )
    identity_address: str = Field(
        default="https://bezpecnost.csas.cz/api/psd2/fl/oidc/v1",
        title="Adresa přihlášení",
        description="Adresa přihlašovací služby banky; mění se jen pro zkušební prostředí.",
    )

    @field_validator("iban")
    @classmethod
    def _iban(cls, value: str) -> str:
        iban = re.sub(r"\s", "", value).upper()
        if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", iban) or not _adds_up(iban):
            raise ValueError("tohle není IBAN; opište ho z výpisu")
        return iban

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        currency = value.strip().upper()
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValueError("zadejte měnu třípísmenným kódem, např. CZK")
        return currency

    @field_validator("client_id", "shares_consent_of")
    @classmethod
    def _stripped(cls, value: str) -> str:
        return value.strip()

    @field_validator("client_secret", "api_key", "refresh_token")
    @classmethod
    def _printable(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if re.search(r"[^\x21-\x7e]", text):
            raise ValueError("klíč nemá uvnitř mezery ani diakritiku; zkopírujte ho z portálu znovu")
        return SecretStr(text) if text else None

    @field_validator("api_address", "identity_address", "redirect_uri")
    @classmethod
    def _address(cls, value: str) -> str:
        address = value.strip()
        parts = urlsplit(address)
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ValueError("zadejte celou adresu, která začíná https://")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("http:// smí začínat jen adresa na tomto počítači; použijte https://")
        return address

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.shares_consent_of and not (self.client_id and self.client_secret and self.api_key):
            raise ValueError(
                "vyplňte Client ID, Client secret a WEB-API-key, nebo jméno bloku, se kterým účet sdílí souhlas"
            )
        if _in_production(self.api_address) != _in_production(self.identity_address):
            raise ValueError("jedna adresa je ostrá a druhá ne; změňte obě, nebo žádnou")
        return self

    def consent_holder(self) -> Self:
        """The block that holds the consent, this one or the one it shares, as it stands saved at this moment.

        A block that was never saved holds its own. Raises ValueError when there is no such block.
        """
        name = self.shares_consent_of or self._block_document_name
        return cast("Self", type(self).load(name)) if name else self

    def keep(self, refresh_token: SecretStr, given_on: dt.date | None = None) -> None:
        """Save the token, and the day of the consent when it is a new one, in the block that holds the consent.

        Only these two change: whatever else a person has changed there meanwhile stays. A block that was
        never saved only remembers them.
        """
        holder = self.consent_holder()
        holder.refresh_token = refresh_token
        holder.consent_given_on = given_on or holder.consent_given_on
        if holder._block_document_name is not None:
            holder.save(holder._block_document_name, overwrite=True)

    @contextmanager
    def alone(self) -> Generator[None]:
        """While it lasts, no other run on any machine of this Prefect server is inside for the same block.

        Two runs that refresh with the same token at once would take it away from each other. Raises
        TimeoutError after `WAITING_SECONDS`. A block that was never saved is known to nobody else, so there
        is nothing to wait for.
        """
        if self._block_document_name is None:
            yield
            return
        limit = f"{self._block_type_slug}-{self._block_document_name}"
        with get_client(sync_client=True) as server:
            _make_sure_of(server, limit)
        try:
            with concurrency(limit, timeout_seconds=WAITING_SECONDS, lease_duration=LEASE_SECONDS, strict=True):
                yield
        except ConcurrencySlotAcquisitionError as error:
            raise TimeoutError(str(error)) from error


def _make_sure_of(server: SyncPrefectClient, limit: str) -> None:
    """Have the server know the limit, which lets one in at a time."""
    try:
        server.read_global_concurrency_limit_by_name(limit)
    except ObjectNotFound:
        # Another run may be quicker between the two questions.
        with suppress(ObjectAlreadyExists):
            server.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=limit, limit=1))


def _adds_up(iban: str) -> bool:
    """Whether the check digits of the IBAN are right (ISO 13616)."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def _in_production(address: str) -> bool:
    return (urlsplit(address).hostname or "").endswith("csas.cz")
