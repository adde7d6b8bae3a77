"""The sandbox's Česká spořitelna behaves as the real one is known to, also where our client never goes."""

import datetime as dt
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.ceska_sporitelna import IBAN, STATEMENT, Account, stand
from sandbox.ceska_sporitelna_rows import booked
from sandbox.world import Money, World
from tasks.days import ONE_DAY, Days, prague_day
from tasks.provider import ByDocuments, ByPeriod
from tasks.providers.ceska_sporitelna import CeskaSporitelna
from tests.providers.ceska_sporitelna.stands import NOON, Place, open_bank
from tests.providers.memories import Remembered

TODAY = NOON.date()


@contextmanager
def caller(place: Place) -> Generator[httpx.Client]:
    """A client that has what the bank wants to see."""
    identity = place.server.identity
    refresh = identity.consent()
    with httpx.Client(base_url=place.account.api_address, trust_env=False) as client:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "client_id": identity.client_id,
            "client_secret": identity.client_secret,
        }
        token = client.post(f"{place.account.identity_address}/token", data=form).json()["access_token"]
        client.headers.update({"authorization": f"Bearer {token}", "web-api-key": place.server.api_key})
        yield client


def own_id(client: httpx.Client) -> str:
    return str(client.get("/my/accounts").json()["accounts"][0]["id"])


def codes(answer: httpx.Response) -> tuple[int, list[str]]:
    return answer.status_code, [error["error"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"toDate": str(TODAY + ONE_DAY)}, 400, ["DT01"]),
        ({"fromDate": str(TODAY + ONE_DAY), "toDate": str(TODAY + ONE_DAY)}, 400, ["DT01", "DT01"]),
        ({"fromDate": "5.11.2025"}, 400, ["DT01"]),
        ({"fromDate": str(TODAY), "toDate": str(TODAY - ONE_DAY)}, 400, ["PARAMETER_INVALID"]),
        ({"size": "201"}, 400, ["PARAMETER_INVALID"]),
        ({"page": "-1"}, 400, ["PARAMETER_INVALID"]),
        ({"size": "200", "page": "50"}, 400, ["MAX_TRANSACTIONS_EXCEEDED"]),
        ({"page": "3"}, 404, ["PAGE_NOT_FOUND"]),
    ],
)
def test_questions_that_the_bank_refuses(asked: dict[str, str], status: int, code: list[str]) -> None:
    with open_bank(booked(1, TODAY, 100)) as place, caller(place) as client:
        answer = client.get(f"/my/accounts/{own_id(client)}/transactions", params=asked)
    assert codes(answer) == (status, code)


def test_without_a_first_day_only_the_last_month_comes_and_unknown_parameters_are_ignored() -> None:
    rows = [booked(n, TODAY - n * ONE_DAY, 100) for n in (1, 29, 31)]
    with open_bank(*rows) as place, caller(place) as client:
        answer = client.get(f"/my/accounts/{own_id(client)}/transactions", params={"dateStart": "2025-01-01"})
    assert [row["entryReference"] for row in answer.json()["transactions"]] == ["FC-0000000029", "FC-0000000001"]


def test_an_account_id_lives_for_a_day_and_changes_every_day() -> None:
    with open_bank(booked(1, TODAY, 100)) as place, caller(place) as client:
        place.server.identity.token_seconds = 10**6
        with caller(place) as client:
            before = own_id(client)
            place.clock.forward(hours=23)
            assert client.get(f"/my/accounts/{before}/balance").status_code == 200
            assert own_id(client) != before
            place.clock.forward(hours=1)
            assert codes(client.get(f"/my/accounts/{before}/balance")) == (404, ["ID_NOT_FOUND"])


def refreshed(place: Place, token: str) -> httpx.Response:
    identity = place.server.identity
    form = {"client_id": identity.client_id, "client_secret": identity.client_secret}
    form |= {"grant_type": "refresh_token", "refresh_token": token}
    return httpx.post(f"{place.account.identity_address}/token", data=form, trust_env=False)


def test_a_rotated_refresh_token_works_for_its_grace_and_then_ends_the_consent_when_used() -> None:
    with open_bank() as place:
        identity = place.server.identity
        identity.rotates, identity.revokes_on_reuse, identity.grace_seconds = True, True, 10
        old = identity.consent()
        new = refreshed(place, old).json()["refresh_token"]
        assert refreshed(place, old).status_code == 200
        place.clock.forward(seconds=11)
        assert refreshed(place, old).json()["error_code"] == "7109"
        assert refreshed(place, new).status_code == 400
        assert refreshed(place, "never given").json() == {"error": "invalid_grant"}


def test_the_balance_follows_the_rows() -> None:
    with open_bank(booked(1, TODAY, 500), booked(2, TODAY, -700)) as place, caller(place) as client:
        (balance,) = client.get(f"/my/accounts/{own_id(client)}/balance").json()["balances"]
    assert (balance["amount"]["value"], balance["creditDebitIndicator"]) == (2.0, "DBIT")


def test_statements_are_listed_and_given_as_files() -> None:
    with open_bank() as place, caller(place) as client:
        path = f"/my/accounts/{own_id(client)}/statements"
        (statement,) = client.get(path).json()["accountStatements"]
        download = f"{path}/{statement['accountStatementId']}/download"
        given = client.get(download, params={"format": "pdf"})
        assert (given.content, given.headers["content-type"]) == (STATEMENT, "application/pdf")
        assert codes(client.get(download, params={"format": "mt940"})) == (400, ["PARAMETER_INVALID"])
        assert codes(client.get(download)) == (404, ["PARAMETER_MISSING"])


def test_a_missing_token_and_a_missing_key_are_told_apart() -> None:
    with open_bank() as place, httpx.Client(base_url=place.account.api_address, trust_env=False) as client:
        assert codes(client.get("/my/accounts")) == (403, ["KEY_UNAUTHORIZED"])
        keyed = client.get("/my/accounts", headers={"WEB-API-KEY": place.server.api_key})
    assert codes(keyed) == (403, ["TOKEN_INVALID"])


def test_a_secret_in_an_address_would_be_noticed() -> None:
    with open_bank() as place, caller(place) as client:
        client.get("/my/accounts", params={"key": place.server.api_key})
    assert place.server.secrets_in_addresses == 1


def test_calls_are_counted_by_the_hour() -> None:
    with open_bank() as place:
        place.provider.extract(Days(TODAY, TODAY))
    assert dict(place.server.by_hour) == {"2025-11-06T12": 2}


def test_two_accounts_with_one_iban_are_told_apart_by_their_currency() -> None:
    with open_bank(booked(1, TODAY, 100)) as place:
        place.server.accounts.insert(0, Account(IBAN, "EUR", [booked(2, TODAY, 900, currency="EUR")]))
        assert place.delivery(TODAY).payments["amount"].tolist() == [100]


MONEY = Money(
    "ceska-sporitelna", 1, TODAY, 150_000, variable_symbol="2025001", message="díky", account="19-1/0100"
)


def world(*money: Money) -> World:
    return World(seed=1, today=TODAY, papers=(), money=money)


def provider_of(opened: Any) -> CeskaSporitelna:
    return CeskaSporitelna(opened.block, Remembered())


def test_the_stand_tells_of_the_firms_money_in_the_banks_own_way(tmp_path: Path) -> None:
    storno = Money("ceska-sporitelna", 2, TODAY, -150_000, kind="reversal", takes_back=1)
    fee = Money("ceska-sporitelna", 3, TODAY, -4_900, kind="fee")
    elsewhere = Money("fio", 4, TODAY, 1)
    with stand(world(MONEY, storno, fee, elsewhere), tmp_path) as opened:
        provider = provider_of(opened)
        (read,) = provider.extract(Days(TODAY, TODAY))
    payments = provider.normalize(read).payments
    assert payments["amount"].tolist() == [150_000, -150_000, -4_900]
    assert payments["kind"].tolist() == ["transfer", "reversal", "fee"]
    assert payments["reverses"].fillna("").tolist() == ["", "FC-0000000001", ""]
    first = payments.to_dict("records")[0]
    assert (first["variable_symbol"], first["message"], first["counterparty"]) == ("2025001", "díky", "19-1/0100")
    assert (opened.provider, provider.expiries(prague_day(dt.datetime.now(dt.UTC)))) == ("ceska-sporitelna", [])


def test_the_first_saved_block_of_the_stand_may_be_used_again(tmp_path: Path) -> None:
    with stand(world(MONEY), tmp_path) as opened:
        for _ in range(2):
            assert provider_of(opened).extract(Days(TODAY, TODAY))[0].rows


def test_the_provider_is_one_that_is_asked_for_days() -> None:
    with open_bank() as place:
        assert isinstance(place.provider, ByPeriod)
        assert not isinstance(place.provider, ByDocuments)
        assert place.provider.source == f"ceska-sporitelna:{IBAN}"
        quarter = Days(TODAY - 88 * ONE_DAY, TODAY)
        portions = place.provider.split(quarter)
    assert [day for portion in portions for day in portion] == list(quarter)
