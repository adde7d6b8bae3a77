"""The samples and variants of the fact sheet (gp-webpay.md 15), each with what it must come to."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509 import load_pem_x509_certificate

from sandbox.gp_webpay import certificate_of, merchant
from tasks.errors import BadRecord, PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.providers.gp_webpay.numbers import payment_number, questions_of
from tasks.providers.gp_webpay.replies import Detail, NotFound, Trust, detail_of
from tasks.providers.gp_webpay.signing import hash_of, is_signed, sign
from tasks.providers.gp_webpay.states import Outcome, Verdict, verdict_of
from tests.providers.notebook import document, documents

NOW = dt.datetime(2025, 3, 10, 12, tzinfo=dt.UTC)
M1, M3, M4 = (
    "7c1f0a6d5e9b4c2f8a3d6b7e1f204957",
    "0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f50",
    "aa11bb22cc33dd44ee55ff6677889900",
)


@functools.cache
def keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return rsa.generate_private_key(65537, 1024), rsa.generate_private_key(65537, 1024)  # noqa: S505


@functools.cache
def trust() -> Trust:
    return Trust([load_pem_x509_certificate(certificate_of(keys()[0]).encode())], hashes.SHA1())  # noqa: S303


def signed(xml: str, digest: str, *, key: int = 0) -> bytes:
    signature = keys()[key].sign(digest.encode(), PKCS1v15(), hashes.SHA1())  # noqa: S303
    return xml.replace("@SIG@", base64.b64encode(signature).decode()).encode()


S2 = f"""<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
 <ns4:getPaymentDetailResponse xmlns:ns4="http://gpe.cz/pay/pay-ws/proc/v1"
   xmlns="http://gpe.cz/gpwebpay/additionalInfo/response" xmlns:ns3="http://gpe.cz/pay/pay-ws/proc/v1/type">
  <ns4:paymentDetailResponse>
   <ns3:messageId>{M1}</ns3:messageId><ns3:state>8</ns3:state><ns3:status>CAPTURED</ns3:status>
   <ns3:subStatus>SETTLED</ns3:subStatus>
   <ns3:paymentMethod>CRD</ns3:paymentMethod><ns3:panMasked>405607******0016</ns3:panMasked>
   <ns3:brandName>VISA</ns3:brandName>
   <ns3:paymentAmount>123450</ns3:paymentAmount><ns3:approveAmount>123450</ns3:approveAmount>
   <ns3:captureAmount>123450</ns3:captureAmount><ns3:refundAmount>0</ns3:refundAmount>
   <ns3:approveCode>A1B2C3</ns3:approveCode><ns3:paymentTime>2025-03-01 10:09:58</ns3:paymentTime>
   <ns3:approveTime>2025-03-01 10:11:40</ns3:approveTime>
   <ns3:lastCaptureTime>2025-03-01 10:11:41</ns3:lastCaptureTime>
   <ns3:signature>@SIG@</ns3:signature>
  </ns4:paymentDetailResponse>
 </ns4:getPaymentDetailResponse></soapenv:Body></soapenv:Envelope>"""
D2 = (
    f"{M1}|8|CAPTURED|SETTLED|CRD|405607******0016|VISA|123450|123450|123450|0|A1B2C3"
    "|2025-03-01 10:09:58|2025-03-01 10:11:40|2025-03-01 10:11:41"
)
S3 = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
 <s:getPaymentDetailResponse xmlns:s="http://gpe.cz/pay/pay-ws/proc/v1">
 <s:paymentDetailResponse xmlns:t="http://gpe.cz/pay/pay-ws/proc/v1/type">
  <t:messageId>{M3}</t:messageId><t:state>1</t:state><t:status>PENDING_AUTHORIZATION</t:status>
  <t:subStatus>PGW_PAGE</t:subStatus><t:paymentMethod>PGW</t:paymentMethod><t:paymentAmount>49900</t:paymentAmount>
  <t:approveAmount>0</t:approveAmount><t:captureAmount>0</t:captureAmount><t:refundAmount>0</t:refundAmount>
  <t:paymentTime>2025-03-02 23:59:59</t:paymentTime><t:signature>@SIG@</t:signature>
 </s:paymentDetailResponse></s:getPaymentDetailResponse></e:Body></e:Envelope>"""
D3 = f"{M3}|1|PENDING_AUTHORIZATION|PGW_PAGE|PGW|49900|0|0|0|2025-03-02 23:59:59"
S4 = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
 <ns2:getPaymentDetailResponse xmlns:ns2="http://gpe.cz/pay/pay-ws/proc/v1"
   xmlns="http://gpe.cz/pay/pay-ws/proc/v1/type"><ns2:paymentDetailResponse>
  <messageId>{M4}</messageId><state>12</state><status>PARTIAL_PAYMENT</status>
  <paymentAmount>123450</paymentAmount><approveAmount>123450</approveAmount>
  <captureAmount>123450</captureAmount><refundAmount>23450</refundAmount>
  <paymentTime>2025-03-01 10:09:58</paymentTime><lastCaptureTime>2025-03-01 10:11:41</lastCaptureTime>
  <simpleValueHolder><name>terminalId</name><value>T0001</value></simpleValueHolder>
  <simpleValueHolder><name>eci</name><value>05</value></simpleValueHolder>
  <traceId>MDHQ12345 0301</traceId><authResponseCode>00</authResponseCode><futureField>x1</futureField>
  <signature>@SIG@</signature>
 </ns2:paymentDetailResponse></ns2:getPaymentDetailResponse></e:Body></e:Envelope>"""
D4 = (
    f"{M4}|12|PARTIAL_PAYMENT|123450|123450|123450|23450|2025-03-01 10:09:58|2025-03-01 10:11:41"
    "|terminalId|T0001|eci|05|MDHQ12345 0301|00|x1"
)
S5 = f"""<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>
 <faultcode>soapenv:Server</faultcode><faultstring>Object not found</faultstring>
 <detail><ns4:serviceException xmlns:ns4="http://gpe.cz/pay/pay-ws/proc/v1"
   xmlns:ns3="http://gpe.cz/pay/pay-ws/proc/v1/type">
  <ns3:messageId>{M1}</ns3:messageId><ns3:primaryReturnCode>15</ns3:primaryReturnCode>
  <ns3:secondaryReturnCode>1</ns3:secondaryReturnCode><ns3:signature>@SIG@</ns3:signature>
 </ns4:serviceException></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""
D5 = f"{M1}|15|1"


def changed(sample: str, **fields: str | None) -> bytes:
    """The sample with these fields changed, emptied ("") or left out (None), signed over what it then holds."""
    for name, value in fields.items():
        element = re.compile(rf"<((?:\w+:)?{name})>[^<]*</\1>")
        assert element.search(sample), name
        sample = element.sub("" if value is None else rf"<\1>{value}</\1>", sample)
    leaves = re.findall(r"<(?:\w+:)?(\w+)>([^<]*)</", sample)
    unsigned = ("signature", "faultcode", "faultstring")
    return signed(sample, "|".join(text for name, text in leaves if name not in unsigned))


def said(body: bytes, message_id: str = M1) -> Detail:
    return detail_of(body, message_id, trust())


def verdict(body: bytes, message_id: str = M1, now: dt.datetime = NOW, **settings: bool) -> Verdict:
    given: dict[str, bool] = {"only_settled": False, "captured_less_refunds": False, **settings}
    return verdict_of(said(body, message_id), now=now, **given)


def test_s1_the_digest_of_a_request_is_its_fields_joined_by_bars() -> None:
    values = [M1, "0100", "0012345678", "2501000123"]
    signature = base64.b64encode(sign(keys()[0], values, hash_of("SHA-1"))).decode()
    joined = f"{M1}|0100|0012345678|2501000123"
    assert signature.encode() in signed("@SIG@", joined)
    assert is_signed(values, signature, trust().certificates, hashes.SHA1())  # noqa: S303
    assert not is_signed(values, signature, trust().certificates, hashes.SHA256())


def test_s2_a_settled_capture_is_money_of_its_day() -> None:
    detail = said(signed(S2, D2))
    assert (detail.state, detail.status, detail.captured, detail.refunded) == (8, "CAPTURED", 123450, 0)
    assert detail.captured_at == dt.datetime(2025, 3, 1, 10, 11, 41)  # noqa: DTZ001
    assert verdict(signed(S2, D2)) == Verdict(Outcome.PAID, 123450, 0)
    assert "4056" not in detail.raw


def test_s3_a_customer_still_on_the_page_is_not_yet() -> None:
    assert verdict(signed(S3, D3), M3) == Verdict(Outcome.PENDING)


def test_s4_a_partial_refund_with_new_fields_and_pairs_is_verified_and_leaves_the_rest() -> None:
    assert verdict(signed(S4, D4), M4) == Verdict(Outcome.PAID, 123450, 23450)


def test_s5_an_unknown_payment_is_a_normal_answer() -> None:
    with pytest.raises(NotFound) as caught:
        said(signed(S5, D5))
    assert caught.value.code == "15"


@pytest.mark.parametrize(
    ("sample", "fields", "expected"),
    [
        (S2, {"state": "7", "subStatus": "PENDING_CAPTURE_SETTLEMENT"}, Verdict(Outcome.PAID, 123450)),
        (
            S2,
            {"status": "REFUNDED", "state": "12", "refundAmount": "123450"},
            Verdict(Outcome.REFUNDED, 123450, 123450),
        ),
        (
            S2,
            {"status": "PENDING_CAPTURE", "state": "4", "captureAmount": "0", "lastCaptureTime": None},
            Verdict(Outcome.AUTHORISED),
        ),
        (S2, {"status": "REVERSED", "state": "5", "captureAmount": "0"}, Verdict(Outcome.UNPAID)),
        (S3, {"status": "UNPAID", "subStatus": "DECLINED", "state": "6"}, Verdict(Outcome.UNPAID)),
        (S2, {"status": None, "subStatus": None}, Verdict(Outcome.PAID, 123450)),
        (S2, {"subStatus": ""}, Verdict(Outcome.PAID, 123450)),
        (S2, {"status": "SOMETHING_NEW"}, Verdict(Outcome.PAID, 123450, remark=True)),
        (S2, {"captureAmount": "100000", "status": "PARTIAL_PAYMENT"}, Verdict(Outcome.PAID, 100000)),
        (S2, {"captureAmount": "200000"}, Verdict(Outcome.PAID, 200000)),
        (S2, {"captureAmount": "4990"}, Verdict(Outcome.PAID, 4990)),
        (S2, {"status": None, "subStatus": None, "state": "12"}, Verdict(Outcome.PAID, 123450, remark=True)),
        (
            S2,
            {"status": None, "subStatus": None, "state": "4", "captureAmount": "0"},
            Verdict(Outcome.AUTHORISED),
        ),
        (S2, {"status": None, "subStatus": None, "state": "13", "captureAmount": "0"}, Verdict(Outcome.UNPAID)),
        (S2, {"status": None, "subStatus": None, "state": "9", "captureAmount": "0"}, Verdict(Outcome.UNPAID)),
    ],
    ids=["V1", "V2", "V3", "V4", "V5", "V7", "V8", "V10", "V11", "V12", "V29", "12", "4", "13", "9"],
)
def test_a_variant_comes_to_its_verdict(sample: str, fields: dict[str, str | None], expected: Verdict) -> None:
    assert verdict(changed(sample, **fields), M1 if sample is S2 else M3) == expected


def test_v1_with_the_option_only_settled_is_not_yet() -> None:
    body = changed(S2, state="7", subStatus="PENDING_CAPTURE_SETTLEMENT")
    assert verdict(body, only_settled=True) == Verdict(Outcome.UNSETTLED)
    assert verdict(signed(S2, D2), only_settled=True) == Verdict(Outcome.PAID, 123450)


@pytest.mark.parametrize(
    ("sub_status", "minutes", "outcome"),
    [
        ("3DS_REDIRECT", 20, Outcome.PENDING),
        ("3DS_REDIRECT", 22 * 60, Outcome.PENDING),
        ("3DS_REDIRECT", 24 * 60, Outcome.UNPAID),
        ("DECLINED", 59, Outcome.PENDING),
        ("DECLINED", 61, Outcome.UNPAID),
    ],
    ids=["V6", "22 h", "24 h", "59 min", "61 min"],
)
def test_a_young_unpaid_payment_can_still_be_paid(sub_status: str, minutes: int, outcome: Outcome) -> None:
    created_at = dt.datetime(2025, 3, 2, 22, 59, 59, tzinfo=dt.UTC)
    body = changed(S3, status="UNPAID", state="6", subStatus=sub_status)
    assert verdict(body, M3, created_at + dt.timedelta(minutes=minutes)).outcome is outcome


def test_an_unpaid_payment_without_a_time_is_final() -> None:
    assert verdict(changed(S3, status="UNPAID", paymentTime=None), M3).outcome is Outcome.UNPAID


@pytest.mark.parametrize(
    "fields",
    [
        {"captureAmount": None},
        {"captureAmount": "0"},
        {"refundAmount": "1"},
        {"refundAmount": "999999"},
        {"status": "PARTIAL_PAYMENT", "refundAmount": "123450"},
        {"status": "REFUNDED"},
        {"status": "REFUNDED", "captureAmount": "0"},
        {"status": "PENDING_CAPTURE", "state": "4"},
        {"status": "PENDING_AUTHORIZATION", "state": "1"},
        {"status": "UNPAID", "state": "6"},
        {"status": "REVERSED", "state": "5"},
        {"state": "6"},
        {"status": "SOMETHING_NEW", "state": "12"},
        {"status": "SOMETHING_NEW", "captureAmount": "0"},
        {"status": None, "captureAmount": "0"},
        {"status": None, "state": "6"},
    ],
)
def test_contradictions_are_unreadable_and_never_money(fields: dict[str, str | None]) -> None:
    with pytest.raises(BadRecord, match="contradict"):
        verdict(changed(S2, **fields))


def test_v9_is_a_contradiction_that_shows_its_evidence() -> None:
    with pytest.raises(BadRecord, match="status CAPTURED, state 8, captured 0, refunded 0"):
        verdict(changed(S2, captureAmount=None))


def test_captured_amounts_may_be_reported_less_refunds() -> None:
    body = changed(S4, captureAmount="100000")
    assert verdict(body, M4, captured_less_refunds=True) == Verdict(Outcome.PAID, 123450, 23450)


@pytest.mark.parametrize("body", [signed(S2, D2, key=1), signed(S2.replace(">123450<", ">923450<"), D2)])
def test_v14_v15_a_reply_of_another_key_or_changed_after_signing_stops_the_run(body: bytes) -> None:
    with pytest.raises(SettingError, match="not signed"):
        said(body)


@pytest.mark.parametrize("signature", ["", "@SIG", "čau", "AAAA", None])
def test_a_reply_without_a_whole_signature_stops_the_run(signature: str | None) -> None:
    element = "" if signature is None else f"<ns3:signature>{signature}</ns3:signature>"
    with pytest.raises(SettingError, match="not signed"):
        said(S2.replace("<ns3:signature>@SIG@</ns3:signature>", element).encode())


def test_two_signatures_are_none() -> None:
    one = "<ns3:signature>@SIG@</ns3:signature>"
    with pytest.raises(SettingError, match="not signed"):
        said(signed(S2.replace(one, one + one), D2))


def test_v16_a_signed_answer_to_another_question_is_not_ours() -> None:
    with pytest.raises(BadRecord, match="another message"):
        said(signed(S2, D2), M3)


def test_v17_an_unknown_payment_of_another_key_is_not_believed() -> None:
    with pytest.raises(SettingError, match="not signed"):
        said(signed(S5, D5, key=1))


@pytest.mark.parametrize(
    ("primary", "secondary", "error"),
    [
        ("31", "0", SettingError),
        ("11", "2", SettingError),
        ("25", "0", SettingError),
        ("1000", "0", Unavailable),
        ("26", "0", Unavailable),
        ("80", "0", Unavailable),
        ("1", "1", Refused),
        ("3", "1", Refused),
        ("5", "34", Refused),
        ("27", "0", Refused),
        ("9999", "0", Refused),
    ],
    ids=["V18", "V22 11", "V22 25", "V20", "26", "V21", "1", "3", "5", "27", "unknown"],
)
def test_return_codes_mean_what_to_do(primary: str, secondary: str, error: type[PohodaPaymentsError]) -> None:
    with pytest.raises(error, match=f"PRCODE {primary}, SRCODE {secondary}") as caught:
        said(changed(S5, primaryReturnCode=primary, secondaryReturnCode=secondary))
    assert not isinstance(caught.value, NotFound)


def test_v19_only_code_7_may_carry_a_foreign_message_id() -> None:
    with pytest.raises(Refused, match="PRCODE 7"):
        said(changed(S5, primaryReturnCode="7", secondaryReturnCode="0", messageId="1234567890123456789"))
    with pytest.raises(BadRecord, match="another message"):
        said(changed(S5, messageId="1234567890123456789"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Service Unavailable</body></html>",
        b"<!DOCTYPE html><html><p>oops</html>",
        signed(S2, D2)[:900],
        b'<!DOCTYPE x [<!ENTITY y "z">]>' + signed(S2, D2),
        signed(S2.replace("paymentDetailResponse", "paymentStatusResponse"), D2),
        signed(S2.replace("proc/v1/type", "core/type").replace("proc/v1", "core"), D2),
        S5.replace("<detail>", "<x>").replace("</detail>", "</x>").encode(),
    ],
    ids=["V23 empty", "V23 HTML", "HTML 5", "V24", "V25", "other operation", "other generation", "no detail"],
)
def test_what_is_no_reply_is_passing(body: bytes) -> None:
    with pytest.raises(Unavailable):
        said(body)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "abc"},
        {"state": None},
        {"state": " 8"},
        {"captureAmount": "-1"},
        {"captureAmount": "1.5"},
        {"refundAmount": "mnoho"},
        {"paymentTime": "2025-03-01"},
        {"lastCaptureTime": "včera"},
    ],
)
def test_v26_signed_nonsense_is_unreadable(fields: dict[str, str | None]) -> None:
    with pytest.raises(BadRecord):
        said(changed(S2, **fields))


def test_a_field_told_twice_is_unreadable() -> None:
    twice = "<ns3:state>8</ns3:state>"
    with pytest.raises(BadRecord, match="twice"):
        said(signed(S2.replace(twice, twice * 2), D2.replace("|8|", "|8|8|")))


def test_a_comment_inside_a_value_is_unreadable() -> None:
    with pytest.raises(BadRecord, match="comment"):
        said(signed(S2.replace(">CAPTURED<", ">CAP<!-- -->TURED<"), D2))


CONTACT = (
    '<ns3:additionalInfoResponse version="1.0"><a:contact xmlns:a="http://gpe.cz/gpwebpay/additionalInfo/response/v1">'
    "<a:firstName>Jana</a:firstName><a:email>jana@example.cz</a:email></a:contact></ns3:additionalInfoResponse>"
)


def test_v30_additional_info_is_verified_by_its_leaves_and_not_kept() -> None:
    mark = "<ns3:signature>"
    body = signed(S2.replace(mark, CONTACT + mark), D2 + "|Jana|jana@example.cz")
    assert "Jana" not in said(body).raw
    assert verdict(body) == Verdict(Outcome.PAID, 123450)


def test_a_failed_signature_over_nested_values_is_told_apart_and_does_not_stop_the_others() -> None:
    mark = "<ns3:signature>"
    with pytest.raises(BadRecord, match="nested"):
        said(signed(S2.replace(mark, CONTACT + mark), D2))


def test_an_empty_value_may_also_have_been_left_out_of_the_digest() -> None:
    body = signed(S2.replace(">SETTLED<", "><"), D2.replace("|SETTLED", ""))
    assert verdict(body) == Verdict(Outcome.PAID, 123450)


def numbered(**settings: Any) -> Any:
    return merchant("http://127.0.0.1:1", *keys(), **settings)


@pytest.mark.parametrize(
    ("text", "settings", "number"),
    [
        ("2501000123", {}, "2501000123"),
        (" 00123 ", {}, "00123"),
        ("00123", {"strip_leading_zeros": True}, "123"),
        ("FV-2025/17", {}, None),
        ("FV-2025/17", {"number_pattern": r"FV-(\d+)/(\d+)"}, "202517"),
        ("1" * 15, {}, "1" * 15),
        ("1" * 16, {}, None),
        ("17", {"prefix": "2025"}, "202517"),
        ("1" * 12, {"prefix": "2025"}, None),
        ("OBJ", {"number_pattern": "[A-Z]+"}, None),
        ("000", {"strip_leading_zeros": True}, None),
    ],
    ids=[
        "S1",
        "zeros",
        "no zeros",
        "V27",
        "pattern",
        "15",
        "V28",
        "prefix",
        "too long",
        "letters",
        "nothing left",
    ],
)
def test_payment_numbers_come_from_documents(text: str, settings: dict[str, Any], number: str | None) -> None:
    assert payment_number(text, numbered(**settings)) == number


def test_v27_v28_documents_without_a_payment_number_are_reported_and_not_asked() -> None:
    papers = documents(
        [
            document("FV-2025/17", reference="x"),
            document("1" * 16),
            document("2501000123"),
            document("250100012399999"),
        ]
    )
    questions, faults = questions_of(papers, numbered(number_from="number", attempt_suffixes=["1", "02"]))
    assert [fault.record for fault in faults] == ["FV-2025/17", "1" * 16]
    assert questions["key"].tolist() == ["2501000123", "25010001231", "250100012302", "250100012399999"]
    assert questions["reference"].tolist() == ["2501000123"] * 3 + ["250100012399999"]


def test_documents_without_the_field_are_passed_over() -> None:
    questions, faults = questions_of(documents([document("A"), document("B", variable_symbol=" ")]), numbered())
    assert (len(questions), faults) == (0, [])


def test_v13_the_currency_is_the_merchants_or_else_the_documents() -> None:
    papers = documents([document("A", variable_symbol="17", currency="EUR")])
    assert questions_of(papers, numbered())[0]["currency"].tolist() == ["EUR"]
    assert questions_of(papers, numbered(currency="CZK"))[0]["currency"].tolist() == ["CZK"]


def test_one_number_in_two_currencies_is_reported_unless_the_merchant_has_one() -> None:
    papers = documents([document("A", variable_symbol="17"), document("B", variable_symbol="17", currency="EUR")])
    questions, faults = questions_of(papers, numbered())
    assert (len(questions), [fault.record for fault in faults]) == (0, ["17"])
    assert questions_of(papers, numbered(currency="CZK"))[0]["key"].tolist() == ["17"]


def test_a_currency_without_hundredths_is_reported() -> None:
    papers = documents([document("A", variable_symbol="17", currency="JPY")])
    questions, faults = questions_of(papers, numbered())
    assert (len(questions), [fault.record for fault in faults]) == (0, ["A"])
