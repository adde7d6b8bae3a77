"""An e-shop on ByznysWeb (BiznisWeb, BizWebs, Flox) and the signs by which it says that an order is paid."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from prefect.blocks.core import Block
from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from blocks.forms import LateAfterDays, Section

Rule = Literal["status", "invoice", "receipts"]


def _identity(value: object) -> str:
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]+", text):
        raise ValueError("zadejte číslo, ne jméno; čísla stavů e-shopu vypíše kontrola nastavení")
    return text


Identity = Annotated[str, BeforeValidator(_identity)]
"""A number that the shop gave to a status or a payment method; text, since the interface writes it so."""


class StatusWithMethods(Section):
    """A status that means paid only together with certain payment methods."""

    status: Identity = Field(title="Stav", description="Číslo stavu objednávky, např. odeslaná.")
    methods: list[Identity] = Field(
        min_length=1,
        title="Způsoby platby",
        description="Čísla způsobů platby, se kterými tento stav znamená zaplaceno.",
    )


class ByznysWebShop(Block):
    """
    An e-shop on ByznysWeb, read through its GraphQL interface.

    Example:
        ```python
        from blocks.byznysweb import ByznysWebShop

        shop = ByznysWebShop.load("BLOCK_NAME")
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name = "ByznysWeb"
    _block_type_slug = "byznysweb-shop"
    _description = "E-shop na ByznysWebu: adresa, token a podle čeho je objednávka zaplacená."

    shop: str = Field(
        title="Adresa e-shopu",
        description="Jméno, na kterém e-shop běží bez přesměrování, např. www.obchod.cz nebo obchod.flox.cz.",
    )
    token: SecretStr = Field(
        title="Token API",
        description="Token z administrace, Nastavení - BiznisWeb API; stačí čtení objednávek a faktur.",
    )
    rules: list[Rule] = Field(
        default=["status"],
        min_length=1,
        title="Znamení úhrady",
        description="Podle čeho je objednávka zaplacená: stav objednávky, faktura, nebo zapsané příjmy.",
    )
    combine: Literal["any", "all"] = Field(
        default="any",
        title="Kolik znamení stačí",
        description="any = stačí jedno ze zvolených znamení, all = musí se shodnout všechna.",
    )
    paid_statuses: list[Identity] = Field(
        default=[],
        title="Zaplacené stavy",
        description="Čísla stavů, které znamenají zaplaceno, i pozdější jako odeslaná; vypíše je kontrola.",
    )
    paid_with_method: list[StatusWithMethods] = Field(
        default=[],
        title="Stavy zaplacené jen s některým způsobem platby",
        description="Např. odeslaná znamená zaplaceno u karty, ale ne u dobírky.",
    )
    excluded_statuses: list[Identity] = Field(
        default=[],
        title="Zrušené stavy",
        description="Čísla stavů storno, vráceno a dobropis; objednávce v nich se úhrada vezme zpět.",
    )
    first_days: int = Field(
        default=60,
        ge=1,
        title="První načtení ve dnech",
        description="Jak staré objednávky se načtou poprvé.",
    )
    pause_seconds: float = Field(
        default=0.5, ge=0, title="Pauza v sekundách", description="Pauza mezi dvěma dotazy na e-shop."
    )
    most_pages: int = Field(
        default=500,
        ge=1,
        title="Nejvíce stránek",
        description="Kolik stránek po 30 objednávkách načte jeden běh.",
    )
    recheck_after_days: int = Field(
        default=2,
        ge=0,
        title="Doptat se po dnech",
        description="Po kolika dnech se na objednávku nezaplaceného dokladu e-shopu zeptat jednotlivě.",
    )
    recheck_until_days: int = Field(
        default=60, ge=0, title="Doptávat se do dnů", description="Po kolika dnech se už neptat; 0 = neptat se."
    )
    most_rechecks: int = Field(
        default=200, ge=0, title="Nejvíce doptání", description="Na kolik objednávek se jeden běh doptá."
    )
    late_after_days: LateAfterDays = 4
    address: str = Field(
        default="",
        title="Adresa rozhraní",
        description="Prázdné = https a adresa e-shopu; mění se jen pro zkušební prostředí.",
    )

    @field_validator("shop")
    @classmethod
    def _shop_is_a_host(cls, shop: str) -> str:
        host = re.sub(r"^https?://", "", shop.strip().lower()).partition("/")[0].rstrip(".")
        if not re.fullmatch(r"[a-z0-9.-]+\.[a-z]{2,}", host):
            raise ValueError("zadejte jen jméno e-shopu, např. www.obchod.cz")
        return host

    @field_validator("token")
    @classmethod
    def _token_is_bare(cls, token: SecretStr) -> SecretStr:
        bare = token.get_secret_value().strip().removeprefix("Token").strip()
        if not re.fullmatch(r"[!-~]{8,}", bare):
            raise ValueError("zadejte token tak, jak ho ukazuje administrace e-shopu, 32 znaků bez mezer")
        return SecretStr(bare)

    @field_validator("address")
    @classmethod
    def _address_is_safe(cls, address: str) -> str:
        plain = address.strip().rstrip("/")
        if plain and not re.match(r"https://|http://127\.0\.0\.1[:/]", plain):
            raise ValueError("adresa začíná https://; obvykle nechte pole prázdné")
        return plain

    @property
    def identity(self) -> str:
        """The shop whichever of its addresses is filled in: the one with www is the same shop."""
        return self.shop.removeprefix("www.")

    @property
    def base(self) -> str:
        """Scheme and host that are called."""
        return self.address or f"https://{self.shop}"
