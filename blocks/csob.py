"""One ČSOB contract: where its payment advices come from, a folder or the Business Connector service."""

from __future__ import annotations

from typing import Literal, Self

from prefect.blocks.core import Block
from pydantic import Field, SecretStr, field_validator, model_validator

from blocks.forms import LateAfterDays, Maybe

PRODUCTION = "https://ceb-bc.csob.cz/cebbc/api"


class CsobAccount(Block):
    """
    Accounts at ČSOB under one CEB contract, read from the payment advices that the bank makes for them.

    Example:
        ```python
        from blocks.csob import CsobAccount

        account = CsobAccount.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "ČSOB"
    _block_type_slug = "csob-account"
    _description = "Účty u ČSOB pod jednou smlouvou CEB: avíza ze složky nebo z Business Connectoru."

    contract: int = Field(
        gt=0,
        title="Číslo smlouvy CEB",
        description="Číslo smlouvy ČSOB CEB, pod kterou účty patří; najdete je v portálu CEB.",
    )
    first_contract: Maybe[int] = Field(
        default=None,
        gt=0,
        title="Původní číslo smlouvy",
        description="Jen když banka smlouvu přečíslovala: číslo, pod kterým se platby začaly číst. "
        "Bez něj by se tytéž platby započetly znovu.",
    )
    way: Literal["folder", "connector"] = Field(
        default="connector",
        title="Odkud se avíza berou",
        description="connector = přímo z Business Connectoru; folder = ze složky, kterou plní aplikace banky.",
    )
    folder: str = Field(
        default="",
        title="Složka s avízy",
        description="Složka na počítači, kde běží worker, i s podsložkami; jen pro způsob folder.",
    )
    archive: str = Field(
        default="",
        title="Složka pro přečtené soubory",
        description="Kam přesouvat soubory přečtené minulým během; prázdné = soubory zůstávají, kde jsou.",
    )
    certificate_file: str = Field(
        default="",
        title="Soubor s certifikátem",
        description="Cesta k souboru .pfx, .p12 nebo .pem s certifikátem i klíčem na počítači, kde běží worker.",
    )
    certificate: Maybe[SecretStr] = Field(
        default=None,
        title="Certifikát a klíč",
        description="Místo souboru: text PEM s certifikátem i soukromým klíčem.",
    )
    passphrase: Maybe[SecretStr] = Field(
        default=None, title="Heslo ke klíči", description="Heslo k souboru s certifikátem nebo ke klíči."
    )
    seconds_between_calls: float = Field(
        default=40,
        ge=0,
        title="Odstup volání v sekundách",
        description="Nejmenší odstup dvou volání služby; banka dovoluje 30 volání za 20 minut.",
    )
    late_after_days: LateAfterDays = 7
    address: str = Field(
        default=PRODUCTION,
        title="Adresa služby",
        description="Adresa služby Business Connector; mění se jen pro zkušební prostředí.",
    )
    authority_file: str = Field(
        default="",
        title="Soubor s certifikační autoritou",
        description="Autorita, která podepsala certifikát serveru (PEM); prázdné = běžné veřejné autority.",
    )

    @property
    def identity(self) -> int:
        """The contract number under which the payments are kept; it stays when the bank gives another one."""
        return self.first_contract or self.contract

    @field_validator("address")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        address = value.strip().rstrip("/")
        if not address.startswith("https://"):
            raise ValueError("adresa začíná https://, protože každé volání potřebuje certifikát")
        return address

    @field_validator("folder", "archive", "certificate_file", "authority_file")
    @classmethod
    def _unquoted(cls, value: str) -> str:
        # "Copy as path" in Windows puts the path in quotes.
        return value.strip().strip('"')

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.way == "folder" and not self.folder:
            raise ValueError("vyplňte složku s avízy, nebo zvolte způsob connector")
        if self.way == "connector" and bool(self.certificate_file) == bool(self.certificate):
            raise ValueError("vyplňte buď soubor s certifikátem, nebo jeho text, anebo zvolte způsob folder")
        return self
