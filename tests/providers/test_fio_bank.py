"""Fio's provider against the bank of the sandbox, on a real socket."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from blocks.fio import FioAccount
from sandbox.faults import BROKEN_OFF, GARBAGE, REFUSED, SERVER_ERROR, TRUNCATED, UNAVAILABLE, Fault
from sandbox.fio import OUTAGE, TOKEN, FioServer
from sandbox.fio_statement import IBAN, Account, Row
from sandbox.serving import served
from tasks.days import ONE_DAY, Days
from tasks.errors import Refused, SettingError, Unavailable
from tasks.http import USER_AGENT
from tasks.provider import ByPeriod, Delivery
from tasks.providers.fio import Fio, calls
from tasks.secrets import fingerprint
from tests.providers.memories import Remembered

TODAY = dt.date(2025, 11, 20)
OTHER_TOKEN = "OtherAccount" + "1" * 52


def day(back: int) -> dt.date:
    return TODAY - back * ONE_DAY


def received(number: int, back: int, amount: int = 10000, **columns: Any) -> Row:
    named = {int(name[1:]): value for name, value in columns.items()}
    return Row(number, day(back), amount, {5: str(number), 8: "Bezhotovostní příjem", 17: number + 1000, **named})


class Door:
    """One socket for all banks of these tests, each of which comes in turn."""

    bank: FioServer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.bank.app()(scope, receive, send)


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[Door, str]]:
    door = Door()
    with served(door) as address:
        yield door, address


@pytest.fixture
def server(door: tuple[Door, str]) -> FioServer:
    bank = FioServer(interval=0)
    bank.set_clock(dt.datetime(2025, 11, 20, 12, tzinfo=dt.UTC))
    bank.open(Account(rows=[received(n, back=n) for n in range(100)]))
    door[0].bank = bank
    return bank


@pytest.fixture
def account(server: FioServer, door: tuple[Door, str]) -> FioAccount:
    address = f"{door[1]}/v1/rest"
    return FioAccount(token=SecretStr(TOKEN), iban=IBAN, address=address, seconds_between_calls=0)


@pytest.fixture
def memory() -> Remembered:
    return Remembered()


@pytest.fixture
def fio(account: FioAccount, memory: Remembered) -> Fio:
    return Fio(account, memory)


def delivered(fio: Fio, first: int, last: int = 0) -> list[Delivery]:
    """What comes for the days from `first` to `last` days back."""
    return [fio.normalize(raw) for raw in fio.extract(Days(day(first), day(last)))]


def ids(deliveries: list[Delivery]) -> list[str]:
    return [one for delivery in deliveries for one in delivery.payments["payment_id"]]


def paths(server: FioServer) -> list[str]:
    return [call.path.removeprefix("/v1/rest/periods/********/") for call in server.log]


# What is asked


def test_fio_is_a_provider_asked_by_period(fio: Fio) -> None:
    assert isinstance(fio, ByPeriod)
    assert (fio.source, fio.reach, fio.overlap) == ("fio:CZ3820100000002900555000", 90, 7)


def test_just_the_days_asked_for_are_delivered(fio: Fio) -> None:
    (delivery,) = delivered(fio, 3, 1)
    assert ids([delivery]) == ["3", "2", "1"]
    assert delivery.covered == (day(3), day(2), day(1))
    assert delivery.notes == ()


def test_only_the_harmless_call_for_a_period_is_made(fio: Fio, server: FioServer) -> None:
    delivered(fio, 3)
    (call,) = server.log
    assert call.path == "/v1/rest/periods/********/2025-10-18/2025-11-20/transactions.json"
    assert call.user_agent == USER_AGENT
    assert server.imports == 0


def test_every_call_waits_for_the_tokens_turn(fio: Fio, memory: Remembered, account: FioAccount) -> None:
    delivered(fio, 3)
    assert memory.turns == [(f"fio {fingerprint(account.token)}", account.seconds_between_calls)]


def test_as_many_days_as_the_bank_gives_are_one_call(fio: Fio) -> None:
    assert fio.split(Days(day(90), TODAY)) == [Days(day(90), TODAY)]
    assert [len(part) for part in fio.split(Days(day(200), TODAY))] == [91, 91, 19]


def test_an_odd_answer_is_read_all_the_same(fio: Fio, server: FioServer) -> None:
    usual = delivered(fio, 3)
    server.shape = "odd"
    odd = delivered(fio, 3)
    shown = usual[0].payments.drop(columns="raw")
    pd.testing.assert_frame_equal(odd[0].payments.drop(columns="raw"), shown)


def test_an_empty_period_in_its_older_spelling_is_complete(fio: Fio, server: FioServer) -> None:
    server.accesses[TOKEN].account.rows.clear()
    server.shape = "old"
    (delivery,) = delivered(fio, 3)
    assert (len(delivery.payments), len(delivery.covered)) == (0, 4)


def test_a_single_movement_without_its_list_is_read(fio: Fio, server: FioServer) -> None:
    def without_list(body: bytes) -> bytes:
        content = json.loads(body)
        listed = content["accountStatement"]["transactionList"]
        listed["transaction"] = listed["transaction"][0]
        return json.dumps(content).encode()

    server.accesses[TOKEN].account.rows[1:] = []
    server.faults.then(Fault(rewrite=without_list))
    assert ids(delivered(fio, 0)) == ["0"]


# Late bookings and reversals


def test_a_late_booking_comes_once_with_the_next_overlapping_run(
    fio: Fio, server: FioServer, memory: Remembered
) -> None:
    memory.record(delivered(fio, 5))
    server.accesses[TOKEN].account.rows.append(received(500, back=2))
    memory.record(delivered(fio, 5))
    memory.record(delivered(fio, 5))
    assert [one for one, _ in memory.history].count("500") == 1


def test_a_reversal_knows_its_payment_from_before_the_days_asked_for(fio: Fio, server: FioServer) -> None:
    server.accesses[TOKEN].account.rows = [received(1, 29, c17=7), received(2, 0, -10000, c17=7)]
    (delivery,) = delivered(fio, 0)
    assert delivery.payments[["payment_id", "kind", "reverses"]].to_numpy().tolist() == [["2", "reversal", "1"]]


REVERSALS = [
    row
    for n in range(0, 60, 3)
    for row in (received(n, 60 - n, c17=n), received(1000 + n, 60 - n - n % 31, -10000, c17=n))
    if row.day <= TODAY
]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 60), max_size=4), st.randoms())
def test_any_grouping_of_the_days_gives_the_same_payments(
    fio: Fio, server: FioServer, cuts: list[int], order: Any
) -> None:
    server.accesses[TOKEN].account.rows = REVERSALS
    ends = sorted({*cuts, 61}, reverse=True)
    groups = [(first - 1, last) for first, last in zip(ends, [*ends[1:], 0], strict=True) if first > last]
    order.shuffle(groups)
    memory = Remembered()
    for first, last in groups:
        memory.record(delivered(fio, first, last))
    whole = Remembered()
    whole.record(delivered(fio, 60))
    assert memory.payments == whole.payments


# The bank's limits


def test_too_many_movements_are_asked_for_in_halves(fio: Fio, server: FioServer) -> None:
    server.most_rows = 20
    (delivery,) = delivered(fio, 9)
    assert len(ids([delivery])) == 10
    assert delivery.covered == tuple(Days(day(9), TODAY))
    assert paths(server) == [
        "2025-10-12/2025-11-20/transactions.json",
        "2025-10-12/2025-10-31/transactions.json",
        "2025-11-01/2025-11-20/transactions.json",
    ]


def test_just_as_many_movements_as_allowed_are_one_answer(fio: Fio, server: FioServer) -> None:
    server.most_rows = 40
    delivered(fio, 9)
    assert len(server.log) == 1


def test_a_day_with_too_many_movements_is_refused_by_name(fio: Fio, server: FioServer) -> None:
    server.accesses[TOKEN].account.rows = [received(n, back=0) for n in range(3)]
    server.most_rows = 2
    with pytest.raises(Refused, match="HTTP 413 for 2025-11-20"):
        delivered(fio, 0)


def test_days_behind_the_lock_are_named_and_the_others_delivered(fio: Fio) -> None:
    locked, rest = delivered(fio, 95, 80)
    assert (locked.covered, ids([locked])) == ((), [])
    (note,) = locked.notes
    assert (note.code, note.urgent) == ("days_out_of_reach", True)
    assert "17. 8. 2025 až 21. 8. 2025" in note.text
    assert "zámek" in note.text
    assert rest.covered == tuple(Days(day(90), day(80)))
    assert len(ids([rest])) == 11


def test_one_locked_day_is_named_alone(fio: Fio) -> None:
    locked, _ = delivered(fio, 91, 80)
    assert "za 21. 8. 2025. V internetovém" in locked.notes[0].text


def test_the_lock_costs_nothing_when_it_only_hides_what_reversals_would_need(fio: Fio) -> None:
    (delivery,) = delivered(fio, 90, 85)
    assert delivery.notes == ()
    assert delivery.covered == tuple(Days(day(90), day(85)))


def test_days_that_are_all_locked_are_one_note(fio: Fio, server: FioServer) -> None:
    (delivery,) = delivered(fio, 99, 95)
    assert [note.code for note in delivery.notes] == ["days_out_of_reach"]
    assert len(server.log) == 1


def test_unlocked_days_are_delivered_for_ten_minutes(fio: Fio, server: FioServer) -> None:
    server.unlock()
    assert len(ids(delivered(fio, 99, 95))) == 5
    server.ahead += dt.timedelta(minutes=11)
    assert ids(delivered(fio, 99, 95)) == []


@pytest.mark.parametrize("answer", ["undated", "empty"])
def test_a_lock_without_a_date_is_taken_to_be_ninety_days_back(
    fio: Fio, server: FioServer, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.providers.fio.prague_day", lambda _now: TODAY)
    server.locked_answer = answer
    locked, rest = delivered(fio, 95, 80)
    assert [note.code for note in locked.notes] == ["days_out_of_reach"]
    assert len(rest.covered) == 11


@pytest.mark.parametrize("said", ["(od 99.99.2025)", "(od 01.11.2025)"])
def test_a_lock_that_does_not_keep_to_its_own_date_leaves_nothing_covered(
    fio: Fio, server: FioServer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.providers.fio.prague_day", lambda _now: TODAY)
    locked = Fault(status=422, body=f"Data není možné poskytnout {said}".encode())
    server.faults.then(locked, locked)
    (delivery,) = delivered(fio, 1)
    assert delivery.covered == ()
    assert [note.code for note in delivery.notes] == ["days_out_of_reach"]


# Refusals and outages


def test_two_calls_too_close_are_told_as_passing(fio: Fio, server: FioServer) -> None:
    server.interval = 30
    delivered(fio, 1)
    with pytest.raises(Unavailable, match="no other program uses this token") as caught:
        delivered(fio, 1)
    assert caught.value.retry_after == 0


@pytest.mark.parametrize("how", ["unknown", "expired", "too young"])
def test_a_token_that_never_worked_is_asked_twice_and_then_needs_a_person(
    fio: Fio, server: FioServer, memory: Remembered, how: str
) -> None:
    access = server.accesses.pop(TOKEN)
    if how != "unknown":
        server.accesses[TOKEN] = access
        access.expires_at = server.now() if how == "expired" else None
        access.made_at = server.now() - dt.timedelta(minutes=4)
    with pytest.raises(SettingError, match="does not know the token"):
        delivered(fio, 1)
    assert len(server.log) == len(memory.turns) == 2


def test_an_outage_told_as_500_is_survived_by_the_second_call(fio: Fio, server: FioServer) -> None:
    server.faults.then(SERVER_ERROR)
    assert ids(delivered(fio, 0)) == ["0"]


def test_a_token_that_has_worked_is_not_blamed_at_once(fio: Fio, server: FioServer, memory: Remembered) -> None:
    memory.record(delivered(fio, 1))
    server.faults.then(SERVER_ERROR)
    with pytest.raises(Unavailable, match="or the token has expired"):
        delivered(fio, 1)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OUTAGE, "errorCode 15"),
        (UNAVAILABLE, "HTTP 503"),
        (Fault(status=525), "HTTP 525"),
        (Fault(status=200, body=b"<html>maintenance", content_type="text/html"), "HTTP 200, text/html"),
        (Fault(status=200), "0 bytes"),
        (Fault(status=200, body=b"\xff\xfe", content_type="application/json"), "not a whole statement"),
        (Fault(status=200, body=b"[]"), "not a whole statement"),
        (Fault(status=200, body=b'{"accountStatement": {"info": {}}}'), "not a whole statement"),
        (
            Fault(rewrite=lambda body: body.replace(b'"transaction": [', b'"transaction": 5, "x": [')),
            "not a whole",
        ),
        (Fault(rewrite=lambda body: body.replace(b": 100.0", b": NaN")), "not a whole"),
        (GARBAGE, "not a whole statement"),
        (TRUNCATED, "not a whole statement"),
        (BROKEN_OFF, "broke off"),
        (REFUSED, "broke off"),
    ],
)
def test_an_answer_that_is_no_statement_is_never_taken_for_no_payments(
    fio: Fio, server: FioServer, fault: Fault, said: str
) -> None:
    server.faults.then(fault)
    with pytest.raises(Unavailable, match=said):
        delivered(fio, 1)


def test_a_bank_that_stalls_in_the_middle_of_an_answer_is_given_up(
    account: FioAccount, server: FioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READ_SECONDS", 0.2)
    server.trickle = 2
    with pytest.raises(Unavailable, match="did not answer in time"):
        delivered(Fio(account, Remembered()), 1)


def test_a_slow_bank_is_waited_for(fio: Fio, server: FioServer) -> None:
    server.trickle = 0.02
    assert len(ids(delivered(fio, 3))) == 4


@pytest.mark.parametrize(("status", "error"), [(404, SettingError), (403, Refused)])
def test_other_refusals_are_not_tried_again(
    fio: Fio, server: FioServer, status: int, error: type[Exception]
) -> None:
    server.faults.then(Fault(status=status))
    with pytest.raises(error, match=f"HTTP {status}"):
        delivered(fio, 1)
    assert len(server.log) == 1


def test_the_token_is_carried_to_no_other_address(fio: Fio, server: FioServer) -> None:
    elsewhere = FioServer()
    with served(elsewhere.app()) as address:
        server.faults.then(Fault(status=301, headers=(("location", f"{address}/{TOKEN}/"),)))
        with pytest.raises(SettingError, match="another address") as caught:
            delivered(fio, 1)
    assert elsewhere.log == []
    assert TOKEN not in str(caught.value)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    server: FioServer, account: FioAccount, tmp_path: Any
) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    with served(server.app(), certificate=certificate, key=key) as address:
        block = account.model_copy(update={"address": f"{address}/v1/rest", "tls_1_2_only": True})
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            delivered(Fio(block, Remembered()), 1)
    assert server.log == []


# Whose account it is, and whether it is whole


def test_the_token_of_another_account_stops_everything(account: FioAccount, server: FioServer) -> None:
    server.open(Account(iban="CZ4520100000002300777005", currency="EUR"), OTHER_TOKEN)
    wrong = account.model_copy(update={"token": SecretStr(OTHER_TOKEN)})
    with pytest.raises(SettingError, match="opens another account") as caught:
        delivered(Fio(wrong, Remembered()), 1)
    assert "CZ4520100000002300777005 EUR" in caught.value.evidence


def test_an_account_in_another_currency_than_the_block_says_stops_everything(account: FioAccount) -> None:
    wrong = account.model_copy(update={"currency": "EUR"})
    with pytest.raises(SettingError, match="opens another account"):
        delivered(Fio(wrong, Remembered()), 1)


def shifted(body: bytes) -> bytes:
    content = json.loads(body)
    content["accountStatement"]["info"]["closingBalance"] += 0.01
    return json.dumps(content).encode()


def without_balances(body: bytes) -> bytes:
    content = json.loads(body)
    content["accountStatement"]["info"]["openingBalance"] = None
    return json.dumps(content).encode()


def test_balances_that_do_not_hold_together_are_told(fio: Fio, server: FioServer) -> None:
    server.faults.then(Fault(rewrite=shifted))
    (delivery,) = delivered(fio, 1)
    (note,) = delivery.notes
    assert (note.code, note.urgent) == ("balance_mismatch", True)
    assert "20. 10. 2025 až 20. 11. 2025" in note.text
    assert len(ids([delivery])) == 2


def test_days_among_which_a_movement_is_missing_are_asked_for_again(
    fio: Fio, server: FioServer, memory: Remembered
) -> None:
    # Of two statements, the older one does not add up.
    server.faults.then(Fault(status=413), Fault(rewrite=shifted))
    memory.record(delivered(fio, 40))
    assert memory.covered == set(Days(day(35), TODAY))
    memory.record(delivered(fio, 40))
    assert memory.covered == set(Days(day(40), TODAY))


def test_missing_balances_prove_nothing(fio: Fio, server: FioServer) -> None:
    server.faults.then(Fault(rewrite=without_balances))
    (delivery,) = delivered(fio, 1)
    assert delivery.notes == ()


def test_an_unreadable_movement_is_kept_aside_and_the_others_go_on(fio: Fio, server: FioServer) -> None:
    rows = server.accesses[TOKEN].account.rows
    rows[1] = received(1, back=1, c14="XAU", c16="tajné")
    rows[2] = received(2, back=2, c22=None)
    rows[20] = received(20, back=20, c14="XAU")
    rows[21] = received(21, back=21, c0="včera")
    (delivery,) = delivered(fio, 3)
    assert ids([delivery]) == ["3", "0"]
    named = [(fault.record, fault.cause) for fault in delivery.faults]
    assert named == [
        ("Fio, pohyb 21", "Pohyb nelze přečíst, vadné pole: Datum."),
        ("Fio, výpis 2025-10-18..2025-11-20, pohyb č. 32", "Pohyb nelze přečíst, vadné pole: ID pohybu."),
        ("Fio, pohyb 1", "Pohyb nelze přečíst, vadné pole: Měna."),
    ]
    assert "tajné" in delivery.faults[2].raw
    assert delivery.notes == ()


def unreadable_day(fio: Fio, server: FioServer, **columns: Any) -> tuple[dt.date, ...]:
    """The days complete among the last six, when the movement of the third last is spoiled."""
    server.accesses[TOKEN].account.rows[2] = received(2, back=2, **columns)
    (delivery,) = delivered(fio, 5)
    assert not any(note.urgent for note in delivery.notes)
    return delivery.covered


def test_the_day_of_an_unreadable_movement_is_asked_for_again(fio: Fio, server: FioServer) -> None:
    assert unreadable_day(fio, server, c14="XAU") == (day(5), day(4), day(3), day(1), day(0))


def test_a_movement_without_a_day_may_belong_to_any(fio: Fio, server: FioServer) -> None:
    assert unreadable_day(fio, server, c0=None) == ()


@pytest.mark.parametrize(("back", "complete"), [(77, True), (76, False)])
def test_an_unreadable_movement_no_longer_keeps_its_day_open_when_the_bank_will_soon_stop_giving_it(
    fio: Fio, server: FioServer, back: int, complete: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.providers.fio.prague_day", lambda _now: TODAY)
    server.accesses[TOKEN].account.rows[back] = received(back, back=back, c14="XAU")
    (delivery,) = delivered(fio, back)
    assert len(delivery.faults) == 1
    assert (day(back) in delivery.covered) == complete


def test_half_a_character_and_a_null_in_a_message_stop_nothing(fio: Fio, server: FioServer) -> None:
    server.accesses[TOKEN].account.rows[1] = received(1, back=1, c16="spoilt", c5="1 spoilt")
    server.faults.then(Fault(rewrite=lambda body: body.replace(b"spoilt", b"a\\ud83d\\u0000b")))
    (delivery,) = delivered(fio, 1)
    assert (ids([delivery]), delivery.faults) == (["1", "0"], ())
    assert delivery.payments["message"][0] == "a\ud83d\x00b"


# Secrets


def test_the_token_is_in_no_log_no_error_and_no_raw_record(
    fio: Fio, server: FioServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (raw,) = fio.extract(Days(day(3), TODAY))
    told = [repr(raw), repr(fio), repr(fio.normalize(raw)), str([call.path for call in server.log])]
    faults = (REFUSED, BROKEN_OFF, TRUNCATED, Fault(status=404), Fault(status=409), UNAVAILABLE)
    for fault in faults:
        server.faults.then(fault)
        with pytest.raises((Unavailable, SettingError)) as caught:
            delivered(fio, 3)
        told += [
            str(caught.value),
            repr(caught.value),
            repr(caught.value.__context__),
            repr(caught.value.__cause__),
        ]
    for text in [*told, caplog.text]:
        assert TOKEN not in text


@pytest.mark.parametrize(
    ("left", "told", "urgent"),
    [(31, False, False), (30, True, False), (8, True, False), (7, True, True), (1, True, True), (-1, True, True)],
)
def test_the_end_of_the_token_is_told_in_time(account: FioAccount, left: int, told: bool, urgent: bool) -> None:
    block = account.model_copy(update={"token_valid_until": TODAY + left * ONE_DAY})
    notes = Fio(block, Remembered()).expiries(TODAY)
    assert [(note.code, note.urgent) for note in notes] == [("token_expires", urgent)] * told
    assert all(("skončila" in note.text) == (left < 0) for note in notes)


def test_a_token_without_a_known_end_is_not_told(fio: Fio) -> None:
    assert fio.expiries(TODAY) == []
