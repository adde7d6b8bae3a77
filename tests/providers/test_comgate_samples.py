"""The samples of the fact sheet (comgate.md 9), each with what it must come to."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from blocks.comgate import ComgateShop
from tasks.errors import BadRecord, PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.http import Answer
from tasks.providers.comgate.gateway import NotFound, decoded, understood
from tasks.providers.comgate.keys import keys_in
from tasks.providers.comgate.payouts import (
    Found,
    Payout,
    PayoutDay,
    found_in,
    normalised,
    rows_of_csv,
    rows_of_file,
)
from tasks.providers.comgate.status import Status, status_of

SHOP = ComgateShop(merchant="418207", secret=SecretStr("tajne"))
DAY = dt.date(2026, 3, 4)


def answer(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(status, httpx.Headers(headers), content)


def said(body: bytes | str, key: str, status: int = 200) -> Status:
    return status_of(understood(answer(body, status), SHOP), key, SHOP.merchant)


S1 = (
    '{"code":0,"message":"OK","merchant":"418207","test":"false","price":"249050","curr":"CZK",'
    '"label":"Objednávka 7","refId":"2026000207","method":"CARD_CZ_COMGATE","email":"jana+shop@example.cz",'
    '"name":"Zimní bunda","transId":"K7QD-0ZPN-41XE","status":"PAID","fee":"unknown","vs":"884120537",'
    '"cardNumber":"516844******1207","cardValid":"11/28"}'
)
S2 = (
    '{"code":0,"message":"OK","test":false,"price":100000,"curr":"CZK","label":"Objednávka 8",'
    '"refId":"2026000208","method":"BANK_CZ_OTHER","transId":"B2LM-8RTW-90QA","status":"PAID",'
    '"payerName":"Dvořák & syn, s.r.o.","payerAcc":"19-2000145399/0800","fee":"9.00","vs":"884120991"}'
)
S3 = (
    '{"code":0,"message":"OK","test":"false","price":"39900","curr":"CZK","label":"x","refId":"2026000209",'
    '"method":"","email":"","transId":"00OO-I1I1-ZZ9Q","status":"PENDING","fee":"unknown","vs":""}'
)
S7 = (
    '{"code":0,"message":"OK","test":"false","price":"12999","curr":"EUR","refId":"E-77",'
    '"transId":"QW3R-TY56-UI90","status":"PAID"}'
)
S17 = (
    "code=0&message=OK&merchant=418207&test=false&price=249050&curr=CZK&label=Objedn%C3%A1vka+7&refId=2026000207"
    "&payerId=&method=CARD_CZ_COMGATE&account=&email=jana%2Bshop%40example.cz"
    "&name=Zimn%C3%AD+bunda+%26+%C5%A1%C3%A1la&transId=K7QD-0ZPN-41XE&secret=tajne&status=PAID"
    "&payerName=Jana+Dvo%C5%99%C3%A1kov%C3%A1&payer_name=Jana+Dvo%C5%99%C3%A1kov%C3%A1&payerAcc=&payer_acc="
    "&fee=unknown&vs=884120537"
)
S18 = (
    "error=1400&message=Payment+not+found+%28status%29%2C+params%3A+array+%28%0A++%27merchant%27+%3D%3E+%27418207%27"
    "%2C%0A++%27secret%27+%3D%3E+%27tajne%27%2C%0A++%27transId%27+%3D%3E+%27ZZZZ-ZZZZ-ZZZZ%27%2C%0A%29"
)


def variant(**changes: Any) -> str:
    fields = {**json.loads(S1), **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


@pytest.mark.parametrize("body", [S1, S17, variant(code="0"), "\ufeff" + S1], ids=["S1", "S17", "S12", "S16-BOM"])
def test_a_paid_card_payment_reads_the_same_in_both_protocols(body: str) -> None:
    status = said(body, "K7QD-0ZPN-41XE")
    assert (status.paid, status.price, status.currency, status.order) == (True, 249050, "CZK", "2026000207")
    assert (status.test, status.kind, status.label) == (False, "card", "Objednávka 7")


def test_s17_keeps_the_plus_of_an_e_mail_and_drops_the_secret() -> None:
    record = json.loads(said(S17, "K7QD-0ZPN-41XE").raw)
    assert (record["email"], record["name"]) == ("jana+shop@example.cz", "Zimní bunda & šála")
    assert "tajne" not in said(S17, "K7QD-0ZPN-41XE").raw
    assert "516844" not in said(S1, "K7QD-0ZPN-41XE").raw


def test_s2_numbers_may_come_as_numbers_and_truth_as_truth() -> None:
    status = said(S2, "B2LM-8RTW-90QA")
    assert (status.paid, status.price, status.test, status.kind) == (True, 100000, False, "transfer")
    assert status.account == "19-2000145399/0800"


def test_s3_a_fresh_payment_is_pending_and_brings_nothing() -> None:
    status = said(S3, "00OO-I1I1-ZZ9Q")
    assert (status.word, status.paid, status.price) == ("PENDING", False, 0)


@pytest.mark.parametrize(
    "word", ["CANCELLED", "AUTHORIZED", "REFUNDED", "ERROR"], ids=["S4", "S5", "S14", "terminal"]
)
def test_no_other_status_is_money(word: str) -> None:
    status = said(variant(status=word, price="500000", paymentErrorReason="EXPIRED"), "K7QD-0ZPN-41XE")
    assert (status.paid, status.price, status.reason) == (False, 0, "EXPIRED")


def test_s6_a_test_payment_says_so() -> None:
    assert said(variant(test="true"), "K7QD-0ZPN-41XE").test
    assert said(variant(test=True), "K7QD-0ZPN-41XE").test


def test_s7_the_currency_is_the_answers_own() -> None:
    assert (said(S7, "QW3R-TY56-UI90").price, said(S7, "QW3R-TY56-UI90").currency) == (12999, "EUR")


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_s8_an_unknown_key_is_not_found_whatever_the_http_status(status: int) -> None:
    body = '{"code":1400,"message":"Payment not found (status), params: array (\'secret\' => \'tajne\')"}'
    with pytest.raises(NotFound) as caught:
        understood(answer(body, status), SHOP)
    assert "tajne" not in str(caught.value)


def test_s9_a_foreign_address_is_a_setting_and_the_address_is_told() -> None:
    with pytest.raises(SettingError, match=r"203\.0\.113\.25"):
        understood(answer('{"code":1400,"message":"Access from unauthorized location [203.0.113.25]!"}'), SHOP)


@pytest.mark.parametrize(
    "body",
    [
        '{"code":1400,"message":"Unauthorized access!"}',
        '{"error":{"code":1400,"message":"Unauthorized access!"}}',
        "code=1400&message=Unauthorized+access%21",
    ],
)
def test_s10_refused_credentials_are_a_setting(body: str) -> None:
    with pytest.raises(SettingError, match="credentials"):
        understood(answer(body, 401), SHOP)


@pytest.mark.parametrize("number", [1100, 1200, 1319, 1399, 1500])
def test_s11_passing_codes_are_passing_even_with_http_200(number: int) -> None:
    with pytest.raises(Unavailable):
        understood(answer(json.dumps({"code": number, "message": "unknown error"})), SHOP)


@pytest.mark.parametrize("number", [1301, 1303, 1311, 1316])
def test_codes_of_configuration_are_settings(number: int) -> None:
    with pytest.raises(SettingError):
        understood(answer(json.dumps({"code": number, "message": "x"})), SHOP)


@pytest.mark.parametrize(("number", "message"), [(1400, "wrong state"), (1104, "cannot be loaded"), (9999, "")])
def test_any_other_code_refuses_this_one_question(number: int, message: str) -> None:
    with pytest.raises(Refused) as caught:
        understood(answer(json.dumps({"code": number, "message": message})), SHOP)
    assert caught.value.code == str(number)
    assert not isinstance(caught.value, NotFound)


def test_s13_an_answer_about_another_payment_is_never_believed() -> None:
    body = '{"code":0,"message":"OK","transId":"ZZZZ-1111-2222","status":"PAID","price":"100","curr":"CZK"}'
    with pytest.raises(BadRecord, match="another payment"):
        said(body, "K7QD-0ZPN-41XE")


def test_an_answer_of_another_shop_is_never_believed() -> None:
    with pytest.raises(BadRecord, match="another shop"):
        said(variant(merchant="999999"), "K7QD-0ZPN-41XE")


@pytest.mark.parametrize("price", ["2490.50", "-100", "", None, ..., True, "9" * 16, [1]])
def test_s15_a_paid_payment_with_a_strange_price_is_unreadable(price: object) -> None:
    with pytest.raises(BadRecord, match="price"):
        said(variant(price=price), "K7QD-0ZPN-41XE")


def test_s15_a_price_of_zero_is_zero() -> None:
    assert said(variant(price="0"), "K7QD-0ZPN-41XE").price == 0


@pytest.mark.parametrize("changes", [{"curr": ""}, {"curr": "Kč"}, {"test": "maybe"}, {"status": ...}])
def test_a_paid_payment_that_is_unclear_otherwise_is_unreadable(changes: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        said(variant(**changes), "K7QD-0ZPN-41XE")


BROKEN = [b"", b'{"code":0,"mess', b"<html><title>502 Bad Gateway</title></html>", b"42", b"\xff\xfe\x00", b"a=1"]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, BadRecord),
        (400, BadRecord),
        (401, SettingError),
        (403, SettingError),
        (404, NotFound),
        (429, Unavailable),
        (500, Unavailable),
        (502, Unavailable),
    ],
)
def test_s16_without_a_readable_body_the_http_status_decides(
    body: bytes, status: int, error: type[PohodaPaymentsError]
) -> None:
    with pytest.raises(error):
        understood(answer(body, status), SHOP)


def test_s16_an_empty_list_is_no_status() -> None:
    assert understood(answer("[]"), SHOP) == []


def test_a_code_that_is_no_number_is_unreadable() -> None:
    with pytest.raises(BadRecord):
        understood(answer('{"code":"abc"}'), SHOP)


def test_an_object_without_any_code_is_judged_by_its_http_status() -> None:
    with pytest.raises(Unavailable) as caught:
        understood(answer("{}", 429, **{"retry-after": "7"}), SHOP)
    assert caught.value.retry_after == 7


def test_s18_an_error_without_code_is_understood_and_its_secret_is_cut() -> None:
    with pytest.raises(NotFound) as caught:
        understood(answer(S18), SHOP)
    assert "tajne" not in repr(caught.value.args)


def test_s18_a_secret_in_another_place_is_masked() -> None:
    with pytest.raises(Refused) as caught:
        understood(answer('{"code":1400,"message":"bad secret tajne given"}'), SHOP)
    assert "tajne" not in str(caught.value)


def test_s19_a_list_of_payouts_is_a_list() -> None:
    body = (
        '[{"transferId":5512001,"transferDate":"2026-03-04","accountCounterparty":"2900123456/2010",'
        '"accountOutgoing":"1112223334/5500","variableSymbol":"884300112"}]'
    )
    assert understood(answer(body), SHOP)[0]["transferId"] == 5512001


S20 = (
    '[{"typ":1,"Merchant":"418207","Datum zaplacení":"2026-03-02 10:11:48","Datum převodu":"2026-03-04",'
    '"ID ComGate":"K7QD-0ZPN-41XE","Metoda":"Karta online","Variabilní symbol platby":"884120537",'
    '"Variabilní symbol převodu":"884300112","ID od klienta":"2026000207","Měna":"CZK",'
    '"Potvrzená částka":"2490,50","Převedená částka":"2465,59","Poplatek celkem":"24,91"},'
    '{"typ":1,"Merchant":"418207","Datum zaplaceni":"2026-03-02 18:52:31","ID Comgate":"B2LM-8RTW-90QA",'
    '"ID od klienta":"2026000208","Mena":"CZK","Potvrzena castka":"1000.00","Prevedena castka":"991.00",'
    '"Poplatek celkem":"9.00"},'
    '{"typ":3,"ID ComGate":"H4VC-XX1P-7ODS","ID od klienta":"2026000191","Měna":"CZK",'
    '"Potvrzená částka":"-300,00","Převedená částka":"-305,00","Poplatek celkem":"5,00"}]'
)
HEADINGS = (
    '"Merchant";"Datum založení";"Datum zaplacení";"Datum převodu";"Měsíc fakturace";"ID ComGate";"Metoda";'
    '"Produkt";"Popis";"E-mail plátce";"Variabilní symbol platby";"Variabilní symbol převodu";"ID od klienta";'
    '"Měna";"Potvrzená částka";"Převedená částka";"Poplatek celkem";"Poplatek mezibankovní";"Poplatek asociace";'
    '"Poplatek zpracovatel";"Typ karty"\n'
)
S21 = HEADINGS + (
    '"418207";"2026-03-02 10:11:05";"2026-03-02 10:11:48";"2026-03-04";"";"K7QD-0ZPN-41XE";"Karta online";"";'
    '"Objednávka 7";"jana+shop@example.cz";"884120537";"884300112";"2026000207";"CZK";"2490,50";"2465,59";'
    '"24,91";"4,98";"7,47";"12,46";"EU_CONSUMER"\n'
    '"418207";"2026-03-02 18:40:00";"2026-03-02 18:52:31";"2026-03-04";"";"B2LM-8RTW-90QA";"Bankovní převod";"";'
    '"Objednávka 8";"p@example.cz";"884120991";"884300112";"2026000208";"CZK";"1000,00";"991,00";"9,00";"0,00";'
    '"0,00";"9,00";""\n'
    '"418207";"2026-02-20 09:00:00";"2026-03-03 13:05:10";"2026-03-04";"";"H4VC-XX1P-7ODS";"Karta online";"";'
    '"Refundace";"k@example.cz";"881002244";"884300112";"2026000191";"CZK";"-300,00";"-305,00";"5,00";"0,00";"0,00";'
    '"5,00";""\n'
    '"-";"";"";"2026-03-04";"";"";"";"suma";"-";"-";"-";"884300112";"-";"CZK";"3190,50";"3151,59";"38,91";"4,98";'
    '"7,47";"26,46";""\n'
)


def found(rows: list[dict[str, str]]) -> Found:
    return found_in(PayoutDay(DAY, (Payout(5512001, tuple(rows)),)), "comgate:418207", "418207")


def rows_of_s20() -> list[dict[str, str]]:
    return [normalised(row) for row in decoded(S20.encode())]


def seen(day: Found) -> list[tuple[Any, ...]]:
    return [(row["payment_id"], row["amount"], row["kind"], str(row["booked_on"])) for row in day.payments]


def test_s20_gives_two_payments_and_a_refund_whatever_the_headings() -> None:
    assert seen(found(rows_of_s20())) == [
        ("K7QD-0ZPN-41XE", 249050, "card", "2026-03-02"),
        ("B2LM-8RTW-90QA", 100000, "other", "2026-03-02"),
        ("H4VC-XX1P-7ODS-refund-5512001", -30000, "refund", "2026-03-04"),
    ]
    assert found(rows_of_s20()).payments[2]["reverses"] == "H4VC-XX1P-7ODS"
    assert '"prevedenacastka": "2465,59"' in found(rows_of_s20()).payments[0]["raw"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250"])
def test_s21_gives_the_same_payments_and_its_sum_agrees(encoding: str) -> None:
    day = found(rows_of_csv(S21.encode(encoding)))
    assert seen(day) == [
        ("K7QD-0ZPN-41XE", 249050, "card", "2026-03-02"),
        ("B2LM-8RTW-90QA", 100000, "transfer", "2026-03-02"),
        ("H4VC-XX1P-7ODS-refund-5512001", -30000, "refund", "2026-03-03"),
    ]
    assert (day.faults, day.notes) == ([], [])


@pytest.mark.parametrize("total", ["3190,51", "x"])
def test_a_sum_that_does_not_agree_is_told(total: str) -> None:
    day = found(rows_of_csv(S21.replace("3190,50", total).encode()))
    assert [(note.code, note.urgent) for note in day.notes] == [("payout_mismatch", True)]
    assert len(day.payments) == 3


def test_two_refunds_of_one_payment_in_one_payout_are_two() -> None:
    refund = rows_of_s20()[2]
    ids = [row["payment_id"] for row in found([refund, refund]).payments]
    assert ids == ["H4VC-XX1P-7ODS-refund-5512001", "H4VC-XX1P-7ODS-refund-5512001-2"]


def test_a_row_of_unknown_kind_is_told_and_not_counted() -> None:
    day = found([{**rows_of_s20()[0], "typ": "7"}])
    assert (day.payments, [note.code for note in day.notes]) == ([], ["unknown_row"])


def test_a_row_of_another_shop_is_told_and_not_counted() -> None:
    day = found([{**rows_of_s20()[0], "merchant": "111111"}])
    assert (day.payments, [note.code for note in day.notes]) == ([], ["other_shop"])


def test_a_row_of_nothing_is_nothing() -> None:
    assert found([{**rows_of_s20()[0], "potvrzenacastka": "0,00"}]).payments == []


@pytest.mark.parametrize(
    "changes", [{"idcomgate": "-"}, {"mena": ""}, {"potvrzenacastka": "mnoho"}, {"datumzaplaceni": "včera"}]
)
def test_an_unreadable_row_is_a_fault_and_the_others_go_on(changes: dict[str, str]) -> None:
    rows = rows_of_s20()
    day = found([{**rows[0], **changes}, rows[1]])
    assert [fault.record for fault in day.faults] == ["výplata 5512001, řádek 1"]
    assert [row["payment_id"] for row in day.payments] == ["B2LM-8RTW-90QA"]


@pytest.mark.parametrize("content", [b"", b'"a";"b"\n', S21.encode() + b'"1";"2"\n'])
def test_a_damaged_file_is_unreadable_as_a_whole(content: bytes) -> None:
    with pytest.raises(BadRecord):
        rows_of_csv(content)


def test_damaged_base64_is_unreadable() -> None:
    assert len(rows_of_file({"csv": base64.b64encode(S21.encode()).decode()})) == 4
    for file in ({"csv": "a?b"}, {"nazev": "x"}):
        with pytest.raises(BadRecord, match="base64"):
            rows_of_file(file)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("AB12-CD34-EF56", ["AB12-CD34-EF56"]),
        (" ab12–cd34–ef56 ", ["AB12-CD34-EF56"]),
        ("AB12-CD34-EF56; GH78-IJ90-KL12", ["AB12-CD34-EF56", "GH78-IJ90-KL12"]),
        ("https://payments.comgate.cz/client/instructions/index?id=AB12-CD34-EF56&h=1", ["AB12-CD34-EF56"]),
        ("AB12CD34EF56", []),
        ("AB12-CD34", []),
        ("XAB12-CD34-EF56", []),
        ("AB12-CD34-EF56-GH78", []),
        ("2026000207", []),
        ("  ", []),
        ("AB12-CD34-EF56 AB12-CD34-EF56", ["AB12-CD34-EF56"]),
    ],
)
def test_keys_are_found_as_people_write_them(text: str, keys: list[str]) -> None:
    assert keys_in(text) == keys
