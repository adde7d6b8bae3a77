"""The client's certificate: in every form in which people have it, and warned of before it ends."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from pydantic import SecretStr, ValidationError

from blocks.csob import CsobAccount
from sandbox.csob_certificates import Authority, Issued
from tasks.errors import SettingError
from tasks.providers.csob.certificate import expiries, identity, tls

AUTHORITY = Authority()
CLIENT = AUTHORITY.client()
PASSPHRASE = "tajné heslo"


def account(**settings: Any) -> CsobAccount:
    return CsobAccount(contract=1, **settings)


def as_text(pem: str, **settings: Any) -> CsobAccount:
    return account(certificate=SecretStr(pem), **settings)


def encrypted(issued: Issued) -> str:
    key = issued.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
    )
    return key.decode() + issued.certificate.public_bytes(Encoding.PEM).decode()


def test_a_text_works_also_when_a_form_has_joined_its_lines() -> None:
    for pem in (CLIENT.pem, CLIENT.pem.replace("\n", " "), CLIENT.pem.replace("\n", "")):
        assert identity(as_text(pem)).certificate == CLIENT.certificate


def test_an_encrypted_key_needs_its_password() -> None:
    whole = as_text(encrypted(CLIENT), passphrase=SecretStr(PASSPHRASE))
    assert identity(whole).certificate == CLIENT.certificate
    with pytest.raises(SettingError, match="csob-account"):
        identity(as_text(encrypted(CLIENT), passphrase=SecretStr("wrong")))
    with pytest.raises(SettingError, match="csob-account"):
        identity(as_text(encrypted(CLIENT)))


def test_a_file_from_windows_works_with_its_password(tmp_path: Path) -> None:
    packed = pkcs12.serialize_key_and_certificates(
        b"ceb",
        CLIENT.key,
        CLIENT.certificate,
        [AUTHORITY.certificate],
        BestAvailableEncryption(PASSPHRASE.encode()),
    )
    path = tmp_path / "ceb.pfx"
    path.write_bytes(packed)
    settings = account(certificate_file=f'"{path}"', passphrase=SecretStr(PASSPHRASE))
    assert identity(settings).chain == (AUTHORITY.certificate,)
    assert isinstance(tls(settings), ssl.SSLContext)
    with pytest.raises(SettingError):
        identity(account(certificate_file=str(path), passphrase=SecretStr("wrong")))


def test_a_packed_file_without_a_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ceb.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None, None, None, [CLIENT.certificate], BestAvailableEncryption(PASSPHRASE.encode())
        )
    )
    with pytest.raises(SettingError, match="no key"):
        identity(account(certificate_file=str(path), passphrase=SecretStr(PASSPHRASE)))


def test_the_certificate_that_belongs_to_the_key_is_ours_among_several() -> None:
    other = AUTHORITY.client("other").certificate.public_bytes(Encoding.PEM).decode()
    assert identity(as_text(other + CLIENT.pem)).certificate == CLIENT.certificate
    key = CLIENT.pem[CLIENT.pem.index("-----BEGIN PRIVATE") :]
    for wrong in (other + key, other, "-----BEGIN nothing", "čeština -----BEGIN"):
        with pytest.raises(SettingError):
            identity(as_text(wrong))


def test_no_error_and_no_repr_shows_the_key(tmp_path: Path) -> None:
    secret = CLIENT.pem.splitlines()[-3]
    settings = as_text(CLIENT.pem + "-----BEGIN X PRIVATE KEY-----\nAAAA\n-----END X PRIVATE KEY-----")
    with pytest.raises(SettingError) as error:
        identity(settings)
    assert secret not in str(error.value) + repr(settings) + repr(identity(as_text(CLIENT.pem)))


def test_files_that_are_not_there_are_settings_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.pem"):
        identity(account(certificate_file=str(tmp_path / "none.pem")))
    with pytest.raises(SettingError, match="authority"):
        tls(as_text(CLIENT.pem, authority_file=str(tmp_path / "none.pem")))


@pytest.mark.parametrize(
    ("left", "codes"),
    [
        (31, []),
        (30, [("certificate_expires", False)]),
        (15, [("certificate_expires", False)]),
        (14, [("certificate_expires", True)]),
        (7, [("certificate_expires", True)]),
        (0, [("certificate_expires", True)]),
        (-1, [("certificate_expired", True)]),
    ],
)
def test_the_end_of_the_certificate_is_told_ahead(left: int, codes: list[tuple[str, bool]]) -> None:
    settings = as_text(CLIENT.pem)
    notes = expiries(settings, identity(settings).last_day - dt.timedelta(days=left))
    assert [(note.code, note.urgent) for note in notes] == codes
    assert all(f"{identity(settings).last_day:%d.%m.%Y}" in note.text for note in notes)
    assert all(("poslední týden" in note.text) == (0 <= left <= 7) for note in notes)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"way": "folder"}, "vyplňte složku"),
        ({}, "buď soubor s certifikátem"),
        ({"certificate_file": "a.pem", "certificate": SecretStr("x")}, "buď"),
        ({"certificate_file": "a.pem", "address": "http://127.0.0.1"}, "https://"),
    ],
)
def test_a_block_that_cannot_work_says_what_to_do(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        account(**settings)
