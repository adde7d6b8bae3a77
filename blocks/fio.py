"""An account at Fio banka and the token of its API."""

from __future__ import annotations

import re
from datetime import date
from typing import Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from blocks.forms import LateAfterDays, Maybe

PRODUCTION = "https://fioapi.fio.cz/v1/rest"
SHORTEST_PAUSE = 31.0
"""The bank wants 30 seconds between calls with one token and counts them by its own clock."""


class FioAccount(Block):
    """
    An account at Fio banka, read through API Bankovnictví.

    Example:
        ```python
        from blocks.fio import FioAccount

        account = FioAccount.load("BLOCK_NAME")
        ```
    """

    # A refused form must not repeat the token in its message.
    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name = "Fio banka"
    _block_type_slug = "fio-account"
    _description = "Účet u Fio banky: IBAN, měna a token API."

    token: SecretStr = Field(
        title="Token",
        description="Token s právem „Sledování účtu“ z internetového bankovnictví, Nastavení, API; 64 znaků.",
    )
    iban: str = Field(
        title="IBAN účtu", description="IBAN účtu, ke kterému token patří; platby jiného účtu se odmítnou."
    )
    currency: str = Field(default="CZK", title="Měna účtu", description="Měna účtu, např. CZK nebo EUR.")
    token_valid_until: Maybe[date] = Field(
        default=None,
        title="Token platí do",
        description="Konec platnosti tokenu; banka ho nesděluje, před koncem proto upozorní výsledek běhu.",
    )
    overlap_days: int = Field(
        default=7,
        ge=1,
        le=60,
        title="Překryv ve dnech",
        description="Kolik už stažených dnů se při každém běhu stáhne znovu kvůli opožděným pohybům.",
    )
    late_after_days: LateAfterDays = 4
    address: str = Field(
        default=PRODUCTION,
        title="Adresa API",
        description="Adresa API banky bez koncového lomítka; mění se jen pro zkušební prostředí.",
    )
    proxy: Maybe[str] = Field(
        default=None,
        title="Proxy",
        description="Adresa proxy pro přístup k internetu, např. http://proxy:3128; prázdné = podle systému.",
    )
    tls_1_2_only: bool = Field(
        default=False,
        title="Jen TLS 1.2",
        description="Zapněte, jen když síť spojení s bankou ruší hned při navazování.",
    )
    seconds_between_calls: float = Field(
        default=SHORTEST_PAUSE,
        ge=0,
        title="Sekund mezi dotazy",
        description="Nejmenší odstup dvou dotazů s týmž tokenem; banka žádá 30 s, kratší je jen pro zkoušky.",
    )

    @field_validator("token")
    @classmethod
    def _token_is_whole(cls, token: SecretStr) -> SecretStr:
        plain = token.get_secret_value().strip()
        if not re.fullmatch(r"[A-Za-z0-9]{64}", plain):
            raise ValueError("token tvoří 64 písmen a číslic; zkopírujte ho z bankovnictví celý")
        return SecretStr(plain)

    @field_validator("iban")
    @classmethod
    def _iban_is_right(cls, iban: str) -> str:
        plain = re.sub(r"\s", "", iban).upper()
        if not re.fullmatch(r"(CZ|SK)[0-9]{22}", plain) or int(plain[4:] + _as_digits(plain[:4])) % 97 != 1:
            raise ValueError("tohle není IBAN českého ani slovenského účtu; opište ho z bankovnictví")
        return plain

    @field_validator("currency")
    @classmethod
    def _currency_is_a_code(cls, currency: str) -> str:
        code = currency.strip().upper()
        if not re.fullmatch(r"[A-Z]{3}", code):
            raise ValueError("zadejte měnu třípísmenným kódem, např. CZK")
        return code

    @field_validator("address")
    @classmethod
    def _address_is_safe(cls, address: str) -> str:
        plain = address.strip().rstrip("/")
        if not re.match(r"https://|http://127\.0\.0\.1[:/]", plain):
            raise ValueError(f"adresa začíná https://; ostrá je {PRODUCTION}")
        return plain

    @model_validator(mode="after")
    def _the_bank_is_not_hurried(self) -> Self:
        if self.address == PRODUCTION and self.seconds_between_calls < SHORTEST_PAUSE:
            raise ValueError(f"banka žádá odstup dotazů 30 s; nastavte aspoň {SHORTEST_PAUSE:g}")
        return self


def _as_digits(text: str) -> str:
    """Letters of an IBAN as its check digits count them: A is 10, Z is 35."""
    return "".join(str(int(character, 36)) for character in text)
