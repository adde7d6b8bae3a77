"""What the bank refuses, and what becomes of it: renewed once, told to a person, or tried again later."""

import datetime as dt
import json
from pathlib import Path

import httpx
import pytest
import trustme

from sandbox import faults as wrong
from sandbox.ceska_sporitelna import ACCOUNTS, LOGIN
from sandbox.ceska_sporitelna_rows import booked
from sandbox.faults import RIGHT, Fault
from sandbox.serving import served
from tasks.days import Days
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable, is_passing
from tasks.http import Answer
from tasks.providers.ceska_sporitelna.calls import json_object
from tests.providers.ceska_sporitelna.stands import NOON, Place, open_bank

DAY = dt.date(2025, 11, 3)


def refused(status: int, code: str = "", body: str = "") -> Fault:
    text = body or json.dumps({"errors": [{"error": code}]} if code else {})
    return Fault(status=status, body=text.encode(), content_type="application/json")


def failure(place: Place) -> PohodaPaymentsError:
    with pytest.raises(PohodaPaymentsError) as raised:
        place.provider.extract(Days(DAY, DAY))
    return raised.value


def test_an_access_token_is_renewed_before_it_ends_in_the_middle_of_paging() -> None:
    rows = [booked(n, DAY, 100) for n in range(1500)]
    with open_bank(*rows) as place:
        place.server.every_call = lambda: place.clock.forward(minutes=1)
        found = place.delivery(DAY)
        family = place.server.identity.families[0]
    assert len(found.payments) == 1500
    assert family.refreshes == 2
    assert len(place.server.asked("transactions")) == 8


def test_a_token_that_the_bank_gives_for_an_hour_is_used_for_an_hour() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.identity.token_seconds = 3600
        place.delivery(DAY)
        place.clock.forward(minutes=50)
        place.delivery(DAY)
        assert place.server.identity.families[0].refreshes == 1


def test_a_token_that_ends_too_early_is_renewed_once_and_the_same_page_asked_again() -> None:
    with open_bank(*[booked(n, DAY, 100) for n in range(450)]) as place:
        place.server.every_call = place.server.identity.access_tokens.clear
        found = place.delivery(DAY)
    assert len(found.payments) == 450
    assert [call["page"] for call in place.server.asked("transactions")] == ["0", "1", "1", "2", "2"]


@pytest.mark.parametrize(("status", "code"), [(403, "TOKEN_INVALID"), (403, ""), (400, "BAD_REQUEST")])
def test_a_token_refused_twice_in_a_row_ends_the_run(status: int, code: str) -> None:
    with open_bank() as place:
        place.server.faults.then(RIGHT, refused(status, code), RIGHT, refused(status, code))
        error = failure(place)
        assert place.server.identity.families[0].refreshes == 2
    assert str(status) in str(error)
    assert is_passing(error) == (not code)


def test_a_refusal_for_one_call_only_is_survived() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.faults.then(RIGHT, refused(403, "TOKEN_INVALID"))
        assert len(place.delivery(DAY).payments) == 1


def test_a_wrong_key_is_told_and_nothing_is_renewed() -> None:
    with open_bank() as place:
        place.server.api_key = "another"
        error = failure(place)
        assert place.server.identity.families[0].refreshes == 1
    assert isinstance(error, SettingError)
    assert "KEY_UNAUTHORIZED" in str(error)


def test_a_disabled_key_is_told() -> None:
    with open_bank() as place:
        place.server.key_enabled = False
        error = failure(place)
    assert isinstance(error, SettingError)
    assert "HTTP 412" in str(error)


def test_a_certificate_that_is_asked_for_is_told_as_a_matter_of_the_key() -> None:
    with open_bank() as place:
        place.server.faults.then(RIGHT, refused(403, "CERTIFICATE_INVALID"))
        assert isinstance(failure(place), SettingError)


def test_a_consent_that_ended_while_its_token_lives_is_told_with_the_command_to_run() -> None:
    with open_bank() as place:
        place.provider.extract(Days(DAY, DAY))
        place.server.identity.families[0].revoked = True
        error = failure(place)
    assert isinstance(error, SettingError)
    assert "SCA_REQUIRED" in str(error)
    assert "flows.authorise_ceska_sporitelna" in error.next_step


def test_an_exhausted_quota_is_tried_again_after_the_full_hour() -> None:
    with open_bank(now=NOON + dt.timedelta(minutes=40)) as place:
        place.server.quota = 1
        error = failure(place)
        assert isinstance(error, Unavailable)
        assert error.retry_after == 20 * 60
        place.clock.forward(minutes=20)
        place.server.quota = 10
        assert len(place.delivery(DAY).payments) == 0


def test_the_pause_that_the_bank_asks_for_itself_goes_first() -> None:
    with open_bank() as place:
        place.server.faults.then(RIGHT, wrong.THROTTLED)
        error = failure(place)
    assert isinstance(error, Unavailable)
    assert error.retry_after == 1


BROKEN = [
    wrong.SERVER_ERROR,
    wrong.UNAVAILABLE,
    wrong.REFUSED,
    wrong.LOST,
    wrong.BROKEN_OFF,
    wrong.TRUNCATED,
    wrong.GARBAGE,
    refused(500, "INTERNAL_SERVER_ERROR"),
    Fault(status=404, body=b"<html>gateway</html>", content_type="text/html"),
    Fault(status=200, body=b"[]", content_type="application/json"),
    Fault(status=200, body=b'{"pageCount": NaN}', content_type="application/json"),
]


@pytest.mark.parametrize("healthy", [0, 1, 2], ids=["token", "accounts", "transactions"])
def test_whatever_breaks_on_the_way_is_tried_again_later_and_never_read_as_nothing(healthy: int) -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        for fault in BROKEN:
            place.provider = place.again()
            place.server.faults.then(*[RIGHT] * healthy, fault)
            assert isinstance(failure(place), Unavailable), fault
            assert len(place.delivery(DAY).payments) == 1


def test_a_slow_bank_is_waited_for() -> None:
    with open_bank(booked(1, DAY, 100)) as place:
        place.server.faults.then(RIGHT, RIGHT, Fault(seconds=0.3))
        assert len(place.delivery(DAY).payments) == 1


@pytest.mark.parametrize(("status", "code"), [(400, "PARAMETER_INVALID"), (405, "METHOD_NOT_ALLOWED")])
def test_a_fault_of_ours_is_refused_with_the_banks_code(status: int, code: str) -> None:
    with open_bank() as place:
        place.server.faults.then(RIGHT, refused(status, code))
        error = failure(place)
    assert isinstance(error, Refused)
    assert error.code == code


def test_a_code_is_found_in_an_error_that_is_not_valid_json() -> None:
    body = '{"errors": [{"error": "KEY_UNAUTHORIZED" "scope": "WEB-API-key"}]}'
    with open_bank() as place:
        place.server.faults.then(RIGHT, refused(403, body=body))
        assert "KEY_UNAUTHORIZED" in str(failure(place))


def test_the_bank_is_not_spoken_to_when_its_certificate_is_not_trusted(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    with open_bank() as place, served(place.server.app(), certificate=certificate, key=key) as address:
        changes = {"api_address": address + ACCOUNTS, "identity_address": address + LOGIN}
        place.provider = place.again(place.account.model_copy(update=changes))
        error = failure(place)
        assert isinstance(error, Unavailable)
        assert place.server.calls == []


def test_no_secret_is_in_any_error() -> None:
    with open_bank() as place:
        secrets = place.server.identity.secrets() | {place.server.api_key}
        for fault in (wrong.SERVER_ERROR, refused(401), refused(403, "KEY_UNAUTHORIZED"), wrong.REFUSED):
            place.provider = place.again()
            place.server.faults.then(RIGHT, fault)
            shown = f"{failure(place)!r} {place.provider!r} {place.account!r}"
            assert not [secret for secret in secrets | place.server.identity.secrets() if secret in shown]


@pytest.mark.parametrize(
    "body", [b"", b"null", b'{"a": 1e99999999999999999999}', b"[" * 100_000, b"\xff", b"{" * 9]
)
def test_an_answer_that_is_not_an_object_is_passing(body: bytes) -> None:
    with pytest.raises(Unavailable):
        json_object(Answer(200, httpx.Headers(), body))
