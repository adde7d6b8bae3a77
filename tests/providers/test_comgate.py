"""Comgate over a real socket: what is asked, how often, and that no failure anywhere makes a wrong mark."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from blocks.comgate import ComgateShop
from sandbox.comgate import (
    BAD_GATEWAY,
    MAINTENANCE,
    MERCHANT,
    SECRET,
    TOO_LARGE,
    ComgateServer,
    GatewayPayment,
    code,
    shop,
    stand,
)
from sandbox.comgate_payouts import PayoutRow
from sandbox.faults import (
    BROKEN_OFF,
    GARBAGE,
    LOST,
    REFUSED,
    RIGHT,
    SERVER_ERROR,
    THROTTLED,
    TRUNCATED,
    UNAVAILABLE,
    Fault,
)
from sandbox.serving import served
from sandbox.world import Money, Paper, World
from tasks.days import Days
from tasks.errors import SettingError, Unavailable
from tasks.provider import ByDocuments, ByPeriod
from tasks.providers.comgate import Comgate
from tasks.providers.comgate import gateway as wire
from tasks.providers.comgate.payouts import rows_of_csv
from tests.providers.notebook import ISSUED, NOON, Notebook, Round, document, documents

FIRST, SECOND, THIRD = "AAAA-1111-0001", "AAAA-1111-0002", "AAAA-1111-0003"
DAY = dt.date(2026, 3, 4)
PAYMENT_DAYS = Days(DAY, DAY)

Opened = tuple[ComgateServer, str]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    server = ComgateServer()
    with served(server.app()) as address:
        yield server, address


@pytest.fixture
def gateway(opened: Opened) -> Iterator[ComgateServer]:
    """The server with three payments: one paid, one pending, one cancelled."""
    server = opened[0]
    fresh = ComgateServer(faults=server.faults)
    server.__dict__.update({name: value for name, value in fresh.__dict__.items() if name != "faults"})
    server.faults.clear()
    server.payments = {
        FIRST: GatewayPayment(FIRST, 249050, order="2026000207"),
        SECOND: GatewayPayment(SECOND, 50000, "PENDING"),
        THIRD: GatewayPayment(THIRD, 70000, "CANCELLED"),
    }
    yield server
    server.faults.clear()


@pytest.fixture
def account(opened: Opened) -> ComgateShop:
    return shop(opened[1])


THREE = documents([document(f"OP{n}", reference=key) for n, key in enumerate((FIRST, SECOND, THIRD))])


def ask(account: ComgateShop, notebook: Notebook | None = None, papers: Any = THREE) -> tuple[Notebook, Round]:
    book = notebook or Notebook()
    return book, Round(Comgate(account, book), book, papers)


def test_it_is_asked_by_documents_and_by_period(account: ComgateShop) -> None:
    provider = Comgate(account, Notebook())
    assert isinstance(provider, ByDocuments)
    assert isinstance(provider, ByPeriod)
    assert (provider.source, provider.expiries(DAY), provider.reach) == (f"comgate:{MERCHANT}", [], None)


@pytest.mark.parametrize("api", ["v2.0", "v1.0"])
def test_only_paid_is_money(gateway: ComgateServer, opened: Opened, api: str) -> None:
    book, run = ask(shop(opened[1], api=api))
    payment = book.payments[FIRST]
    assert list(book.payments) == [FIRST]
    assert (payment["amount"], payment["currency"], payment["reference"], payment["kind"]) == (
        249050,
        "CZK",
        FIRST,
        "card",
    )
    assert payment["message"] == "2026000207\nObjednávka"
    assert {key: answer["outcome"] for key, answer in book.answers.items()} == {
        FIRST: "paid",
        SECOND: "pending",
        THIRD: "cancelled",
    }
    assert (run.faults, run.codes) == ([], {"calls", "cancelled"})
    assert "3 volání" in run.note("calls")
    assert SECRET not in payment["raw"]


def test_asked_again_only_what_can_still_change(gateway: ComgateServer, account: ComgateShop) -> None:
    book, _ = ask(account)
    gateway.payments[SECOND].status = "PAID"
    gateway.log.clear()
    ask(account, book)
    assert gateway.log == [("status", SECOND)]
    assert book.money(SECOND) == 50000
    gateway.log.clear()
    ask(account, book)
    assert gateway.log == []


@pytest.mark.parametrize(("days", "due"), [(30, True), (31, False)])
def test_an_unknown_key_of_an_old_document_rests_till_the_next_day(
    gateway: ComgateServer, account: ComgateShop, days: int, due: bool
) -> None:
    issued = NOON.date() - dt.timedelta(days=days)
    papers = documents([document("OP1", reference="ZZZZ-ZZZZ-ZZZZ", issued_on=issued)])
    book, run = ask(account, papers=papers)
    questions = Comgate(account, book).questions(papers)[0]
    assert (run.codes, book.payments) == ({"calls", "unknown_key"}, {})
    assert len(book.due(questions, NOON)) == due
    assert len(book.due(questions, dt.datetime(2026, 3, 11, 0, 0, tzinfo=dt.UTC))) == 1


def test_malformed_keys_are_faults_and_are_not_asked(gateway: ComgateServer, account: ComgateShop) -> None:
    papers = documents([document("OP7", reference="2026000207"), document("OP8"), document("OP9", reference=" ")])
    _, run = ask(account, papers=papers)
    assert [fault.record for fault in run.faults] == ["OP7"]
    assert gateway.log == []


def test_lower_case_keys_are_asked_in_upper_case_and_several_on_one_document_each_once(
    gateway: ComgateServer, account: ComgateShop
) -> None:
    papers = documents(
        [document("OP1", reference=f"{FIRST.lower()}, {SECOND}"), document("FV1", reference=FIRST)]
    )
    ask(account, papers=papers)
    assert sorted(gateway.log) == [("status", FIRST), ("status", SECOND)]


def test_the_gateway_itself_knows_keys_in_upper_case_only(gateway: ComgateServer, account: ComgateShop) -> None:
    with wire.Gateway(account) as connection, pytest.raises(wire.NotFound):
        connection.status(FIRST.lower())


@pytest.mark.parametrize("api", ["v2.0", "v1.0"])
@pytest.mark.parametrize("errors_as", ["code", "error"])
def test_a_key_of_another_shop_is_unknown_and_the_secret_stays_here(
    gateway: ComgateServer, opened: Opened, api: str, errors_as: str
) -> None:
    gateway.errors_as = errors_as
    gateway.payments[SECOND].merchant = "111111"
    book, run = ask(shop(opened[1], api=api))
    assert book.answers[SECOND]["outcome"] == "unknown"
    assert SECOND in run.note("unknown_key")
    assert SECRET not in repr((run.notes, run.faults, book.payments))


@pytest.mark.parametrize("api", ["v2.0", "v1.0"])
@pytest.mark.parametrize("status", [200, 400, 401])
def test_wrong_credentials_stop_everything_at_once(
    gateway: ComgateServer, opened: Opened, api: str, status: int
) -> None:
    gateway.refusal_status = status
    many = documents([document(f"OP{n}", reference=f"AAAA-0000-{n:04d}") for n in range(40)])
    wrong = shop(opened[1], api=api).model_copy(update={"secret": SecretStr("jine heslo")})
    with pytest.raises(SettingError, match="credentials"):
        ask(wrong, papers=many)
    assert len(gateway.log) < 10


def test_a_foreign_address_stops_everything_and_is_named(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.foreign_address = "203.0.113.25"
    with pytest.raises(SettingError, match=r"\[203\.0\.113\.25\]"):
        ask(account)


def test_a_redirect_is_not_followed_with_the_credentials(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.faults.always = MAINTENANCE
    with pytest.raises(SettingError, match="another address"):
        ask(account)


@pytest.mark.parametrize("numbers", [True, False])
def test_shapes_and_optional_fields_change_nothing(
    gateway: ComgateServer, account: ComgateShop, numbers: bool
) -> None:
    gateway.numbers, gateway.restless = numbers, random.Random(7)
    for _ in range(5):
        book, run = ask(account)
        assert (book.money(FIRST), run.faults) == (249050, [])


def test_a_pending_payment_is_paid_while_one_watches(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.payments[SECOND].after_polls = (3, "PAID")
    book = Notebook()
    seen = [ask(account, book)[0].money(SECOND) for _ in range(4)]
    assert seen == [0, 0, 50000, 50000]


def test_a_pending_payment_that_expires_is_not_asked_any_more(
    gateway: ComgateServer, account: ComgateShop
) -> None:
    gateway.payments[SECOND].after_polls = (2, "CANCELLED")
    book = Notebook()
    for _ in range(3):
        ask(account, book)
    assert [key for _, key in gateway.log].count(SECOND) == 2
    assert book.money(SECOND) == 0


@pytest.mark.parametrize(("follows", "first"), [(True, 30000), (False, 50000)])
def test_a_partly_captured_payment_ends_at_what_was_paid_out(
    gateway: ComgateServer, account: ComgateShop, follows: bool, first: int
) -> None:
    gateway.price_follows_capture = follows
    gateway.payments[SECOND] = GatewayPayment(
        SECOND, 50000, "AUTHORIZED", captured=30000, after_polls=(2, "PAID")
    )
    book = Notebook()
    assert SECOND in ask(account, book)[1].note("authorized")
    assert book.money(SECOND) == 0
    ask(account, book)
    assert book.money(SECOND) == first
    pay_out(gateway, PayoutRow(SECOND, 30000))
    read_payouts(account, book)
    assert book.money(SECOND) == 30000
    book.answers.clear()
    ask(account, book)
    assert book.money(SECOND) == 30000


def pay_out(gateway: ComgateServer, *rows: PayoutRow, number: int = 5512001, day: dt.date = DAY) -> None:
    gateway.payouts.add(day, number, *rows)


def read_payouts(account: ComgateShop, book: Notebook, days: Days = PAYMENT_DAYS) -> list[Any]:
    provider = Comgate(account, book)
    deliveries = [provider.normalize(raw) for part in provider.split(days) for raw in provider.extract(part)]
    for delivery in deliveries:
        book.record(delivery)
    return deliveries


@pytest.mark.parametrize("api", ["v2.0", "v1.0"])
@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("plain", [True, False])
def test_a_refund_goes_down_with_the_payout_that_tells_of_it(
    gateway: ComgateServer, opened: Opened, api: str, form: str, plain: bool
) -> None:
    gateway.payouts.plain_headings = plain
    account = shop(opened[1], api=api, payouts=form)
    book, _ = ask(account)
    assert book.money(FIRST) == 249050
    pay_out(gateway, PayoutRow(FIRST, 249050, "2026000207"), PayoutRow(FIRST, -49050, kind=3))
    (delivery,) = read_payouts(account, book)
    assert book.money(FIRST) == 200000
    assert book.payments[f"{FIRST}-refund-5512001"]["reverses"] == FIRST
    assert book.answers[FIRST]["outcome"] == "paid_out"
    assert (delivery.covered, delivery.faults) == ((DAY,), ())
    ask(account, book)
    assert book.money(FIRST) == 200000


def test_reading_payouts_again_changes_nothing(gateway: ComgateServer, account: ComgateShop) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050), PayoutRow(FIRST, -49050, kind=3))
    book = Notebook()
    read_payouts(account, book)
    changes = book.changes
    read_payouts(account, book)
    assert (changes, book.changes) == (2, 2)


def test_asking_anew_for_a_payment_paid_out_leaves_the_payouts_truth(
    gateway: ComgateServer, account: ComgateShop
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050, paid_on=dt.date(2026, 3, 2)))
    book = Notebook()
    read_payouts(account, book)
    book.answers.clear()
    ask(account, book)
    assert str(book.payments[FIRST]["booked_on"])[:10] == "2026-03-02"
    assert book.answers[FIRST]["outcome"] == "paid_out"


def test_days_without_payouts_are_complete_and_empty(gateway: ComgateServer, account: ComgateShop) -> None:
    week = Days(DAY, DAY + dt.timedelta(days=9))
    deliveries = read_payouts(account, Notebook(), week)
    assert [day for delivery in deliveries for day in delivery.covered] == list(week)
    assert [len(part) for part in Comgate(account, Notebook()).split(week)] == [7, 3]
    assert gateway.log == [("transferList", day.isoformat()) for day in week]
    assert "10 volání" in deliveries[-1].notes[0].text


def test_payouts_of_two_currencies_on_one_day_are_both_read(gateway: ComgateServer, account: ComgateShop) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    pay_out(gateway, PayoutRow(SECOND, 999, currency="EUR"), number=5512002)
    book = Notebook()
    read_payouts(account, book)
    assert {key: row["currency"] for key, row in book.payments.items()} == {FIRST: "CZK", SECOND: "EUR"}


def test_payouts_can_be_switched_off(gateway: ComgateServer, opened: Opened) -> None:
    assert read_payouts(shop(opened[1], payouts="off"), Notebook()) == []
    assert gateway.log == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1250"])
def test_payout_files_come_in_several_encodings(gateway: ComgateServer, opened: Opened, encoding: str) -> None:
    gateway.payouts.encoding = encoding
    pay_out(gateway, PayoutRow(FIRST, 249050))
    book = Notebook()
    read_payouts(shop(opened[1], payouts="csv"), book)
    assert book.money(FIRST) == 249050


@pytest.mark.parametrize("chosen", ["csv", "json"])
def test_a_payout_that_cannot_be_read_in_one_form_is_read_in_the_other(
    gateway: ComgateServer, opened: Opened, chosen: str
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050), PayoutRow(SECOND, -100))
    gateway.faults.then(RIGHT, GARBAGE, GARBAGE)
    book = Notebook()
    (delivery,) = read_payouts(shop(opened[1], payouts=chosen), book)
    assert (delivery.faults, delivery.covered, len(delivery.payments)) == ((), (DAY,), 2)
    assert book.money(FIRST) == 249050


def test_a_damaged_payout_file_is_not_an_empty_payout(gateway: ComgateServer, opened: Opened) -> None:
    gateway.payouts.damaged_files = True
    pay_out(gateway, PayoutRow(FIRST, 249050))
    gateway.faults.then(*[RIGHT] * 3, *[GARBAGE] * 2)
    with pytest.raises(Unavailable, match="payout 5512001"):
        read_payouts(shop(opened[1], payouts="csv"), Notebook())


@pytest.mark.parametrize("fault", [TRUNCATED, GARBAGE])
@pytest.mark.parametrize("position", range(2))
def test_an_answer_about_payouts_damaged_on_its_way_is_asked_for_once_more(
    gateway: ComgateServer, account: ComgateShop, fault: Fault, position: int
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    gateway.faults.then(*[RIGHT] * position, fault)
    (delivery,) = read_payouts(account, Notebook())
    assert (delivery.faults, delivery.covered, len(delivery.payments)) == ((), (DAY,), 1)


@pytest.mark.parametrize("body", [b"{}", b"[1]", b"<html>"])
def test_an_unreadable_list_of_payouts_stops_the_run_for_it_may_tell_of_refunds(
    gateway: ComgateServer, account: ComgateShop, body: bytes
) -> None:
    gateway.faults.then(*[Fault(status=200, body=body)] * 2)
    with pytest.raises(Unavailable, match=r"payouts of 2026-03-04 cannot be read.*Next step: leave it"):
        read_payouts(account, Notebook())


@pytest.mark.parametrize("other_form", [[GARBAGE] * 2, [Fault(status=404)] * 2])
def test_a_payout_that_cannot_be_read_in_any_form_stops_the_run_as_one_that_does_not_come(
    gateway: ComgateServer, account: ComgateShop, other_form: list[Fault]
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    gateway.faults.then(RIGHT, *[Fault(status=200, body=b"{}")] * 2, *other_form)
    book = Notebook()
    with pytest.raises(Unavailable, match="payout 5512001 cannot be read"):
        read_payouts(account, book)
    assert book.money(FIRST) == 0
    read_payouts(account, book)
    assert book.money(FIRST) == 249050


@pytest.mark.parametrize("answer", [Fault(status=404), code(1400, "strange")])
def test_a_payout_that_is_refused_is_told_and_the_others_of_its_day_are_read(
    gateway: ComgateServer, account: ComgateShop, answer: Fault
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    pay_out(gateway, PayoutRow(SECOND, 999), number=5512002)
    gateway.faults.then(RIGHT, answer)
    book = Notebook()
    (delivery,) = read_payouts(account, book)
    assert ([fault.record for fault in delivery.faults], delivery.covered) == (["výplata 5512001"], ())
    assert (book.money(FIRST), book.money(SECOND)) == (0, 999)
    read_payouts(account, book)
    assert book.money(FIRST) == 249050


@pytest.mark.parametrize("number", ["null", "true", '"x"', f'"{"9" * 5000}"'])
def test_a_payout_without_a_number_is_told_and_the_others_are_read(
    gateway: ComgateServer, account: ComgateShop, number: str
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    listed = f'[{{"transferId": {number}}}, {{"transferId": 5512001}}]'.encode()
    gateway.faults.then(Fault(status=200, body=listed))
    book = Notebook()
    (delivery,) = read_payouts(account, book)
    named = [fault.record for fault in delivery.faults]
    assert (named, delivery.covered) == (["výplaty dne 2026-03-04, 1. v seznamu"], ())
    assert book.money(FIRST) == 249050


def test_an_unreadable_row_leaves_its_day_open_and_is_no_reason_to_doubt_the_sum_as_well(
    gateway: ComgateServer, opened: Opened
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050), PayoutRow("?", 100))
    (delivery,) = read_payouts(shop(opened[1], payouts="csv"), Notebook())
    assert [fault.record for fault in delivery.faults] == ["výplata 5512001, řádek 2"]
    assert delivery.covered == ()
    assert not any(note.urgent for note in delivery.notes)


def spoilt(body: bytes) -> bytes:
    """Half a character and a null at the end of an order's number, as JSON can carry them."""
    return body.replace(b"2026000207", b"2026000207\\ud83d\\u0000")


def test_half_a_character_and_a_null_in_texts_stop_nothing(gateway: ComgateServer, account: ComgateShop) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050, "2026000207"))
    gateway.faults.always = Fault(rewrite=spoilt)
    book, run = ask(account)
    assert (book.money(FIRST), run.faults) == (249050, [])
    assert book.payments[FIRST]["message"].startswith("2026000207\ud83d\x00")
    (delivery,) = read_payouts(account, book)
    assert (book.money(FIRST), delivery.faults) == (249050, ())


def test_a_list_of_rows_is_not_taken_for_a_status(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.faults.always = Fault(status=200, body=b"[]")
    _, run = ask(account)
    assert len(run.faults) == 3


def test_a_days_files_come_packed_with_the_same_rows(gateway: ComgateServer, opened: Opened) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    pay_out(gateway, PayoutRow(SECOND, 999, currency="EUR"), number=5512002)
    answer = httpx.get(f"{opened[1]}/v2.0/csvDownload/date/{DAY}", auth=(MERCHANT, SECRET))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        rows = [rows_of_csv(archive.read(name)) for name in archive.namelist()]
    assert [file[0]["idcomgate"] for file in rows] == [FIRST, SECOND]


def test_payments_can_be_seeded_from_outside_and_methods_prove_the_credentials(
    gateway: ComgateServer, opened: Opened, account: ComgateShop
) -> None:
    httpx.post(f"{opened[1]}/admin/payment", json={"key": SECOND, "price": 777})
    assert ask(account)[0].money(SECOND) == 777
    assert httpx.get(f"{opened[1]}/v2.0/method.json", auth=(MERCHANT, SECRET)).json()["code"] == 0
    assert httpx.get(f"{opened[1]}/v2.0/method.json").status_code == 401


def test_a_test_payment_counts_only_when_the_block_says_so(gateway: ComgateServer, opened: Opened) -> None:
    gateway.payments[FIRST].test = True
    book, run = ask(shop(opened[1]))
    assert (book.payments, book.answers[FIRST]["outcome"]) == ({}, "test_paid")
    assert FIRST in run.note("test_payment")
    book, run = ask(shop(opened[1], count_test_payments=True))
    assert (book.money(FIRST), run.note("test_payment")) == (249050, "")


def test_a_payment_of_zero_and_an_unknown_status_are_told_and_not_counted(
    gateway: ComgateServer, account: ComgateShop
) -> None:
    gateway.payments[FIRST].price = 0
    gateway.payments[SECOND].status = "REFUNDED"
    book, run = ask(account)
    assert book.payments == {}
    assert FIRST in run.note("zero_payment")
    assert "REFUNDED" in run.note("unknown_status")


def test_another_currency_stays_what_it_is(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.payments[FIRST].currency = "EUR"
    assert ask(account)[0].payments[FIRST]["currency"] == "EUR"


def test_two_keys_of_one_order_are_two_payments(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.payments[SECOND] = GatewayPayment(SECOND, 1000, order="2026000207")
    book, _ = ask(account, papers=documents([document("OP1", reference=f"{FIRST} {SECOND} {THIRD}")]))
    assert sorted(row["amount"] for row in book.payments.values()) == [1000, 249050]


def test_a_refused_question_is_a_fault_and_is_asked_again(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.faults.then(code(1104, "payment cannot be loaded"))
    asking = documents([document("OP1", reference=FIRST)])
    book, run = ask(account, papers=asking)
    assert [fault.record for fault in run.faults] == [FIRST]
    assert book.payments == {}
    ask(account, book, asking)
    assert book.money(FIRST) == 249050


SLOW = Fault(seconds=0.6)
OTHER_PAYMENT = Fault(rewrite=lambda body: body.replace(b"AAAA-1111", b"BBBB-1111"))
NOTHING = Fault(rewrite=lambda _: b"")
WRONG_CHARSET = Fault(rewrite=lambda body: body.decode().encode("cp1250", errors="replace"))
WRONG_TYPE = Fault(rewrite=lambda _: b'{"code": 0, "message": "OK", "status": ["PAID"], "price": "1"}')
ODD_PRICE = Fault(rewrite=lambda body: body.replace(b'"249050"', b'"-249050"').replace(b'"OK"', b'"OK" ,'))
PASSING = {
    "refused": REFUSED,
    "lost": LOST,
    "broken off": BROKEN_OFF,
    "truncated": TRUNCATED,
    "garbage": GARBAGE,
    "503": UNAVAILABLE,
    "502": BAD_GATEWAY,
    "504": Fault(status=504, body=b"<html></html>", content_type="text/html"),
    "500": SERVER_ERROR,
    "throttled without a wish": Fault(status=429),
    "code 1100": code(1100),
    "code 1200": code(1200),
    "code 1500": code(1500),
    "slow": SLOW,
    "another payment": OTHER_PAYMENT,
    "nothing": NOTHING,
    "wrong charset": WRONG_CHARSET,
    "wrong type": WRONG_TYPE,
    "odd price": ODD_PRICE,
    "a bare number": Fault(status=200, body=b"42"),
}
STOPPING = {"redirect": MAINTENANCE, "too large": TOO_LARGE, "unauthorized": code(1400, "Unauthorized access!")}
REFUSING = {"code 1104": code(1104), "code 1400": code(1400, "bad"), "not found": code(1400, "Payment not found")}


@pytest.mark.parametrize("position", [0, 2])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("times", [1, 6])
def test_one_failing_call_is_made_good_by_this_run_or_the_next(
    gateway: ComgateServer,
    account: ComgateShop,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
    fault: Fault,
    times: int,
) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.3)
    gateway.faults.then(*[Fault()] * position, *[fault] * (times if fault is not SLOW else 1))
    book = Notebook()
    try:
        _, run = ask(account, book)
        answered = len(book.answers) + len(run.faults)
        assert answered == 3 or "not_checked" in run.codes
    except Unavailable:
        assert book.payments == {}
    assert set(book.payments) <= {FIRST}
    assert book.money(FIRST) in (0, 249050)
    gateway.faults.clear()
    ask(account, book)
    assert (book.money(FIRST), len(book.answers)) == (249050, 3)


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    "fault", [*STOPPING.values(), *REFUSING.values()], ids=[*STOPPING.keys(), *REFUSING.keys()]
)
def test_a_refusal_at_any_place_makes_no_mark_wrong(
    gateway: ComgateServer, account: ComgateShop, position: int, fault: Fault
) -> None:
    gateway.faults.then(*[Fault()] * position, fault)
    book = Notebook()
    try:
        ask(account, book)
    except SettingError:
        assert fault in STOPPING.values()
    assert book.money(FIRST) in (0, 249050)
    ask(account, book)
    assert (book.money(FIRST), len(book.answers)) == (249050, 3)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(
        st.sampled_from(
            [Fault(), REFUSED, TRUNCATED, UNAVAILABLE, code(1100), code(1104), OTHER_PAYMENT, GARBAGE]
        ),
        max_size=12,
    )
)
def test_whatever_fails_the_next_run_converges(
    gateway: ComgateServer, account: ComgateShop, plan: list[Fault]
) -> None:
    gateway.faults.clear()
    gateway.faults.then(*plan)
    book = Notebook()
    try:
        ask(account, book)
    except Unavailable:
        assert book.payments == {}
    assert book.money(FIRST) in (0, 249050)
    gateway.faults.clear()
    ask(account, book)
    assert {key: row["amount"] for key, row in book.payments.items()} == {FIRST: 249050}


@pytest.mark.parametrize("fault", [REFUSED, UNAVAILABLE, code(1500)])
@pytest.mark.parametrize("position", range(2))
def test_a_failing_call_for_payouts_loses_no_day(
    gateway: ComgateServer, account: ComgateShop, fault: Fault, position: int
) -> None:
    pay_out(gateway, PayoutRow(FIRST, 249050))
    gateway.faults.then(*[Fault()] * position, fault)
    book = Notebook()
    with pytest.raises(Unavailable):
        read_payouts(account, book)
    assert book.payments == {}
    read_payouts(account, book)
    assert book.money(FIRST) == 249050


def many(count: int) -> Any:
    return documents([document(f"OP{n}", reference=f"BBBB-0000-{n:04d}") for n in range(count)])


def test_a_gateway_that_is_down_is_left_in_peace(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.faults.always = UNAVAILABLE
    provider = Comgate(account, Notebook())
    with pytest.raises(Unavailable):
        provider.ask(provider.questions(many(200))[0])
    assert 10 <= provider._asking.calls <= 10 + account.concurrency  # pyright: ignore[reportPrivateUsage]


def test_a_gateway_that_goes_down_midway_leaves_what_it_said(
    gateway: ComgateServer, account: ComgateShop
) -> None:
    gateway.faults.then(*[Fault()] * 20)
    gateway.faults.always = UNAVAILABLE
    book, run = ask(account, papers=many(60))
    assert 15 <= len(book.answers) <= 20
    assert "a další (" in run.note("not_checked")


def test_no_more_calls_are_under_way_than_allowed(gateway: ComgateServer, opened: Opened) -> None:
    gateway.seconds = 0.02
    ask(shop(opened[1], concurrency=2, pause_seconds=0), papers=many(12))
    assert gateway.most_at_once == 2


def test_throttling_with_a_wish_makes_everybody_wait(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.faults.then(THROTTLED)
    book, _ = ask(account)
    assert book.money(FIRST) == 249050


def test_a_limit_of_requests_is_survived(gateway: ComgateServer, account: ComgateShop) -> None:
    gateway.allowed_per_second = 1
    book, _ = ask(account)
    gateway.allowed_per_second = None
    ask(account, book)
    assert book.money(FIRST) == 249050


@pytest.mark.parametrize("api", ["v2.0", "v1.0"])
def test_the_probe_proves_credentials_and_address(gateway: ComgateServer, opened: Opened, api: str) -> None:
    account = shop(opened[1], api=api)
    assert [note.code for note in Comgate(account, Notebook()).probe()] == ["reachable"]
    wrong = account.model_copy(update={"secret": SecretStr("jine heslo")})
    with pytest.raises(SettingError, match="credentials"):
        Comgate(wrong, Notebook()).probe()
    gateway.foreign_address = "203.0.113.25"
    with pytest.raises(SettingError, match=r"203\.0\.113\.25"):
        Comgate(account, Notebook()).probe()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("merchant", ""),
        ("merchant", "a b"),
        ("secret", " "),
        ("address", "http://payments.comgate.cz"),
        ("address", "https://payments.comgate.cz/v2.0"),
        ("concurrency", 0),
        ("concurrency", 9),
        ("pause_seconds", -1),
    ],
)
def test_wrong_settings_are_refused_by_the_block(field: str, value: object) -> None:
    given: dict[str, Any] = {"merchant": MERCHANT, "secret": SECRET, field: value}
    with pytest.raises(ValidationError):
        ComgateShop(**given)


def test_the_stand_tells_what_the_world_knows() -> None:
    papers = (
        Paper("received_order", 1, "OP1", 10000, ISSUED, gateway_key=FIRST),
        Paper("received_order", 2, "OP2", 20000, ISSUED, gateway_key=SECOND),
    )
    money = (
        Money("comgate", 1, dt.date(2026, 3, 2), 10000, reference=FIRST, kind="card"),
        Money("comgate", 2, dt.date(2026, 3, 3), -4000, reference=FIRST, takes_back=1, kind="refund"),
    )
    world = World(1, dt.date(2026, 3, 10), papers, money)
    asked = documents([document(p.number, reference=p.gateway_key) for p in papers])
    with stand(world, None) as place:  # pyright: ignore[reportArgumentType]
        assert isinstance(place.block, ComgateShop)
        book, _ = ask(place.block, papers=asked)
        read_payouts(place.block, book, Days(dt.date(2026, 3, 1), world.today))
    assert (book.money(FIRST), book.money(SECOND)) == (6000, 0)
    assert book.answers[SECOND]["outcome"] == "pending"
