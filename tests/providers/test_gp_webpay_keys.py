"""The merchant's key in every form in which shops keep it, and the gateway's certificates."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from pydantic import SecretStr, ValidationError

from blocks.gp_webpay import GpWebpayMerchant
from sandbox.gp_webpay import certificate_of, merchant, pem_of
from tasks.errors import SettingError
from tasks.providers.gp_webpay import GpWebpay
from tasks.providers.gp_webpay import keys as subject
from tasks.providers.gp_webpay.keys import certificates_of, load_private_key, private_key_of
from tasks.providers.gp_webpay.signing import is_signed
from tests.providers.notebook import Notebook

PASSWORD = b"Heslo-k-1"
TODAY = dt.datetime.now(dt.UTC).date()


@functools.cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def form(encoding: Encoding, kind: PrivateFormat, password: bytes | None) -> bytes:
    return key().private_bytes(encoding, kind, BestAvailableEncryption(password) if password else NoEncryption())


def pfx_of_old() -> bytes:
    """With the encryption of old Java keystore tools."""
    builder = PrivateFormat.PKCS12.encryption_builder().key_cert_algorithm(
        pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC
    )
    wanted = builder.hmac_hash(hashes.SHA1()).build(PASSWORD)  # noqa: S303
    return pkcs12.serialize_key_and_certificates(b"gpwebpay", key(), None, None, wanted)


def pfx(password: bytes | None) -> bytes:
    wanted = BestAvailableEncryption(password) if password else NoEncryption()
    certificate = x509.load_pem_x509_certificate(certificate_of(key()).encode())
    return pkcs12.serialize_key_and_certificates(b"gpwebpay", key(), certificate, None, wanted)


PLAIN = {
    "PKCS#8 PEM": lambda: form(Encoding.PEM, PrivateFormat.PKCS8, None),
    "PKCS#1 PEM": lambda: form(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, None),
    "PKCS#8 DER": lambda: form(Encoding.DER, PrivateFormat.PKCS8, None),
    "PKCS#1 DER": lambda: form(Encoding.DER, PrivateFormat.TraditionalOpenSSL, None),
    "PFX": lambda: pfx(None),
}
ENCRYPTED = {
    "PKCS#8 PEM": lambda: form(Encoding.PEM, PrivateFormat.PKCS8, PASSWORD),
    "PKCS#1 PEM": lambda: form(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, PASSWORD),
    "PKCS#8 DER": lambda: form(Encoding.DER, PrivateFormat.PKCS8, PASSWORD),
    "PFX": lambda: pfx(PASSWORD),
    "PFX of old": pfx_of_old,
}


def same(found: rsa.RSAPrivateKey) -> bool:
    return found.private_numbers() == key().private_numbers()


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["without password", "with a needless password"])
def test_a_plain_key_is_opened(name: str, password: bytes | None) -> None:
    assert same(load_private_key(PLAIN[name](), password))


@pytest.mark.parametrize("name", ENCRYPTED)
def test_an_encrypted_key_is_opened_by_its_password_only(name: str) -> None:
    content = ENCRYPTED[name]()
    assert same(load_private_key(content, PASSWORD))
    with pytest.raises(SettingError, match="with the password given"):
        load_private_key(content, b"jine heslo")
    with pytest.raises(SettingError, match="without a password"):
        load_private_key(content, None)


def test_errors_never_tell_the_password_or_the_key() -> None:
    with pytest.raises(SettingError) as caught:
        load_private_key(ENCRYPTED["PKCS#8 PEM"](), b"jine heslo")
    assert "jine" not in repr(caught.value)
    assert "BEGIN" not in repr(caught.value)


def test_a_java_keystore_is_named_with_what_to_do() -> None:
    with pytest.raises(SettingError, match="P12"):
        load_private_key(b"\xfe\xed\xfe\xed\x00\x00\x00\x02", PASSWORD)


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_rubbish_is_no_key(content: bytes) -> None:
    with pytest.raises(SettingError, match="cannot be opened"):
        load_private_key(content, None)


def test_a_key_that_is_not_rsa_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(SettingError, match="not an RSA key"):
        load_private_key(pem, None)


def test_an_unknown_encryption_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm

    def unsupported(*_: Any) -> None:
        raise UnsupportedAlgorithm("RC2")

    monkeypatch.setattr(subject, "load_pem_private_key", unsupported)
    with pytest.raises(SettingError, match="unknown way"):
        load_private_key(PLAIN["PKCS#8 PEM"](), None)


def block(**changes: Any) -> GpWebpayMerchant:
    return merchant("http://127.0.0.1:1", key(), key()).model_copy(update=changes)


def test_the_key_may_be_in_the_block_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "klíč.p12"
    file.write_bytes(pfx(PASSWORD))
    password = SecretStr(PASSWORD.decode())
    assert same(private_key_of(block()))
    from_file = block(private_key=None, private_key_file=str(file), private_key_password=password)
    assert same(private_key_of(from_file))


@pytest.mark.parametrize("path", ["nowhere.key", "", "\0"])
def test_a_file_that_is_not_there_is_named(path: str, tmp_path: Path) -> None:
    missing = str(tmp_path / path) if path != "\0" else path
    with pytest.raises(SettingError, match="private key cannot be read"):
        private_key_of(block(private_key=None, private_key_file=missing))
    with pytest.raises(SettingError, match="certificate of the gateway cannot be read"):
        certificates_of(block(gateway_certificates=[missing]))


def test_certificates_may_be_text_or_files_of_both_forms(tmp_path: Path) -> None:
    text = certificate_of(key())
    der = x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)
    (tmp_path / "a.pem").write_text(text, encoding="ascii")
    (tmp_path / "b.cer").write_bytes(der)
    given = [text, str(tmp_path / "a.pem"), str(tmp_path / "b.cer")]
    assert len({c.fingerprint(hashes.SHA256()) for c in certificates_of(block(gateway_certificates=given))}) == 1


def test_rubbish_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "a.cer").write_bytes(b"rubbish")
    with pytest.raises(SettingError, match="cannot be read"):
        certificates_of(block(gateway_certificates=[str(tmp_path / "a.cer")]))


def test_a_certificate_without_an_rsa_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, other.public_key(), 1)
    soon = builder.not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    made = soon.not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC)).sign(other, hashes.SHA256())
    assert not is_signed(["1"], "AAAA", [made], hashes.SHA256())
    with pytest.raises(SettingError, match="no RSA key"):
        certificates_of(block(gateway_certificates=[made.public_bytes(Encoding.PEM).decode()]))


@pytest.mark.parametrize(("days", "told"), [(30, True), (59, True), (62, False)])
def test_a_certificate_that_ends_soon_is_told(days: int, told: bool) -> None:
    ending = block(gateway_certificates=[certificate_of(key(), days=days)])
    notes = GpWebpay(ending, Notebook()).expiries(TODAY)
    assert [note.code for note in notes] == ["certificate_expires"] * told


def test_a_short_key_is_told() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505
    notes = GpWebpay(block(private_key=SecretStr(pem_of(short))), Notebook()).expiries(TODAY)
    assert [note.code for note in notes] == ["weak_key"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("merchant_number", "12345678901"),
        ("merchant_number", ""),
        ("provider", "100"),
        ("provider", "01000"),
        ("currency", "Kč"),
        ("number_pattern", "("),
        ("prefix", "A"),
        ("attempt_suffixes", ["a"]),
        ("attempt_suffixes", [""]),
        ("gateway_certificates", []),
        ("private_key", None),
        ("private_key_file", "key.pem"),
        ("address", "http://3dsecure.gpwebpay.com/pay-ws/v1/PaymentService"),
        ("concurrency", 0),
        ("pause_seconds", -1),
    ],
)
def test_wrong_settings_are_refused_by_the_block(field: str, value: object) -> None:
    given = {
        "merchant_number": "0012345678",
        "provider": "0100",
        "private_key": "-----BEGIN",
        "gateway_certificates": ["gpe.pem"],
        field: value,
    }
    with pytest.raises(ValidationError):
        GpWebpayMerchant.model_validate(given)
