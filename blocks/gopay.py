"""An account at the payment gateway GoPay and the credentials of its REST interface."""

from __future__ import annotations

import re
from typing import Literal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr, field_validator

from blocks.forms import LateAfterDays

PRODUCTION = "https://gate.gopay.cz/api"

Column = Literal["id", "day", "type", "order", "amount", "opening", "closing", "currency", "reverses"]


class GoPayAccount(Block):
    """
    An account at the payment gateway GoPay, read through its account statement.

    Example:
        ```python
        from blocks.gopay import GoPayAccount

        account = GoPayAccount.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "GoPay"
    _block_type_slug = "gopay-account"
    _description = "Obchodní účet u platební brány GoPay: číslo a údaje k API."

    goid: str = Field(title="GoID", description="Číslo obchodního účtu u GoPay, obvykle deset číslic.")
    client_id: str = Field(
        title="ClientID", description="ClientID pro API z obchodního účtu GoPay, oddíl Nastavení eshopu."
    )
    client_secret: SecretStr = Field(title="ClientSecret", description="ClientSecret, který patří ke ClientID.")
    currencies: list[str] = Field(
        default=["CZK"],
        min_length=1,
        title="Měny",
        description="Měny, ve kterých má obchod u GoPay účet, např. CZK a EUR; každá má svůj výpis.",
    )
    statement: Literal["CSV_B", "ABO_A"] = Field(
        default="CSV_B",
        title="Podoba výpisu",
        description="CSV_B nese čísla objednávek celá; ABO_A jen číselná do deseti míst a je náhradní.",
    )
    headings: dict[str, Column] = Field(
        default={},
        title="Další nadpisy sloupců",
        description="Nadpis ve výpisu CSV a sloupec, který znamená; jen když výpis používá nadpisy neznámé.",
    )
    late_after_days: LateAfterDays = 4
    address: str = Field(
        default=PRODUCTION,
        title="Adresa API",
        description="Adresa rozhraní GoPay verze 3 bez koncového lomítka; mění se jen pro zkušební prostředí.",
    )

    @field_validator("goid")
    @classmethod
    def _goid_is_a_number(cls, goid: str) -> str:
        if not re.fullmatch(r"[0-9]{1,18}", goid.strip()):
            raise ValueError("GoID se skládá jen z číslic; opište ho z obchodního účtu GoPay")
        return goid.strip().lstrip("0")

    @field_validator("currencies")
    @classmethod
    def _currencies_are_codes(cls, currencies: list[str]) -> list[str]:
        codes = [code.strip().upper() for code in currencies]
        if not all(re.fullmatch(r"[A-Z]{3}", code) for code in codes):
            raise ValueError("zadejte měny třípísmennými kódy, např. CZK")
        return list(dict.fromkeys(codes))

    @field_validator("address")
    @classmethod
    def _address_is_of_version_3(cls, address: str) -> str:
        plain = address.strip().rstrip("/")
        if not re.match(r"https://|http://127\.0\.0\.1[:/]", plain):
            raise ValueError(f"adresa začíná https://; ostrá je {PRODUCTION}")
        if "gp-gw" in plain:
            raise ValueError(f"tohle je adresa API verze 4, které výpisy nemá; ostrá verze 3 je {PRODUCTION}")
        return plain
