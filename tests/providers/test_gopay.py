"""GoPay over a real socket: tokens, statements, and every way in which an answer can go wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

import sandbox.faults as faults
from blocks.gopay import GoPayAccount
from sandbox.faults import Fault
from sandbox.gopay import Entry, GoPayServer, block_for, stand
from sandbox.serving import served
from sandbox.world import Money, World
from tasks.days import PRAGUE, Days
from tasks.errors import BadRecord, PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.provider import ByPeriod
from tasks.providers.gopay import GoPay
from tasks.providers.gopay.payment import standing
from tests.providers.doors import Door, open_door
from tests.providers.memories import Remembered

MARCH = Days(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
PAID = {
    "id": 3412345678,
    "order_number": "2026000145",
    "state": "PARTIALLY_REFUNDED",
    "payment_instrument": "PAYMENT_CARD",
    "amount": 125000,
    "currency": "CZK",
    "payer": {"contact": {"email": "petra.hruba@example.cz"}},
    "target": {"type": "ACCOUNT", "goid": 8123456789},
}
REFUNDS = [
    {"id": 3500000001, "state": "SUCCESS", "amount": 25000, "currency": "CZK", "date_requested": "2026-03-04"},
    {"id": 3500000002, "state": "FAILED", "amount": 100000, "currency": "CZK", "date_requested": "2026-03-05"},
    {"id": 3500000003, "state": "REQUESTED", "amount": 5000, "currency": "CZK", "date_requested": "2026-03-06"},
]
OTHERS_SYMBOL = "2026000146"


def at(day: int, hour: int = 8) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, tzinfo=PRAGUE)


def entries() -> list[Entry]:
    """Orders of every spelling, a refund, a payout under another invoice's symbol, and rows that never count."""
    return [
        Entry(1, at(2), "GOPAY-platba", "2026000145", 125000),
        Entry(2, at(3), "GOPAY-platba", "0000000147", 39050, counterparty='Černý; "Brno"'),
        Entry(3, at(3, 9), "GOPAY-platba", 'WEB;"148"', 100),
        Entry(4, at(3, 10), "GOPAY-platba", "x" * 128, 200),
        Entry(5, at(4), "GOPAY-storno-platby", "2026000145", -125000, takes_back=1),
        Entry(6, at(5), "GOPAY-vyuctovani", OTHERS_SYMBOL, -9000),
        Entry(7, at(5), "GOPAY-popl", OTHERS_SYMBOL, -3140),
        Entry(8, at(6), "BLOKACE POHYBU", "", -10),
        Entry(9, at(6), "GOPAY-nesparovane / chybny VS", "", 10),
        Entry(10, at(7), "GOPAY-bonus", OTHERS_SYMBOL, 10000),
        Entry(11, at(8), "GOPAY-platba", "147", 50, currency="EUR"),
    ]


EXPECTED = {
    "2026000145": (0, 0),
    "0000000147": (39050, 1),
    'WEB;"148"': (100, 1),
    "x" * 128: (200, 1),
    "147": (50, 1),
}


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with open_door() as found:
        yield found


@pytest.fixture
def server() -> GoPayServer:
    return GoPayServer(entries())


@pytest.fixture
def account(server: GoPayServer, door: Door) -> GoPayAccount:
    door.behind = server.app()
    return block_for(server, door.address)


def run(provider: GoPay, memory: Remembered, days: Days = MARCH) -> None:
    for portion in provider.split(days):
        memory.record([provider.normalize(raw) for raw in provider.extract(portion)])


def test_a_period_comes_with_its_money_and_nothing_else(server: GoPayServer, account: GoPayAccount) -> None:
    memory = Remembered()
    provider = GoPay(account, memory)
    run(provider, memory)
    assert memory.marks() == EXPECTED
    assert memory.covered == set(MARCH)
    run(provider, memory)
    assert memory.marks() == EXPECTED
    assert len(memory.history) == 11
    assert isinstance(provider, ByPeriod)
    assert provider.source == "gopay:8123456789"


def test_the_statement_is_asked_for_as_gopay_wants_it(server: GoPayServer, account: GoPayAccount) -> None:
    GoPay(account, Remembered()).extract(MARCH)
    asked = [request for path, request in server.log if path == "statement"]
    assert asked[0] == {
        "date_from": "2026-03-01",
        "date_to": "2026-03-31",
        "goid": 8123456789,
        "currency": "CZK",
        "format": "CSV_B",
    }
    assert [request["currency"] for request in asked] == ["CZK", "EUR"]


def test_abo_is_the_fallback_that_the_block_can_choose(server: GoPayServer, account: GoPayAccount) -> None:
    memory = Remembered()
    run(GoPay(account.model_copy(update={"statement": "ABO_A"}), memory), memory)
    assert memory.marks()["147"] == (39100, 2)
    assert memory.covered == set(MARCH)


def test_long_periods_are_asked_in_months(account: GoPayAccount) -> None:
    portions = GoPay(account, Remembered()).split(Days(dt.date(2026, 1, 1), dt.date(2026, 3, 31)))
    assert [len(portion) for portion in portions] == [31, 31, 28]
    assert GoPay(account, Remembered()).reach is None


def test_one_token_serves_many_calls(server: GoPayServer, account: GoPayAccount) -> None:
    server.tokens_left = 1
    provider = GoPay(account, Remembered())
    provider.extract(MARCH)
    provider.extract(MARCH)
    assert [path for path, _ in server.log].count("token") == 1


def test_a_token_about_to_end_is_renewed_before_it_is_used(server: GoPayServer, account: GoPayAccount) -> None:
    server.token_seconds = 60
    GoPay(account, Remembered()).extract(MARCH)
    assert [path for path, _ in server.log].count("token") == 2


def test_a_token_that_is_no_longer_known_is_renewed_once(server: GoPayServer, account: GoPayAccount) -> None:
    provider = GoPay(account, Remembered())
    provider.extract(MARCH)
    server.forget_tokens()
    provider.extract(MARCH)
    server.faults.always = Fault(status=401)
    with pytest.raises(SettingError, match="GoID and credentials"):
        provider.extract(MARCH)


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_need_a_person_and_are_not_shown(
    server: GoPayServer, account: GoPayAccount, status: int
) -> None:
    server.wrong_secret_status = status
    wrong = account.model_copy(update={"client_secret": SecretStr("not-the-secret")})
    with pytest.raises(SettingError, match="AUTH_WRONG_CREDENTIALS") as caught:
        GoPay(wrong, Remembered()).extract(MARCH)
    assert "not-the-secret" not in str(caught.value)


def test_a_token_without_the_right_to_statements_needs_a_person(
    server: GoPayServer, account: GoPayAccount
) -> None:
    server.granted = "payment-create"
    with pytest.raises(SettingError, match="may not"):
        GoPay(account, Remembered()).extract(MARCH)


def test_a_throttled_token_says_how_long_to_wait(server: GoPayServer, account: GoPayAccount) -> None:
    server.tokens_left = 0
    with pytest.raises(Unavailable) as caught:
        GoPay(account, Remembered()).extract(MARCH)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "answer",
    [
        Fault(status=200, body=b"<html>login</html>"),
        Fault(status=200, body=b"[]"),
        Fault(status=200, body=b'{"token_type":"bearer"}'),
        Fault(status=200, body=b""),
        faults.SERVER_ERROR,
        faults.LOST,
    ],
)
def test_an_answer_that_is_no_token_is_passing(server: GoPayServer, account: GoPayAccount, answer: Fault) -> None:
    server.token_faults.then(answer)
    with pytest.raises(Unavailable):
        GoPay(account, Remembered()).extract(MARCH)


def errors(*listed: dict[str, object]) -> bytes:
    return json.dumps({"errors": list(listed)}).encode()


FORMAT = errors(
    {"scope": "F", "field": "format", "error_code": 111, "error_name": "INVALID", "message": "Wrong."}
)
NO_SHOP = errors(
    {"scope": "G", "error_code": 111, "error_name": "INVALID", "description": "goId=1 was not found"}
)
DATE = errors({"scope": "F", "field": "date_from", "error_code": 110, "error_name": "INVALID"})
DENIED = errors({"scope": "G", "error_code": 203, "error_name": "AUTH_ACCESS_DENIED"})
VERSION_4 = b'{"code":404,"error":"NOT_FOUND","message":"x","detail":"","path":"/","timestamp":""}'


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=400, body=FORMAT), SettingError, "format"),
        (Fault(status=400, body=NO_SHOP), SettingError, "was not found"),
        (Fault(status=409, body=DATE), Refused, "date_from"),
        (Fault(status=403, body=DENIED), SettingError, "support"),
        (Fault(status=200, body=DENIED), SettingError, "AUTH"),
        (Fault(status=200, body=DATE), Refused, "INVALID"),
        (Fault(status=200, body=b"{}"), Unavailable, "something else"),
        (Fault(status=200, body=b"\xef\xbb\xbf{cut"), Unavailable, "something else"),
        (Fault(status=200), Unavailable, "empty file"),
        (Fault(status=200, body=b" <html>"), Unavailable, "web page"),
        (Fault(status=404, body=VERSION_4), SettingError, "v3 address"),
        (Fault(status=418, body=b"tea"), Unavailable, "418"),
        (Fault(status=302, headers=(("location", "http://127.0.0.1:1/"),)), SettingError, "another address"),
        (faults.THROTTLED, Unavailable, "429"),
        (Fault(status=500, body=b'{"errors":[{"error_code":100}]}'), Unavailable, "100"),
        (Fault(status=502, body=b"<html>Bad Gateway</html>"), Unavailable, "502"),
        (faults.UNAVAILABLE, Unavailable, "503"),
        (Fault(status=504), Unavailable, "504"),
        (faults.REFUSED, Unavailable, "GoPay"),
        (faults.LOST, Unavailable, "GoPay"),
        (faults.BROKEN_OFF, Unavailable, "broke off"),
        (Fault(status=200, body=b"no gzip", headers=(("content-encoding", "gzip"),)), Unavailable, "broke off"),
    ],
)
def test_each_answer_that_is_no_statement_says_what_to_do(
    server: GoPayServer, account: GoPayAccount, fault: Fault, error: type[PohodaPaymentsError], words: str
) -> None:
    memory = Remembered()
    provider = GoPay(account, memory)
    server.faults.then(fault)
    with pytest.raises(error, match=words):
        run(provider, memory)
    assert memory.covered == set()
    run(provider, memory)
    assert memory.marks() == EXPECTED


CUT = [faults.TRUNCATED, faults.GARBAGE, Fault(rewrite=lambda body: body.replace(b";", b","))]


@pytest.mark.parametrize("fault", [faults.SERVER_ERROR, faults.LOST, faults.BROKEN_OFF, Fault(status=200), *CUT])
def test_after_any_failure_at_any_call_the_next_run_is_right_and_no_mark_was_wrong(
    server: GoPayServer, account: GoPayAccount, fault: Fault
) -> None:
    days = Days(dt.date(2026, 2, 1), dt.date(2026, 3, 31))
    for position in range(4):
        memory = Remembered()
        server.faults.then(*[faults.RIGHT] * position, fault)
        with contextlib.suppress(Unavailable):
            run(GoPay(account, memory), memory, days)
        for order, (amount, count) in memory.marks().items():
            paid = sum(e.amount for e in entries() if e.order == order and e.amount > 0)
            assert 0 <= amount <= paid
            assert count <= 1
        assert memory.covered < set(days)
        run(GoPay(account, memory), memory, days)
        assert memory.marks() == EXPECTED
        assert memory.covered == set(days)


def test_a_statement_without_measure_is_not_read_into_memory(
    account: GoPayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.providers.gopay.client.LARGEST", 100)
    with pytest.raises(SettingError, match="shorter period"):
        GoPay(account, Remembered()).extract(MARCH)


def test_a_slow_statement_is_waited_for(server: GoPayServer, account: GoPayAccount) -> None:
    server.faults.then(Fault(seconds=0.05))
    assert GoPay(account, Remembered()).extract(MARCH)[0].files[0][1].startswith(b"ID pohybu")


@pytest.mark.parametrize("content_type", ["text/csv", "application/vnd.ms-excel", "application/json"])
def test_the_content_type_of_a_statement_does_not_matter(
    server: GoPayServer, account: GoPayAccount, content_type: str
) -> None:
    server.content_type = content_type
    memory = Remembered()
    run(GoPay(account, memory), memory)
    assert memory.marks() == EXPECTED


def test_a_movement_that_comes_late_is_found_by_the_next_run(server: GoPayServer, account: GoPayAccount) -> None:
    late = dataclasses.replace(Entry(12, at(9), "GOPAY-platba", "149", 700), appears_on=dt.date(2026, 3, 10))
    server.entries.append(late)
    memory = Remembered()
    provider = GoPay(account, memory)
    server.today = dt.date(2026, 3, 9)
    run(provider, memory)
    assert "149" not in memory.marks()
    server.today = dt.date(2026, 3, 10)
    run(provider, memory, Days(server.today - dt.timedelta(days=provider.overlap), server.today))
    assert memory.marks()["149"] == (700, 1)


def test_a_refund_in_a_later_slice_takes_the_mark_back_with_both_steps_in_history(
    server: GoPayServer, account: GoPayAccount
) -> None:
    memory = Remembered()
    provider = GoPay(account, memory)
    run(provider, memory, Days(dt.date(2026, 3, 1), dt.date(2026, 3, 3)))
    assert memory.marks()["2026000145"] == (125000, 1)
    run(provider, memory, Days(dt.date(2026, 3, 4), dt.date(2026, 3, 31)))
    assert memory.marks()["2026000145"] == (0, 0)
    assert {("1", 125000), ("5", -125000)} <= set(memory.history)


def test_two_partial_refunds_leave_the_rest(server: GoPayServer, account: GoPayAccount) -> None:
    server.entries = [
        Entry(1, at(2), "GOPAY-platba", "150", 1000),
        Entry(2, at(3), "GOPAY-storno-platby", "150", -300, takes_back=1),
        Entry(3, at(9), "GOPAY-storno-platby", "150", -200, takes_back=1),
    ]
    memory = Remembered()
    run(GoPay(account, memory), memory)
    assert memory.marks() == {"150": (500, 1)}


@pytest.mark.parametrize("form", ["XLS_A", "CSV_A", "PDF_A"])
def test_a_form_that_is_not_read_is_never_an_empty_statement(
    server: GoPayServer, account: GoPayAccount, form: str
) -> None:
    found = GoPay(account, Remembered())
    raw = found.extract(MARCH)[0]
    opaque = dataclasses.replace(raw, files=(("CZK", server.file(form, MARCH.first, MARCH.last)),))
    assert (len(found.normalize(opaque).faults), found.normalize(opaque).covered) == (1, ())


@pytest.mark.parametrize(
    ("change", "name"),
    [({"goid": "1"}, "was not found"), ({"currencies": ["PLN"]}, "currency")],
)
def test_what_the_gateway_does_not_know_of_the_block_needs_a_person(
    account: GoPayAccount, change: dict[str, object], name: str
) -> None:
    with pytest.raises(SettingError, match=name):
        GoPay(account.model_copy(update=change), Remembered()).extract(MARCH)


def test_the_probe_proves_access_without_reading_payments(server: GoPayServer, account: GoPayAccount) -> None:
    assert [note.code for note in GoPay(account, Remembered()).probe()] == ["reachable"]
    assert GoPay(account, Remembered()).expiries(dt.date(2026, 3, 1)) == []
    with pytest.raises(SettingError):
        GoPay(account.model_copy(update={"goid": "1"}), Remembered()).probe()


def test_an_address_of_version_4_is_named(server: GoPayServer, account: GoPayAccount) -> None:
    elsewhere = account.model_copy(update={"address": account.address.replace("/api", "/v4")})
    with pytest.raises(SettingError, match="v3 address"):
        GoPay(elsewhere, Remembered()).probe()


def test_one_payment_is_worth_what_succeeded_refunds_leave(server: GoPayServer, account: GoPayAccount) -> None:
    server.payments[3412345678] = PAID
    server.refunds[3412345678] = [dict(refund) for refund in REFUNDS]
    found = GoPay(account, Remembered()).standing(3412345678)
    assert found is not None
    assert (found.order, found.net, found.refunds_pending) == ("2026000145", 100000, 1)


@pytest.mark.parametrize(("decision", "net"), [("SUCCESS", 95000), ("FAILED", 100000)])
def test_a_refund_counts_once_it_is_decided(
    server: GoPayServer, account: GoPayAccount, decision: str, net: int
) -> None:
    asked = 0

    def decide(gateway: GoPayServer) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            gateway.refunds[1][-1]["state"] = decision

    server.payments[1] = PAID
    server.refunds[1] = [dict(refund) for refund in REFUNDS]
    server.settle = decide
    provider = GoPay(account, Remembered())
    before, after = provider.standing(1), provider.standing(1)
    assert before is not None
    assert after is not None
    assert (before.net, after.net, after.refunds_pending) == (100000, net, 0)


def test_an_archived_payment_is_not_known_rather_than_unpaid(server: GoPayServer, account: GoPayAccount) -> None:
    server.payments[1] = PAID
    server.archived.add(1)
    assert GoPay(account, Remembered()).standing(1) is None
    server.faults.then(Fault(status=404, body=VERSION_4))
    with pytest.raises(SettingError):
        GoPay(account, Remembered()).standing(1)


@pytest.mark.parametrize(
    ("change", "net"),
    [({"state": "REFUNDED"}, 0), ({"state": "AUTHORIZED"}, 0), ({"state": "PAID"}, 100000)],
)
def test_the_state_of_a_payment_decides_whether_it_is_money(change: dict[str, object], net: int) -> None:
    assert standing(PAID | change, REFUNDS).net == net


@pytest.mark.parametrize(
    "change", [{"state": "NEW_STATE"}, {"amount": 12.5}, {"amount": True}, {"currency": "EUR"}]
)
def test_a_payment_that_is_not_understood_is_never_unpaid(change: dict[str, object]) -> None:
    with pytest.raises(BadRecord):
        standing(PAID | change, REFUNDS)


def test_a_malformed_request_is_refused_by_the_sandbox_as_by_gopay(
    server: GoPayServer, account: GoPayAccount
) -> None:
    base = account.address
    basic = (account.client_id, account.client_secret.get_secret_value())
    assert httpx.post(f"{base}/oauth2/token", json={}, auth=basic).status_code == 400
    assert httpx.post(f"{base}/oauth2/token", data={"grant_type": "password"}, auth=basic).status_code == 400
    assert httpx.get(f"{base}/payments/payment/1").status_code == 401
    assert httpx.get(f"{base}/payments/payment/1/refunds").status_code == 401
    assert httpx.get(f"{base}/eshops/eshop/1/payment-instruments").status_code == 401
    form = {"grant_type": "client_credentials", "scope": "payment-all"}
    token = httpx.post(f"{base}/oauth2/token", data=form, auth=basic).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    whole = {
        "date_from": "2026-03-01",
        "date_to": "2026-03-31",
        "goid": server.goid,
        "currency": "CZK",
        "format": "?",
    }
    for request in ({}, whole, whole | {"date_to": "2026-02-01"}, whole | {"date_from": "soon"}):
        assert httpx.post(f"{base}/accounts/account-statement", json=request, headers=headers).status_code == 400


def test_the_sandbox_tells_the_worlds_money(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 2)
    money = (
        Money("gopay", 1, day, 125000, reference="2026000145", kind="card"),
        Money("gopay", 2, day, -25000, reference="2026000145", kind="refund", takes_back=1),
        Money("gopay", 3, day, -90000, variable_symbol=OTHERS_SYMBOL, kind="settlement", account="19-123/0800"),
        Money("gopay", 4, day, 5000, reference="7", currency="EUR", kind="card"),
        Money("fio", 5, day, 1),
    )
    with stand(World(1, day, (), money), tmp_path) as place:
        assert isinstance(place.block, GoPayAccount)
        memory = Remembered()
        run(GoPay(place.block, memory), memory)
    assert memory.marks() == {"2026000145": (100000, 1), "7": (5000, 1)}


def test_nothing_listens_at_the_address() -> None:
    with served(GoPayServer().app()) as address:
        gone = address
    block = GoPayAccount(goid="1", client_id="c", client_secret=SecretStr("s3cret-value"), address=f"{gone}/api")
    with pytest.raises(Unavailable):
        GoPay(block, Remembered()).extract(MARCH)
