"""One merchant number at the payment gateway GP webpay."""

from __future__ import annotations

import re
from typing import Literal, Self

from prefect.blocks.core import Block
from pydantic import Field, SecretStr, field_validator, model_validator

from blocks.forms import Concurrency, LateAfterDays, Maybe, PauseSeconds

PRODUCTION = "https://3dsecure.gpwebpay.com/pay-ws/v1/PaymentService"


class GpWebpayMerchant(Block):
    """
    One merchant number at the payment gateway GP webpay, asked by signed requests about payment numbers.

    Example:
        ```python
        from blocks.gp_webpay import GpWebpayMerchant

        merchant = GpWebpayMerchant.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "GP webpay"
    _block_type_slug = "gp-webpay-merchant"
    _description = "Jedno číslo obchodníka u platební brány GP webpay: klíče a jak obchod čísluje platby."

    merchant_number: str = Field(
        title="Číslo obchodníka", description="Číslo obchodníka od banky i s případnými nulami na začátku."
    )
    provider: str = Field(
        title="Kód banky",
        description="Čtyřmístný kód poskytovatele ze smlouvy nebo z portálu GP webpay, např. 0100.",
    )
    private_key: Maybe[SecretStr] = Field(
        default=None,
        title="Soukromý klíč",
        description="Obsah souboru s klíčem (text PEM); místo něj lze zadat cestu k souboru.",
    )
    private_key_file: str = Field(
        default="",
        title="Soubor s klíčem",
        description="Cesta k souboru s klíčem na tomto počítači: PEM, DER nebo PFX (P12).",
    )
    private_key_password: Maybe[SecretStr] = Field(
        default=None, title="Heslo klíče", description="Heslo k soukromému klíči, pokud ho má."
    )
    gateway_certificates: list[str] = Field(
        min_length=1,
        title="Certifikáty brány",
        description="Cesty k certifikátům brány (gpe.signing_prod.pem), nebo přímo jejich text PEM.",
    )
    currency: str = Field(
        default="",
        title="Měna",
        description="Měna plateb tohoto obchodníka, např. CZK; prázdné = měna dokladu, protože brána ji neříká.",
    )
    number_from: Literal["variable_symbol", "number", "reference"] = Field(
        default="variable_symbol",
        title="Číslo platby je",
        description="Co se bráně posílá jako číslo platby: variabilní symbol dokladu, jeho číslo, nebo sloupec "
        "klíče platby.",
    )
    number_pattern: str = Field(
        default="[0-9]+",
        title="Tvar čísla",
        description="Regulární výraz pro celý údaj z dokladu; číslo platby jsou jeho skupiny, nebo celý údaj.",
    )
    strip_leading_zeros: bool = Field(
        default=False, title="Bez úvodních nul", description="Vynechat nuly na začátku čísla."
    )
    prefix: str = Field(
        default="", title="Předpona", description="Číslice, které obchod přidává před číslo z dokladu."
    )
    attempt_suffixes: list[str] = Field(
        default=[],
        max_length=9,
        title="Přípony pokusů",
        description="Číslice přidávané za číslo při dalších pokusech o platbu, např. 1, 2, 3; na každé se ptá.",
    )
    count_from: Literal["captured", "settled"] = Field(
        default="captured",
        title="Peníze jsou přijaté",
        description="captured = jakmile jsou stržené; settled = až po denní uzávěrce.",
    )
    captured_less_refunds: bool = Field(
        default=False,
        title="Částka po vratkách",
        description="Zapněte, jen když brána vykazuje strženou částku už sníženou o vratky.",
    )
    hash: Literal["SHA-1", "SHA-256"] = Field(
        default="SHA-1", title="Otisk podpisu", description="Algoritmus podpisu zpráv; brána dnes používá SHA-1."
    )
    open_days: int = Field(
        default=30,
        ge=1,
        le=400,
        title="Čekat na platbu dní",
        description="Jak dlouho po vystavení dokladu se ptát na platbu, kterou brána nezná nebo není dokončená.",
    )
    refund_days: int = Field(
        default=180,
        ge=0,
        le=400,
        title="Hlídat vratky dní",
        description="Jak dlouho po zaplacení se ptát na vratky; první týden častěji, potom jednou denně.",
    )
    refund_check_minutes: int = Field(
        default=50,
        ge=0,
        le=1440,
        title="Vratky nejdřív po minutách",
        description="Po kolika minutách se v prvním týdnu smí ptát na zaplacenou platbu znovu; 0 = vždy.",
    )
    concurrency: Concurrency = 2
    pause_seconds: PauseSeconds = 0.2
    late_after_days: LateAfterDays = 4
    address: str = Field(
        default=PRODUCTION,
        title="Adresa služby",
        description="Adresa webové služby; zkušební brána je test.3dsecure.gpwebpay.com.",
    )

    @field_validator("merchant_number")
    @classmethod
    def _merchant_number_fits(cls, number: str) -> str:
        plain = number.strip()
        if not re.fullmatch(r"[A-Za-z0-9]{1,10}", plain):
            raise ValueError("Číslo obchodníka má nejvýše deset znaků; opište ho ze smlouvy s bankou i s nulami.")
        return plain

    @field_validator("provider")
    @classmethod
    def _provider_is_four_digits(cls, provider: str) -> str:
        if not re.fullmatch(r"[0-9]{4}", provider.strip()):
            raise ValueError("Kód banky jsou čtyři číslice, např. 0100; najdete ho v portálu GP webpay.")
        return provider.strip()

    @field_validator("currency")
    @classmethod
    def _currency_is_a_code(cls, currency: str) -> str:
        if not re.fullmatch(r"|[A-Z]{3}", currency.strip().upper()):
            raise ValueError("Měna se píše třemi písmeny, např. CZK, nebo nechte prázdné.")
        return currency.strip().upper()

    @field_validator("number_pattern")
    @classmethod
    def _pattern_is_an_expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"Tvar čísla není platný regulární výraz: {error}") from None
        return pattern

    @field_validator("prefix")
    @classmethod
    def _prefix_is_digits(cls, prefix: str) -> str:
        if not re.fullmatch(r"[0-9]{0,14}", prefix.strip()):
            raise ValueError("Předpona smí mít jen číslice.")
        return prefix.strip()

    @field_validator("attempt_suffixes")
    @classmethod
    def _suffixes_are_digits(cls, suffixes: list[str]) -> list[str]:
        plain = [suffix.strip() for suffix in suffixes]
        if not all(re.fullmatch(r"[0-9]{1,14}", suffix) for suffix in plain):
            raise ValueError("Přípony pokusů smějí mít jen číslice, např. 1 nebo 01.")
        return list(dict.fromkeys(plain))

    @field_validator("address")
    @classmethod
    def _address_is_safe(cls, address: str) -> str:
        plain = address.strip()
        if not re.fullmatch(r"(https://|http://127\.0\.0\.1[:/])[^@\s]*", plain):
            raise ValueError(f"Adresa začíná https://; ostrá služba je {PRODUCTION}.")
        return plain

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if bool(self.private_key and self.private_key.get_secret_value().strip()) == bool(self.private_key_file):
            raise ValueError("Zadejte buď obsah soukromého klíče, nebo cestu k jeho souboru, a jen jedno z toho.")
        return self
