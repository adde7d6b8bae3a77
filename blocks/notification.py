"""Whom the product tells when something needs a person, and by which way."""

from __future__ import annotations

import re
from typing import Literal, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from blocks.forms import Section

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
HOST = re.compile(r"[A-Za-z0-9.-]+")


def _one_address(text: str) -> str:
    plain = text.strip()
    if not ADDRESS.fullmatch(plain):
        raise ValueError("Zadejte samotnou e-mailovou adresu, např. ucetni@firma.cz, každou na svém řádku.")
    return plain


class MailServer(Section):
    """The SMTP server that takes the messages in, always over verified TLS."""

    model_config = ConfigDict(hide_input_in_errors=True)

    host: str = Field(
        default="",
        title="Server",
        description="Jméno serveru pro odchozí poštu, např. smtp.seznam.cz; jeho certifikát se ověřuje.",
    )
    security: Literal["starttls", "tls"] = Field(
        default="starttls",
        title="Zabezpečení",
        description="Jak se spojení šifruje: starttls bývá na portu 587, tls na portu 465.",
    )
    port: int = Field(default=587, ge=1, le=65535, title="Port", description="Port serveru odchozí pošty.")
    login: str = Field(
        default="",
        title="Přihlašovací jméno",
        description="Jméno ke schránce, ze které se posílá; prázdné = bez přihlášení.",
    )
    password: SecretStr = Field(
        default=SecretStr(""),
        title="Heslo",
        description="Heslo ke schránce, u větších poskytovatelů zvláštní heslo pro aplikace.",
    )
    sender: str = Field(
        default="", title="Odesílatel", description="Adresa odesílatele, kterou server tomuto přihlášení dovolí."
    )

    @field_validator("host")
    @classmethod
    def _host_is_a_name(cls, host: str) -> str:
        plain = host.strip()
        if plain and not HOST.fullmatch(plain):
            raise ValueError("Zadejte jen jméno serveru, např. smtp.firma.cz, bez smtp:// a bez portu.")
        return plain

    @field_validator("login")
    @classmethod
    def _login_is_one_line(cls, login: str) -> str:
        plain = login.strip()
        if not plain.isprintable():
            raise ValueError("Přihlašovací jméno je jeden řádek.")
        return plain

    @field_validator("password")
    @classmethod
    def _password_can_be_sent(cls, password: SecretStr) -> SecretStr:
        plain = password.get_secret_value()
        if not (plain.isascii() and plain.isprintable()):
            raise ValueError(
                "Heslo smí mít jen písmena bez háčků a čárek, číslice a znaménka; jiné SMTP nepřenese."
            )
        return password

    @field_validator("sender")
    @classmethod
    def _sender_is_an_address(cls, sender: str) -> str:
        return _one_address(sender) if sender.strip() else ""


class Notification(Block):
    """
    Whom to tell of failed runs, late data, ending certificates and payments that wait for a decision.

    Example:
        ```python
        from blocks.notification import Notification

        notification = Notification.load("BLOCK_NAME")
        ```
    """

    # A refused form must not repeat the password or the webhook's address in its message.
    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name = "Upozornění"
    _block_type_slug = "notification"
    _description = "Komu a jak dát vědět, když je potřeba člověk: e-mailem, webhookem, nebo obojím."

    recipients: list[str] = Field(
        default=[],
        title="Příjemci e-mailů",
        description='E-mailové adresy v uvozovkách, např. ["ucetni@firma.cz", "technik@firma.cz"]; '
        "prázdné [] = e-maily se neposílají.",
    )
    mail_server: MailServer = Field(
        default_factory=MailServer,
        title="Odchozí pošta",
        description="Server, přes který se e-maily posílají; vyplňte, jen když jsou zadaní příjemci.",
    )
    webhook: SecretStr = Field(
        default=SecretStr(""),
        title="Adresa webhooku",
        description="Adresa, na kterou se zpráva pošle metodou POST; prázdná = neposílá se. Zachází se s ní jako "
        "s heslem.",
    )
    webhook_format: Literal["text", "teams", "json"] = Field(
        default="text",
        title="Podoba zprávy pro webhook",
        description="text = Slack, Mattermost a Google Chat; teams = Microsoft Teams; json = vlastní příjemce, "
        "který dostane kód, závažnost, předmět, text, jednotku, zdroj a odkaz zvlášť.",
    )
    silent_hours: int = Field(
        default=75,
        ge=26,
        le=24 * 14,
        title="Hodin bez kontroly",
        description="Po kolika hodinách bez denní kontroly přijde zpráva, že program neběží; 75 hodin přečká "
        "víkend s vypnutým počítačem.",
    )

    @field_validator("recipients")
    @classmethod
    def _recipients_are_addresses(cls, recipients: list[str]) -> list[str]:
        return list(dict.fromkeys(_one_address(one) for one in recipients if one.strip()))

    @field_validator("webhook")
    @classmethod
    def _webhook_is_safe(cls, webhook: SecretStr) -> SecretStr:
        plain = webhook.get_secret_value().strip()
        if plain and not re.fullmatch(r"(https://|http://127\.0\.0\.1[:/])[!-~]+", plain):
            raise ValueError("Adresa webhooku začíná https://; zkopírujte ji celou od příjemce zpráv.")
        return SecretStr(plain)

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if not self.recipients and not self.webhook.get_secret_value():
            raise ValueError("Zadejte aspoň jednoho příjemce e-mailů, nebo adresu webhooku.")
        if self.recipients and not (self.mail_server.host and self.mail_server.sender):
            raise ValueError("K příjemcům e-mailů vyplňte server odchozí pošty a odesílatele.")
        if self.mail_server.login and not self.mail_server.password.get_secret_value():
            raise ValueError("K přihlašovacímu jménu pro odchozí poštu vyplňte i heslo.")
        return self
