"""Whom to tell: what the form refuses, and that a refusal repeats no secret."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks.notification import MailServer, Notification
from flows.deliveries import mail_address

HOOK = "https://hooks.example/services/T0KEN"
SERVER: dict[str, Any] = {"host": "smtp.firma.cz", "sender": "platby@firma.cz"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"recipients": ["ucetni@firma.cz"]},
        {"recipients": ["ucetni@firma.cz, sef@firma.cz"], "mail_server": SERVER},
        {"recipients": ["ucetni@firma.cz\r\nBcc: x@evil.cz"], "mail_server": SERVER},
        {"recipients": ["Účetní <ucetni@firma.cz>"], "mail_server": SERVER},
        {"recipients": ["ucetni@firma.cz"], "mail_server": {**SERVER, "login": "platby@firma.cz"}},
        {"recipients": ["ucetni@firma.cz"], "mail_server": {**SERVER, "host": "smtp://smtp.firma.cz:587"}},
        {"recipients": ["ucetni@firma.cz"], "mail_server": {**SERVER, "sender": "a@b.cz\nBcc: x@evil.cz"}},
        {"webhook": "http://hooks.example/services/T0KEN"},
        {"webhook": "https://hooks.example/services/T0KEN x"},
        {"webhook": HOOK, "mail_server": {**SERVER, "login": "a\r\nb", "password": "x"}},
        {"webhook": HOOK, "mail_server": {**SERVER, "login": "a", "password": "heslíčko-tajné"}},
    ],
)
def test_what_cannot_work_or_would_reach_others_is_refused_without_repeating_a_secret(given: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        Notification.model_validate(given)
    assert "T0KEN" not in str(refused.value)
    assert "tajné" not in str(refused.value)


def test_recipients_are_each_told_once_and_empty_lines_do_not_matter() -> None:
    block = Notification(recipients=[" a@firma.cz", "", "a@firma.cz"], mail_server=MailServer(**SERVER))
    assert block.recipients == ["a@firma.cz"]


@pytest.mark.parametrize(("security", "mode"), [("starttls", "mode=starttls"), ("tls", "mode=ssl")])
def test_mail_always_goes_over_verified_tls(security: Any, mode: str) -> None:
    server = MailServer(**SERVER, security=security, login="a@firma.cz", password=SecretStr("p@:/?#"))
    block = Notification(recipients=["a@firma.cz"], mail_server=server)
    address = mail_address(block).get_secret_value()
    assert address.startswith("mailtos://a%40firma.cz:p%40%3A%2F%3F%23@smtp.firma.cz:587/?")
    assert mode in address
    assert "verify=yes" in address
    assert "p@:/?#" not in repr(block)
