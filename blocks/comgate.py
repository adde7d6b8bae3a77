"""One shop connection at the payment gateway Comgate."""

from __future__ import annotations

import re
from typing import Literal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr, field_validator

from blocks.forms import Concurrency, LateAfterDays, PauseSeconds

PRODUCTION = "https://payments.comgate.cz"


class ComgateShop(Block):
    """
    One shop connection at the payment gateway Comgate, asked about the payment keys that documents carry.

    Example:
        ```python
        from blocks.comgate import ComgateShop

        shop = ComgateShop.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "Comgate"
    _block_type_slug = "comgate-shop"
    _description = "Jedno propojení obchodu u platební brány Comgate: identifikátor a heslo."

    merchant: str = Field(
        title="Identifikátor obchodu",
        description="Identifikátor propojení obchodu z portálu Comgate (Integrace, Nastavení obchodů).",
    )
    secret: SecretStr = Field(
        title="Heslo", description="Heslo pro komunikaci, které patří k identifikátoru propojení obchodu."
    )
    api: Literal["v2.0", "v1.0"] = Field(
        default="v2.0",
        title="Verze rozhraní",
        description="Rozhraní brány: v2.0 je nynější, v1.0 náhradní se stejnými údaji.",
    )
    payouts: Literal["json", "csv", "off"] = Field(
        default="json",
        title="Výplaty",
        description="Z přehledů výplat se poznají vratky a peníze skutečně vyplacené; csv je náhradní podoba, "
        "off je nečte.",
    )
    count_test_payments: bool = Field(
        default=False,
        title="Započítat testovací platby",
        description="Zapněte jen při zkoušení; v ostrém provozu testovací platba žádné peníze nepřinese.",
    )
    concurrency: Concurrency = 3
    pause_seconds: PauseSeconds = 0.2
    late_after_days: LateAfterDays = 4
    address: str = Field(
        default=PRODUCTION,
        title="Adresa brány",
        description="Adresa bez verze a bez koncového lomítka; mění se jen pro zkoušení.",
    )

    @field_validator("merchant")
    @classmethod
    def _merchant_is_an_identifier(cls, merchant: str) -> str:
        plain = merchant.strip()
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", plain):
            raise ValueError("Opište identifikátor propojení obchodu z portálu Comgate, bývá to šest číslic.")
        return plain

    @field_validator("secret")
    @classmethod
    def _secret_is_given(cls, secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value().strip():
            raise ValueError("Vyplňte heslo pro komunikaci z portálu Comgate, stejné místo jako identifikátor.")
        return secret

    @field_validator("address")
    @classmethod
    def _address_is_safe(cls, address: str) -> str:
        plain = address.strip().rstrip("/")
        if not re.fullmatch(r"(https://|http://127\.0\.0\.1[:/])[^@\s]*", plain):
            raise ValueError(f"Adresa začíná https://; ostrá brána je {PRODUCTION}.")
        if re.search(r"/v[0-9.]+$", plain):
            raise ValueError(f"Adresa se píše bez verze rozhraní, např. {PRODUCTION}.")
        return plain
