"""GP webpay over a real socket: what is asked, what is believed, and that no failure makes a wrong mark."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from blocks.gp_webpay import GpWebpayMerchant
from sandbox.faults import (
    BROKEN_OFF,
    GARBAGE,
    LOST,
    REFUSED,
    SERVER_ERROR,
    THROTTLED,
    TRUNCATED,
    UNAVAILABLE,
    Fault,
)
from sandbox.gp_webpay import (
    PATH,
    GpWebpayServer,
    certificate_of,
    merchant,
    payments_of,
    pem_of,
    stand,
)
from sandbox.gp_webpay_messages import SOAP, S, T, Twist, enveloped
from sandbox.gp_webpay_payments import CardPayment
from sandbox.serving import served
from sandbox.world import Money, World
from tasks.errors import SettingError, Unavailable
from tasks.provider import ByDocuments, ByPeriod
from tasks.providers.gp_webpay import GpWebpay
from tasks.providers.gp_webpay import gateway as wire
from tasks.providers.gp_webpay.keys import private_key_of
from tasks.providers.gp_webpay.signing import hash_of, sign
from tests.providers.notebook import NOON, Notebook, Round, document, documents

CREATED = dt.datetime(2026, 3, 9, 10, 9, 58)  # noqa: DTZ001
PAID, PENDING, UNKNOWN = "2501000123", "2501000124", "2501000125"
HOUR = dt.timedelta(hours=1)

Opened = tuple[GpWebpayServer, GpWebpayMerchant]


@pytest.fixture(scope="module")
def opened() -> Iterator[Opened]:
    ours, theirs = (rsa.generate_private_key(65537, 1024) for _ in range(2))  # noqa: S505
    server = GpWebpayServer(theirs, ours.public_key())
    with served(server.app()) as address:
        yield server, merchant(address, ours, theirs)


@pytest.fixture
def gateway(opened: Opened) -> Iterator[GpWebpayServer]:
    """The server with one payment captured, one on the page, and no other."""
    server = opened[0]
    server.faults.clear()
    server.twists.clear()
    server.refusals.clear()
    server.journal.clear()
    server.always, server.algorithm, server.allowed = Twist.NONE, hashes.SHA1(), True  # noqa: S303
    server.seconds, server.allowed_per_second, server.most_at_once = 0.0, None, 0
    server.payments = {
        PAID: CardPayment(PAID, 123450, CREATED).capture(),
        PENDING: CardPayment(PENDING, 49900, CREATED),
    }
    yield server
    server.faults.clear()


@pytest.fixture
def account(opened: Opened) -> GpWebpayMerchant:
    return opened[1]


def papers(*numbers: str, **columns: Any) -> Any:
    return documents([document(f"OP{n}", variable_symbol=n, **columns) for n in numbers])


THREE = papers(PAID, PENDING, UNKNOWN)


def ask(
    account: GpWebpayMerchant, book: Notebook | None = None, asking: Any = THREE, now: dt.datetime = NOON
) -> tuple[Notebook, Round]:
    kept = book or Notebook()
    return kept, Round(GpWebpay(account, kept), kept, asking, now)


def with_settings(account: GpWebpayMerchant, **changes: Any) -> GpWebpayMerchant:
    return account.model_copy(update=changes)


def test_it_is_asked_by_documents_only(account: GpWebpayMerchant) -> None:
    provider = GpWebpay(account, Notebook())
    assert isinstance(provider, ByDocuments)
    assert not isinstance(provider, ByPeriod)
    assert provider.source == "gp-webpay:0100/0012345678"


def test_only_captured_money_is_money(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    book, run = ask(account)
    payment = book.payments[PAID]
    assert list(book.payments) == [PAID]
    assert (payment["amount"], payment["currency"], payment["kind"]) == (123450, "CZK", "card")
    assert (payment["reference"], payment["variable_symbol"]) == (PAID, PAID)
    assert str(payment["booked_on"])[:10] == "2026-03-09"
    outcomes = {key: answer["outcome"] for key, answer in book.answers.items()}
    assert outcomes == {PAID: "paid", PENDING: "pending", UNKNOWN: "unknown"}
    assert (run.faults, run.codes) == ([], {"calls"})
    assert "3 volání" in run.note("calls")
    assert "4056" not in payment["raw"]


def test_every_message_has_an_id_of_its_own(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    for _ in range(3):
        ask(account)
    ids = [message_id for _, message_id, _ in gateway.journal]
    assert len(set(ids)) == len(ids) == 9


def test_a_refund_goes_down_with_the_next_run_and_both_steps_stay(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    book, _ = ask(account)
    gateway.payments[PAID].close_batch().refund(23450)
    _, run = ask(account, book)
    assert book.money(PAID) == 100000
    assert (book.payments[f"{PAID}-refund"]["kind"], book.payments[f"{PAID}-refund"]["reverses"]) == (
        "refund",
        PAID,
    )
    assert PAID in run.note("money_back")
    gateway.payments[PAID].close_batch().refund()
    ask(account, book)
    assert (book.money(PAID), book.payments[PAID]["amount"]) == (0, 123450)
    changes = book.changes
    ask(account, book)
    assert book.changes == changes


def test_a_refund_entered_by_mistake_comes_back(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    book, _ = ask(account)
    gateway.payments[PAID].refund(23450)
    ask(account, book)
    gateway.payments[PAID].take_refunds_back()
    ask(account, book)
    assert book.money(PAID) == 123450


@pytest.mark.parametrize("end", ["cancel_capture", "reverse"])
def test_a_cancelled_capture_takes_the_payment_back(
    gateway: GpWebpayServer, account: GpWebpayMerchant, end: str
) -> None:
    book, _ = ask(account)
    getattr(gateway.payments[PAID], end)()
    _, run = ask(account, book)
    assert (book.money(PAID), book.payments[PAID]["amount"]) == (0, 0)
    assert PAID in run.note("money_back")


def test_an_authorised_payment_is_told_and_leaves_no_payment(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    gateway.payments[PENDING].authorise()
    book, run = ask(account)
    assert list(book.payments) == [PAID]
    assert PENDING in run.note("authorised")
    gateway.payments[PENDING].pass_time(CREATED + dt.timedelta(days=8))
    ask(account, book)
    assert book.answers[PENDING]["outcome"] == "unpaid"


def test_a_payment_comes_to_its_end_step_by_step(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    book, seen = Notebook(), list[tuple[str, int]]()
    payment = gateway.payments[PENDING]
    for step in (
        payment.authenticate,
        payment.authorise,
        partial(payment.capture, 40000),
        payment.close_batch,
        payment.refund,
        payment.close_batch,
        payment.close,
    ):
        step()
        ask(account, book)
        seen.append((str(book.answers[PENDING]["outcome"]), book.money(PENDING)))
    assert seen == [
        ("pending", 0),
        ("authorised", 0),
        ("paid", 40000),
        ("paid", 40000),
        ("refunded", 0),
        ("refunded", 0),
        ("refunded", 0),
    ]


@pytest.mark.parametrize("end", ["decline", "leave"])
def test_a_failed_payment_is_not_asked_any_more(
    gateway: GpWebpayServer, account: GpWebpayMerchant, end: str
) -> None:
    getattr(gateway.payments[PENDING], end)()
    book, _ = ask(account)
    assert book.answers[PENDING]["outcome"] == "unpaid"
    gateway.journal.clear()
    ask(account, book)
    assert PENDING not in [number for number, _, _ in gateway.journal]


def test_asked_again_the_same_hour_only_what_can_still_change(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    usual = with_settings(account, refund_check_minutes=50)
    book, _ = ask(usual)
    gateway.journal.clear()
    ask(usual, book)
    assert sorted(number for number, _, _ in gateway.journal) == [PENDING, UNKNOWN]
    gateway.journal.clear()
    ask(usual, book, now=NOON + HOUR)
    assert PAID in [number for number, _, _ in gateway.journal]


def due_again(gateway: GpWebpayServer, account: GpWebpayMerchant, number: str, now: dt.datetime) -> str:
    """When the number is due again after it was asked at `now`: at once, soon, tomorrow or never."""
    book, _ = ask(account, asking=papers(number), now=now)
    again = book.answers[number]["ask_again_at"]
    if pd.isna(again):
        return "never"
    wait = again - now
    return "at once" if not wait else "soon" if wait == dt.timedelta(minutes=50) else "tomorrow"


@pytest.mark.parametrize(
    ("number", "days", "expected"),
    [
        (PAID, 0, "soon"),
        (PAID, 7, "soon"),
        (PAID, 8, "tomorrow"),
        (PAID, 180, "tomorrow"),
        (PAID, 181, "never"),
        (PENDING, 30, "at once"),
        (PENDING, 31, "tomorrow"),
        (PENDING, 90, "tomorrow"),
        (PENDING, 91, "never"),
        (UNKNOWN, 30, "at once"),
        (UNKNOWN, 31, "never"),
    ],
)
def test_how_soon_to_ask_again_goes_by_age(
    gateway: GpWebpayServer, account: GpWebpayMerchant, number: str, days: int, expected: str
) -> None:
    now = NOON + dt.timedelta(days=days - 1)
    assert due_again(gateway, with_settings(account, refund_check_minutes=50), number, now) == expected


def test_a_closed_payment_can_no_longer_change(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.payments[PAID].close_batch().close()
    assert due_again(gateway, account, PAID, NOON) == "never"
    gateway.payments[PAID].into(211, "CAPTURED")
    assert due_again(gateway, account, PAID, NOON) == "never"


def test_only_settled_money_when_the_block_says_so(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    settled = with_settings(account, count_from="settled")
    book, _ = ask(settled)
    assert (book.payments, book.answers[PAID]["outcome"]) == ({}, "unsettled")
    gateway.payments[PAID].close_batch()
    ask(settled, book)
    assert book.money(PAID) == 123450


def test_all_attempts_of_an_order_are_asked_and_summed(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    gateway.payments = {
        PAID: CardPayment(PAID, 123450, CREATED).decline(),
        PAID + "1": CardPayment(PAID + "1", 100000, CREATED).capture(),
        PAID + "2": CardPayment(PAID + "2", 23450, CREATED).capture(),
    }
    book, _ = ask(with_settings(account, attempt_suffixes=["1", "2"]), asking=papers(PAID))
    assert sorted(book.payments) == [PAID + "1", PAID + "2"]
    assert book.money(PAID) == 123450


def test_the_currency_is_the_documents_unless_the_merchant_has_one(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    in_euro = papers(PAID, currency="EUR")
    assert ask(account, asking=in_euro)[0].payments[PAID]["currency"] == "EUR"
    in_czk = with_settings(account, currency="CZK")
    assert ask(in_czk, asking=in_euro)[0].payments[PAID]["currency"] == "CZK"


def test_invalid_numbers_are_reported_and_never_asked(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    asking = documents([document("FV-2025/17", variable_symbol="1" * 16)])
    _, run = ask(account, asking=asking)
    assert [fault.record for fault in run.faults] == ["FV-2025/17"]
    assert gateway.journal == []


HARMLESS = [
    Twist.NEW_FIELD,
    Twist.EMPTY_SUB_STATUS,
    Twist.NAME_VALUES,
    Twist.ADDITIONAL_INFO,
    Twist.DEFAULT_NAMESPACE,
    Twist.NO_STATUS,
    Twist.NEW_FIELD | Twist.NAME_VALUES | Twist.ADDITIONAL_INFO | Twist.EMPTY_SUB_STATUS,
]


@pytest.mark.parametrize("twist", HARMLESS, ids=str)
def test_replies_that_only_look_different_are_believed(
    gateway: GpWebpayServer, account: GpWebpayMerchant, twist: Twist
) -> None:
    gateway.always = twist
    book, run = ask(account)
    assert (book.money(PAID), run.faults) == (123450, [])
    assert "jana" not in str(book.payments).lower()


@pytest.mark.parametrize("twist", [Twist.WRONG_KEY, Twist.TAMPERED, Twist.UNSIGNED], ids=str)
@pytest.mark.parametrize("number", [PAID, UNKNOWN])
def test_a_reply_not_signed_by_the_gateway_stops_the_run_and_marks_nothing(
    gateway: GpWebpayServer, account: GpWebpayMerchant, twist: Twist, number: str
) -> None:
    gateway.always = twist
    book = Notebook()
    with pytest.raises(SettingError, match="not signed"):
        ask(account, book, papers(number))
    assert (book.payments, book.answers) == ({}, {})


@pytest.mark.parametrize(
    "twist",
    [
        Twist.FOREIGN_MESSAGE,
        Twist.BAD_STATE,
        Twist.BAD_TIME,
        Twist.BAD_AMOUNT,
        Twist.COMMENT,
        Twist.TWICE,
        Twist.NO_AMOUNT,
        Twist.ADDITIONAL_INFO | Twist.WRONG_KEY,
    ],
    ids=str,
)
def test_a_reply_that_cannot_be_used_is_a_fault_and_the_document_stays(
    gateway: GpWebpayServer, account: GpWebpayMerchant, twist: Twist
) -> None:
    book, _ = ask(account, asking=papers(PAID))
    gateway.always = twist
    _, run = ask(account, book, papers(PAID))
    assert [fault.record for fault in run.faults] == [PAID]
    assert book.money(PAID) == 123450
    gateway.always = Twist.NONE
    _, run = ask(account, book, papers(PAID))
    assert run.faults == []


def test_contradictory_triples_are_faults_and_the_document_stays(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    book, _ = ask(account)
    gateway.payments[PAID].into(4, "CAPTURED")
    gateway.payments[PENDING].into(8, "CAPTURED")
    _, run = ask(account, book)
    assert sorted(fault.record for fault in run.faults) == [PAID, PENDING]
    assert {number: book.money(number) for number in (PAID, PENDING)} == {PAID: 123450, PENDING: 0}


def test_a_word_that_nobody_knows_is_decided_by_amounts_and_told(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    gateway.payments[PAID].into(8, "SOMETHING_NEW")
    book, run = ask(account)
    assert book.money(PAID) == 123450
    assert PAID in run.note("by_amounts")


@pytest.mark.parametrize(("merchants", "code"), [({"provider": "0300"}, "11"), ({"merchant_number": "1"}, "11")])
def test_an_unknown_merchant_stops_the_run(
    gateway: GpWebpayServer, account: GpWebpayMerchant, merchants: dict[str, str], code: str
) -> None:
    with pytest.raises(SettingError, match=f"PRCODE {code}"):
        ask(with_settings(account, **merchants))


def test_a_merchant_without_web_services_stops_the_run(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    gateway.allowed = False
    with pytest.raises(SettingError, match="PRCODE 25"):
        ask(account)


def test_a_wrong_key_stops_the_run_at_once(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    other = SecretStr(pem_of(rsa.generate_private_key(65537, 1024)))  # noqa: S505
    many = papers(*(str(10**9 + n) for n in range(60)))
    with pytest.raises(SettingError, match="PRCODE 31"):
        ask(with_settings(account, private_key=other), asking=many)
    assert len(gateway.journal) < 10


def test_the_hash_is_a_setting(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.algorithm = hashes.SHA256()
    assert ask(with_settings(account, hash="SHA-256"))[0].money(PAID) == 123450
    with pytest.raises(SettingError):
        ask(account)


def test_several_certificates_may_be_trusted(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    other = certificate_of(rsa.generate_private_key(65537, 1024))  # noqa: S505
    both = with_settings(account, gateway_certificates=[other, *account.gateway_certificates])
    assert ask(both)[0].money(PAID) == 123450
    with pytest.raises(SettingError, match="not signed"):
        ask(with_settings(account, gateway_certificates=[other]))


@pytest.mark.parametrize("code", [1000, 26, 80])
def test_a_technical_problem_is_tried_again_with_a_new_message(
    gateway: GpWebpayServer, account: GpWebpayMerchant, code: int
) -> None:
    gateway.refusals.append(code)
    book, run = ask(account, asking=papers(PAID))
    assert (book.money(PAID), run.faults) == (123450, [])
    assert len({message_id for _, message_id, _ in gateway.journal}) == 2


def test_a_burst_of_technical_problems_leaves_the_payment_for_the_next_run(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    gateway.refusals.extend([1000] * 4)
    book, run = ask(account)
    (left,) = {PAID, PENDING, UNKNOWN} - set(book.answers)
    assert left in run.note("not_checked")
    assert book.money(PAID) == (0 if left == PAID else 123450)
    gateway.refusals.clear()
    ask(account, book)
    assert book.money(PAID) == 123450


def test_a_refused_question_is_a_fault(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.refusals.append(27)
    book, run = ask(account, asking=papers(PAID))
    assert (book.payments, [fault.record for fault in run.faults]) == ({}, [PAID])
    assert "PRCODE 27" in run.faults[0].cause


def test_a_message_id_used_before_is_refused(
    gateway: GpWebpayServer, account: GpWebpayMerchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire.secrets, "token_hex", lambda _: "a" * 32)
    with wire.Gateway(account) as connection:
        connection.detail(PAID)
        with pytest.raises(Unavailable, match="PRCODE 80"):
            connection.detail(PAID)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 413])
def test_a_wrong_address_stops_the_run(gateway: GpWebpayServer, account: GpWebpayMerchant, status: int) -> None:
    gateway.faults.always = Fault(status=status)
    with pytest.raises(SettingError, match="address"):
        ask(account)


PASSING = {
    "refused": REFUSED,
    "lost": LOST,
    "broken off": BROKEN_OFF,
    "truncated": TRUNCATED,
    "garbage": GARBAGE,
    "503": UNAVAILABLE,
    "502": Fault(status=502, body=b"<html></html>", content_type="text/html"),
    "504": Fault(status=504),
    "empty 500": SERVER_ERROR,
    "HTML with 200": Fault(status=200, body=b"<html><body>Maintenance</body></html>", content_type="text/html"),
    "throttled": Fault(status=429),
    "empty": Fault(rewrite=lambda _: b""),
    "other answer": Fault(
        rewrite=lambda body: body.replace(b"Detail", b"Status").replace(b"serviceE", b"otherE")
    ),
}


@pytest.mark.parametrize("position", [0, 2])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("times", [1, 6])
def test_one_failing_call_is_made_good_by_this_run_or_the_next(
    gateway: GpWebpayServer, account: GpWebpayMerchant, position: int, fault: Fault, times: int
) -> None:
    gateway.faults.then(*[Fault()] * position, *[fault] * times)
    book = Notebook()
    try:
        _, run = ask(account, book)
        assert run.faults == []
        assert len(book.answers) == 3 or "not_checked" in run.codes
    except Unavailable:
        assert book.payments == {}
    assert book.money(PAID) in (0, 123450)
    gateway.faults.clear()
    ask(account, book)
    assert (book.money(PAID), len(book.answers)) == (123450, 3)


TWISTS = [Twist.WRONG_KEY, Twist.TAMPERED, Twist.UNSIGNED, Twist.FOREIGN_MESSAGE, Twist.DOCTYPE, Twist.BAD_STATE]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    twists=st.lists(st.sampled_from([Twist.NONE, *TWISTS, *HARMLESS]), max_size=6),
    refusals=st.lists(st.sampled_from([0, 0, 1000, 31, 27, 15]), max_size=6),
    plan=st.lists(st.sampled_from([Fault(), REFUSED, TRUNCATED, UNAVAILABLE]), max_size=6),
)
def test_whatever_fails_nothing_is_invented_and_the_next_run_converges(
    gateway: GpWebpayServer,
    account: GpWebpayMerchant,
    twists: list[Twist],
    refusals: list[int],
    plan: list[Fault],
) -> None:
    gateway.twists.extend(twists)
    gateway.refusals.extend(refusals)
    gateway.faults.then(*plan)
    book = Notebook()
    try:
        ask(account, book)
    except (Unavailable, SettingError):
        assert book.payments == {}
    assert {key: row["amount"] for key, row in book.payments.items()} in ({}, {PAID: 123450})
    for planned in (gateway.twists, gateway.refusals):
        planned.clear()
    gateway.faults.clear()
    ask(account, book)
    assert {key: row["amount"] for key, row in book.payments.items()} == {PAID: 123450}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["capture", "close_batch", "refund", "part", "cancel", "back"]), max_size=6)
)
def test_what_is_recorded_is_always_what_the_gateway_holds_now(
    gateway: GpWebpayServer, account: GpWebpayMerchant, steps: list[str]
) -> None:
    payment = gateway.payments[PAID] = CardPayment(PAID, 123450, CREATED).authorise()
    book = Notebook()
    for step in steps:
        left = payment.captured - payment.refunded
        if step == "capture" and payment.state == 4:
            payment.capture()
        elif step == "close_batch":
            payment.close_batch()
        elif step in ("refund", "part") and left > 100:
            payment.refund(left if step == "refund" else 100)
        elif step == "cancel" and payment.state == 7:
            payment.cancel_capture()
        elif step == "back" and payment.refunded:
            payment.take_refunds_back()
        ask(account, book, papers(PAID))
        assert book.money(PAID) == payment.captured - payment.refunded


def test_a_gateway_that_is_down_is_left_in_peace(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.allowed_per_second = 0
    provider = GpWebpay(account, Notebook())
    questions, _ = provider.questions(papers(*(str(10**9 + n) for n in range(100))))
    with pytest.raises(Unavailable):
        provider.ask(questions)
    assert gateway.journal == []


def test_throttling_is_waited_for(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.faults.then(THROTTLED)
    assert ask(account)[0].money(PAID) == 123450


def test_at_most_two_are_under_way_by_default(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    gateway.seconds = 0.02
    ask(account, asking=papers(*(str(10**9 + n) for n in range(12))))
    assert (gateway.most_at_once, len(gateway.journal)) == (2, 12)


def test_many_threads_make_messages_at_once_without_mixing_them(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    numbers = [str(10**9 + n) for n in range(120)]
    gateway.payments = {n: CardPayment(n, int(n[-3:]) + 1, CREATED).capture() for n in numbers}
    book, run = ask(with_settings(account, concurrency=8), asking=papers(*numbers))
    assert run.faults == []
    assert {n: book.money(n) for n in numbers} == {n: int(n[-3:]) + 1 for n in numbers}


def test_the_probe_proves_the_address_and_the_keys(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    assert [note.code for note in GpWebpay(account, Notebook()).probe()] == ["reachable"]
    gateway.faults.then(SERVER_ERROR)
    with pytest.raises(Unavailable, match="own test"):
        GpWebpay(account, Notebook()).probe()
    with pytest.raises(SettingError, match="address"):
        GpWebpay(with_settings(account, address=account.address + "/elsewhere"), Notebook()).probe()
    with pytest.raises(SettingError, match="cannot be opened"):
        GpWebpay(with_settings(account, private_key=SecretStr("rubbish")), Notebook()).probe()


def posted(account: GpWebpayMerchant, content: bytes | str, **headers: str) -> httpx.Response:
    return httpx.post(account.address, content=content, headers=headers, verify=False)  # noqa: S501


def lookup(operation: str = "getPaymentDetail", types: str = T, **fields: str) -> str:
    inner = "".join(f"<t:{name}>{text}</t:{name}>" for name, text in fields.items())
    child = operation.removeprefix("get")
    child = child[0].lower() + child[1:] + "Request"
    return enveloped(
        f'<s:{operation} xmlns:s="{S}" xmlns:t="{types}"><s:{child}>{inner}</s:{child}></s:{operation}>'
    )


FIELDS = {
    "messageId": "a" * 32,
    "provider": "0100",
    "merchantNumber": "0012345678",
    "paymentNumber": PAID,
    "signature": "AAAA",
}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<broken", "7"),
        (enveloped(""), "7"),
        (lookup("getSomething", **FIELDS), "7"),
        (lookup(types=S, **FIELDS), "7"),
        (lookup(**{**FIELDS, "paymentNumber": "1" * 16}), "1"),
        (lookup(**{**FIELDS, "provider": "1"}), "2"),
        (lookup(**{**FIELDS, "paymentNumber": "FV1"}), "3"),
        (lookup(**{name: text for name, text in FIELDS.items() if name != "provider"}), "5"),
        (lookup(**FIELDS), "31"),
        (lookup(**{**FIELDS, "signature": "čau"}), "31"),
    ],
)
def test_the_sandbox_checks_requests_as_the_gateway_does(
    gateway: GpWebpayServer, account: GpWebpayMerchant, content: str, code: str
) -> None:
    answer = posted(account, content.encode(), SOAPAction="anything")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert f"primaryReturnCode>{code}<" in answer.text


def test_echo_needs_no_signature_and_large_requests_are_refused(
    gateway: GpWebpayServer, account: GpWebpayMerchant
) -> None:
    answer = posted(
        account, f'<e:Envelope xmlns:e="{SOAP}"><e:Body><s:echo xmlns:s="{S}"/></e:Body></e:Envelope>'
    )
    assert (answer.status_code, "echoResponse" in answer.text) == (200, True)
    assert posted(account, "x" * 70000).status_code == 413


def test_the_shorter_lookup_answers_too(gateway: GpWebpayServer, account: GpWebpayMerchant) -> None:
    values = [FIELDS[name] for name in ("messageId", "provider", "merchantNumber", "paymentNumber")]
    signature = base64.b64encode(sign(private_key_of(account), values, hash_of("SHA-1"))).decode()
    answer = posted(account, lookup("getPaymentStatus", **{**FIELDS, "signature": signature}))
    assert "paymentStatusResponse" in answer.text
    assert "captureAmount" not in answer.text


def test_the_stand_tells_what_the_world_knows(tmp_path: Path) -> None:
    day = dt.date(2026, 3, 8)
    money = (
        Money("gp-webpay", 1, day, 10000, reference=PAID, kind="card"),
        Money("gp-webpay", 2, day, 5000, variable_symbol=PENDING, kind="card"),
        Money("gp-webpay", 3, day, -4000, takes_back=1, kind="refund"),
    )
    world = World(1, NOON.date(), (), money)
    assert sorted(payments_of(world)) == [PAID, PENDING]
    with stand(world, tmp_path) as place:
        assert isinstance(place.block, GpWebpayMerchant)
        assert place.block.address.endswith(PATH)
        book, _ = ask(place.block)
    assert (book.money(PAID), book.money(PENDING)) == (6000, 5000)
