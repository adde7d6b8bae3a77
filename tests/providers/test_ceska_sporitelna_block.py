"""The block of an account refuses settings that cannot work, and says what to do about each."""

import pytest
from pydantic import SecretStr, ValidationError

from blocks.ceska_sporitelna import CeskaSporitelnaAccount

FIELDS: dict[str, object] = {
    "iban": "CZ86 0800 0000 0044 5566 7002",
    "client_id": " app ",
    "client_secret": "secret\n",
    "api_key": " api-key ",
}


def account(**fields: object) -> CeskaSporitelnaAccount:
    return CeskaSporitelnaAccount.model_validate(FIELDS | fields)


def test_what_is_copied_with_spaces_is_taken_without_them() -> None:
    made = account(currency=" czk ", refresh_token="  ")
    assert (made.iban, made.currency, made.client_id) == ("CZ8608000000004455667002", "CZK", "app")
    assert (made.client_secret, made.api_key) == (SecretStr("secret"), SecretStr("api-key"))
    assert made.refresh_token is None


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"iban": "CZ8608000000004455667003"}, "opište ho z výpisu"),
        ({"iban": "4455667002/0800"}, "opište ho z výpisu"),
        ({"currency": "Kč"}, "třípísmenným kódem"),
        ({"api_key": "klíč"}, "z portálu znovu"),
        ({"api_key": None}, "jméno bloku"),
        ({"client_id": ""}, "jméno bloku"),
        ({"consent_days": 0}, "greater than or equal to 1"),
        ({"api_address": "www.csas.cz"}, "začíná https://"),
        ({"identity_address": "http://bezpecnost.csas.cz/oidc"}, "použijte https://"),
        ({"redirect_uri": "http://www.firma.example/"}, "použijte https://"),
        ({"api_address": "https://webapi.developers.erstegroup.com/api/csas"}, "změňte obě"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_advice(fields: dict[str, object], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        account(**fields)


def test_an_account_that_shares_a_consent_needs_no_keys_of_its_own() -> None:
    sharing = CeskaSporitelnaAccount(iban="CZ3408000000005566778009", shares_consent_of="ceska-sporitelna")
    assert (sharing.client_secret, sharing.api_key) == (None, None)


def test_the_banks_own_sandbox_may_be_set_as_a_whole() -> None:
    base = "https://webapi.developers.erstegroup.com/api/csas"
    made = account(
        api_address=f"{base}/public/sandbox/v3/accounts", identity_address=f"{base}/sandbox/v1/sandbox-idp"
    )
    assert made.api_address.startswith(base)


def test_a_block_that_was_never_saved_holds_its_own_consent() -> None:
    made = account()
    with made.alone():
        made.keep(SecretStr("newest"))
    assert made.consent_holder().refresh_token == SecretStr("newest")
    assert "newest" not in f"{made!r} {made}"
