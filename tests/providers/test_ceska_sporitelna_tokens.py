"""The refresh token is never lost: saved before it is used, and used by one run at a time."""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest
from prefect.settings import PREFECT_API_URL
from pydantic import SecretStr

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from sandbox.ceska_sporitelna import IBAN
from sandbox.ceska_sporitelna_rows import booked
from sandbox.faults import LOST, RIGHT, SERVER_ERROR, Fault
from tasks.days import Days
from tasks.errors import SettingError, Unavailable
from tasks.providers.ceska_sporitelna.tokens import Tokens
from tests.providers.ceska_sporitelna.stands import Place, open_bank

DAY = dt.date(2025, 11, 3)
DAYS = Days(DAY, DAY)
READER = """
import datetime as dt, sys
from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from tasks.days import Days
from tasks.providers.ceska_sporitelna import CeskaSporitelna
provider = CeskaSporitelna(CeskaSporitelnaAccount.load(sys.argv[1]), None)
day = dt.date.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(len(provider.extract(Days(day, day))[0].rows), flush=True)
"""


def loaded(name: str) -> CeskaSporitelnaAccount:
    return cast("CeskaSporitelnaAccount", CeskaSporitelnaAccount.load(name))


def saved_token(name: str) -> str:
    token = loaded(name).refresh_token
    return token.get_secret_value() if token else ""


def save(place: Place, name: str) -> None:
    """Save the block and let the provider be made of the saved one, as in a flow."""
    place.account.save(name, overwrite=True)
    place.provider = place.again(loaded(name))


@pytest.mark.usefixtures("prefect")
def test_a_new_token_is_saved_in_the_block_before_anything_is_asked_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = True
        save(place, "cs-rotating")
        called_before: list[list[str]] = []
        keep = CeskaSporitelnaAccount.keep

        def watched(self: CeskaSporitelnaAccount, refresh_token: SecretStr) -> None:
            called_before.append([call.place for call in place.server.calls])
            keep(self, refresh_token)
            called_before.append([call.place for call in place.server.calls])

        monkeypatch.setattr(CeskaSporitelnaAccount, "keep", watched)
        place.delivery(DAY)
        (family,) = place.server.identity.families
    assert called_before == [["token"], ["token"]]
    assert saved_token("cs-rotating") == list(family.refresh_tokens)[-1]


@pytest.mark.usefixtures("prefect")
def test_settings_changed_by_a_person_meanwhile_stay_when_a_token_is_saved() -> None:
    with open_bank() as place:
        place.server.identity.rotates = True
        save(place, "cs-edited")
        edited = loaded("cs-edited")
        edited.consent_days = 90
        edited.save("cs-edited", overwrite=True)
        place.delivery(DAY)
    assert loaded("cs-edited").consent_days == 90
    assert loaded("cs-edited").consent_given_on == place.account.consent_given_on


@pytest.mark.usefixtures("prefect")
@pytest.mark.parametrize("healthy", [1, 2], ids=["accounts", "transactions"])
def test_a_run_killed_after_any_call_leaves_a_token_that_the_bank_takes(healthy: int) -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = place.server.identity.revokes_on_reuse = True
        save(place, "cs-killed")
        place.server.faults.then(*[RIGHT] * healthy, LOST)
        with pytest.raises(Unavailable):
            place.provider.extract(DAYS)
        place.provider = place.again(loaded("cs-killed"))
        assert len(place.delivery(DAY).payments) == 1


@pytest.mark.usefixtures("prefect")
def test_accounts_that_share_a_consent_share_its_tokens() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = place.server.identity.revokes_on_reuse = True
        save(place, "cs-consent")
        sharing = CeskaSporitelnaAccount(iban=IBAN, shares_consent_of="cs-consent")
        sharing.save("cs-sharing")
        for name in ("cs-sharing", "cs-consent", "cs-sharing"):
            place.provider = place.again(loaded(name))
            assert len(place.delivery(DAY).payments) == 1
    assert loaded("cs-sharing").refresh_token is None


@pytest.mark.usefixtures("prefect")
def test_a_run_that_does_not_get_its_turn_to_refresh_tries_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank() as place:
        save(place, "cs-waiting")
        monkeypatch.setattr("blocks.ceska_sporitelna.WAITING_SECONDS", 0.2)
        with loaded("cs-waiting").alone(), pytest.raises(Unavailable, match="Prefect server"):
            place.provider.extract(DAYS)
        assert place.server.calls == []


@pytest.mark.usefixtures("prefect")
def test_a_turn_that_the_prefect_server_refuses_is_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgotten(_server: object, _limit: str) -> None:
        """The limit is not made, or somebody deleted it."""

    with open_bank() as place:
        save(place, "cs-refused")
        monkeypatch.setattr("blocks.ceska_sporitelna._make_sure_of", forgotten)
        with pytest.raises(Unavailable, match="Prefect server"):
            place.provider.extract(DAYS)


@pytest.mark.usefixtures("prefect")
def test_a_shared_consent_that_is_not_there_is_a_setting_to_correct() -> None:
    nowhere = CeskaSporitelnaAccount(iban=IBAN, shares_consent_of="cs-nowhere")
    nowhere.save("cs-lost")
    CeskaSporitelnaAccount(iban=IBAN, shares_consent_of="cs-lost").save("cs-lost-twice")
    with open_bank() as place:
        for name, cause in (("cs-lost", "does not exist"), ("cs-lost-twice", "no consent of its own")):
            with pytest.raises(SettingError, match=cause):
                place.again(loaded(name)).extract(DAYS)


@contextmanager
def other_process(name: str, day: dt.date) -> Generator[subprocess.Popen[str]]:
    """A second reader of the saved block, imported and waiting for a line to start."""
    project = Path(__file__).resolve().parents[2]
    settings = {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "PYTHONPATH": str(project)}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", READER, name, str(day)],
        cwd=project,
        env=os.environ | settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            assert reader.stdout
            assert reader.stdout.readline() == "ready\n"
            yield reader
        finally:
            reader.kill()


@pytest.mark.usefixtures("prefect")
def test_two_processes_that_start_together_do_not_take_the_token_from_each_other() -> None:
    # The other process goes by the real clock.
    now = dt.datetime.now(dt.UTC)
    yesterday = now.date() - dt.timedelta(days=1)
    with open_bank(booked(1, yesterday, 100), now=now) as place:
        identity = place.server.identity
        identity.rotates = identity.revokes_on_reuse = True
        identity.seconds_of_work = 0.5
        save(place, "cs-racing")
        with other_process("cs-racing", yesterday) as reader:
            assert reader.stdin
            reader.stdin.write("go\n")
            reader.stdin.flush()
            assert len(place.delivery(yesterday).payments) == 1
            assert reader.communicate()[0] == "1\n"
    (family,) = identity.families
    assert (family.refreshes, identity.most_at_once, family.revoked) == (2, 1, False)
    assert saved_token("cs-racing") == list(family.refresh_tokens)[-1]


@pytest.fixture
def unsaved(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What saving the block raises, one for each time, before it works."""
    failures: list[Exception] = []
    keep = CeskaSporitelnaAccount.keep

    def failing(self: CeskaSporitelnaAccount, refresh_token: SecretStr, given_on: dt.date | None = None) -> None:
        if failures:
            raise failures.pop()
        keep(self, refresh_token, given_on)

    monkeypatch.setattr(CeskaSporitelnaAccount, "keep", failing)
    return failures


def test_a_token_that_could_not_be_saved_is_not_used_and_is_saved_first_next_time(
    unsaved: list[Exception],
) -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = place.server.identity.revokes_on_reuse = True
        unsaved += [httpx.ConnectError("no server"), TimeoutError("busy")]
        for _ in range(2):
            with pytest.raises(Unavailable, match="did not read or save the block"):
                place.provider.extract(DAYS)
        assert place.server.asked("accounts") == []
        assert len(place.delivery(DAY).payments) == 1


def test_a_token_that_could_not_be_saved_is_forgotten_when_a_new_consent_came_meanwhile(
    unsaved: list[Exception],
) -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = True
        unsaved.append(httpx.ConnectError("no server"))
        with pytest.raises(Unavailable):
            place.provider.extract(DAYS)
        place.server.identity.families[0].revoked = True
        place.account.refresh_token = SecretStr(place.server.identity.consent())
        assert len(place.delivery(DAY).payments) == 1


def test_a_new_consent_that_could_not_be_saved_is_told(unsaved: list[Exception]) -> None:
    with open_bank() as place:
        unsaved.append(httpx.ConnectError("no server"))
        with pytest.raises(Unavailable, match="Prefect server"):
            Tokens(place.account, place.clock).keep(SecretStr("new"), DAY)


def test_a_prefect_server_that_does_not_answer_is_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_self: CeskaSporitelnaAccount) -> CeskaSporitelnaAccount:
        raise httpx.ConnectError("no server")

    with open_bank() as place:
        monkeypatch.setattr(CeskaSporitelnaAccount, "consent_holder", unreachable)
        with pytest.raises(Unavailable, match="Prefect server"):
            place.provider.extract(DAYS)


def test_a_token_lost_on_its_way_is_asked_for_again_while_the_old_one_still_works() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.rotates = True
        place.server.identity.grace_seconds = 60
        place.server.faults.then(LOST)
        with pytest.raises(Unavailable):
            place.provider.extract(DAYS)
        assert len(place.delivery(DAY).payments) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_consent_that_has_ended_is_told_and_the_token_kept(status: int) -> None:
    with open_bank() as place:
        before = place.account.refresh_token
        place.server.identity.refuses_with = status
        place.clock.forward(days=181)
        with pytest.raises(SettingError, match="consent again"):
            place.provider.extract(DAYS)
    assert place.account.refresh_token == before


def test_an_account_without_consent_asks_for_it() -> None:
    with open_bank() as place:
        place.account.refresh_token = None
        with pytest.raises(SettingError, match=r"no refresh token.*authorise_ceska_sporitelna"):
            place.provider.extract(DAYS)
    assert place.server.calls == []


def test_a_wrong_client_secret_is_told_as_such() -> None:
    with open_bank() as place:
        place.account.client_secret = SecretStr("mistyped")
        with pytest.raises(SettingError, match=r"does not know the application.*invalid_client"):
            place.provider.extract(DAYS)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "a\nb", "token_type": "Bearer"},
        {"access_token": "abc", "token_type": "MAC"},
        {"access_token": 7, "token_type": "Bearer"},
    ],
)
def test_an_answer_without_a_usable_token_is_passing(answer: dict[str, object]) -> None:
    with open_bank() as place:
        place.server.faults.then(Fault(status=200, body=json.dumps(answer).encode()))
        with pytest.raises(Unavailable, match="no access token"):
            place.provider.extract(DAYS)


def test_a_token_without_its_time_and_with_a_small_type_is_taken_as_usual() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.faults.then(Fault(status=200, body=b'{"access_token": "x", "token_type": "bearer"}'))
        # The bank does not know this token, so it is renewed.
        assert len(place.delivery(DAY).payments) == 1


def test_a_log_in_service_that_is_down_keeps_the_token() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.faults.then(SERVER_ERROR)
        with pytest.raises(Unavailable):
            place.provider.extract(DAYS)
        assert len(place.delivery(DAY).payments) == 1
