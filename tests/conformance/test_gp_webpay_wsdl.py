"""The product's description of GP webpay's service against the vendor's, and a genuine reply of the gateway."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import zeep
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree

from tasks.providers.gp_webpay.gateway import BINDING, DESCRIPTION
from tasks.providers.gp_webpay.replies import SERVICE, SOAP, TYPES
from tasks.providers.gp_webpay.signing import hash_of, is_signed

REFERENCE = Path(__file__).resolve().parents[2] / ".." / "shared" / "wsdl" / "gpwebpay"
pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference schemas are not there")

LOOKUP = {
    "messageId": "7c1f0a6d5e9b4c2f8a3d6b7e1f204957",
    "provider": "0100",
    "merchantNumber": "0012345678",
    "paymentNumber": "2501000123",
    "signature": b"\x01\x02",
}


def client(description: Path) -> Any:
    return zeep.Client(str(description))


def request(description: Path, operation: str, **fields: Any) -> bytes:
    """The message that zeep makes of the description."""
    loaded = client(description)
    service = loaded.create_service(BINDING, "http://127.0.0.1:1")
    return etree.tostring(loaded.create_message(service, operation, **fields))


@pytest.mark.parametrize("vendors", ["cws_v1.wsdl", "older-2021/cws_v1.wsdl"])
@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("getPaymentDetail", {"paymentDetailRequest": LOOKUP}),
        ("getPaymentStatus", {"paymentStatusRequest": LOOKUP}),
        ("echo", {}),
    ],
)
def test_requests_are_the_same_as_from_the_vendors_description(
    vendors: str, operation: str, fields: dict[str, Any]
) -> None:
    assert request(DESCRIPTION, operation, **fields) == request(REFERENCE / vendors, operation, **fields)


def test_fields_are_in_the_namespaces_in_which_replies_are_read() -> None:
    envelope = etree.fromstring(request(DESCRIPTION, "getPaymentDetail", paymentDetailRequest=LOOKUP))
    path = f"{SOAP}Body/{SERVICE}getPaymentDetail/{SERVICE}paymentDetailRequest"
    found = envelope.find(path)
    assert found is not None
    assert [child.tag for child in found] == [f"{TYPES}{name}" for name in LOOKUP]


@pytest.mark.parametrize("name", ["SHA-1", "SHA-256"])
def test_the_signature_of_a_genuine_reply_verifies_by_sha_1_alone(name: str) -> None:
    known = json.loads((REFERENCE / "known-answer.json").read_text(encoding="utf-8"))
    certificate = load_pem_x509_certificate((REFERENCE / "gpe.signing_test.pem").read_bytes())
    values = [value for _, value in known["fields_in_order"]]
    assert is_signed(values, known["signature_base64"], [certificate], hash_of(name)) is (name == "SHA-1")
    assert "|".join(values) == known["digest_input"]


def test_reordered_or_changed_values_of_a_genuine_reply_do_not_verify() -> None:
    known = json.loads((REFERENCE / "known-answer.json").read_text(encoding="utf-8"))
    certificate = load_pem_x509_certificate((REFERENCE / "gpe.signing_test.pem").read_bytes())
    values = [value for _, value in known["fields_in_order"]]
    changed = [values[0], "8", *values[2:]]
    for wrong in (list(reversed(values)), changed, values[:3]):
        assert not is_signed(wrong, known["signature_base64"], [certificate], hashes.SHA1())  # noqa: S303
    assert len(base64.b64decode(known["signature_base64"])) == 256
