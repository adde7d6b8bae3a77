"""What the form of an account at Fio takes, and what it says when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from blocks.fio import PRODUCTION, FioAccount

TOKEN = "aB3" + "x" * 61
IBAN = "CZ3820100000002900555000"


def block(**fields: Any) -> FioAccount:
    return FioAccount.model_validate({"token": TOKEN, "iban": IBAN, **fields})


def test_token_and_iban_are_enough() -> None:
    account = block()
    assert (account.currency, account.address, account.seconds_between_calls) == ("CZK", PRODUCTION, 31.0)
    assert TOKEN not in repr(account)


def test_what_is_pasted_with_spaces_is_taken() -> None:
    account = block(token=f" {TOKEN}\n", iban="cz38 2010 0000 0029 0055 5000", currency=" eur ")
    assert account.token.get_secret_value() == TOKEN
    assert (account.iban, account.currency) == (IBAN, "EUR")


def test_a_slovak_account_is_taken() -> None:
    assert block(iban="SK3511000000002922334006").iban.startswith("SK")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("token", TOKEN[:-1], "64 písmen a číslic"),
        ("token", "x" * 63 + "/", "64 písmen a číslic"),
        ("iban", "CZ3920100000002900555000", "opište ho z bankovnictví"),
        ("iban", "2900555000/2010", "opište ho z bankovnictví"),
        ("currency", "Kč", "třípísmenným kódem"),
        ("address", "http://fioapi.fio.cz", "https://"),
        ("seconds_between_calls", 5, "30 s"),
        ("overlap_days", 0, "overlap_days"),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_to_do(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        block(**{field: value})
    assert str(value)[:60] not in str(caught.value) or field != "token"


def test_a_test_bank_may_be_asked_quickly() -> None:
    assert block(address="http://127.0.0.1:1/v1/rest/", seconds_between_calls=0).address.endswith("/rest")
