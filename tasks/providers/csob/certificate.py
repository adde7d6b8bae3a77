"""The client's certificate for Business Connector: from a file or a text, into TLS, and when it ends."""

from __future__ import annotations

import datetime as dt
import os
import re
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)

from blocks.csob import CsobAccount
from tasks.days import prague_day
from tasks.errors import SettingError
from tasks.provider import Note

WARNED_DAYS = 30
URGENT_DAYS = 14
LAST_DAYS = 7

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, repr=False)
class Identity:
    """The key and its certificate, with the certificates of those who signed it."""

    key: PrivateKeyTypes
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    @property
    def last_day(self) -> dt.date:
        """The last day on which the bank accepts the certificate."""
        return prague_day(self.certificate.not_valid_after_utc)


def identity(account: CsobAccount) -> Identity:
    """The certificate and key of the block. Raises SettingError when they cannot be had from it."""
    content = _content(account)
    passphrase = account.passphrase.get_secret_value().encode() if account.passphrase else None
    try:
        if b"-----BEGIN" in content:
            return _from_pem(content, passphrase)
        key, certificate, chain = pkcs12.load_key_and_certificates(content, passphrase)
    except (ValueError, TypeError) as error:
        raise _unusable(type(error).__name__) from None
    if key is None or certificate is None:
        raise _unusable("it holds no key or no certificate")
    return Identity(key, certificate, tuple(chain))


def tls(account: CsobAccount) -> ssl.SSLContext:
    """TLS that shows the client's certificate and verifies the server's."""
    own = identity(account)
    try:
        context = ssl.create_default_context(cafile=account.authority_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            "The file with the certification authority cannot be read",
            evidence=type(error).__name__,
            next_step="correct the file with the authority in the block csob-account",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python takes a key from files only, so it goes there encrypted with a password that nobody ever sees.
    password = secrets.token_bytes(32).hex().encode()
    pem = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    for certificate in (own.certificate, *own.chain):
        pem += certificate.public_bytes(Encoding.PEM)
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
    return context


def expiries(account: CsobAccount, today: dt.date) -> list[Note]:
    """A warning from thirty days before the certificate ends, more urgent at fourteen and at seven."""
    last = identity(account).last_day
    left = (last - today).days
    if left > WARNED_DAYS:
        return []
    when = f"Certifikát pro ČSOB Business Connector platí do {last:%d.%m.%Y}"
    how = "požádejte o nový, zaregistrujte ho v portálu CEB a vložte do bloku ČSOB"
    if left < 0:
        text = f"{when}, tedy už neplatí: {how}."
        return [Note("certificate_expired", text, urgent=True, ends_on=last)]
    if left <= LAST_DAYS:
        text = f"{when}, zbývá poslední týden ({left} dní): {how} hned."
        return [Note("certificate_expires", text, urgent=True, ends_on=last)]
    text = f"{when}, zbývá {left} dní: {how}."
    return [Note("certificate_expires", text, urgent=left <= URGENT_DAYS, ends_on=last)]


def _content(account: CsobAccount) -> bytes:
    if account.certificate:
        return account.certificate.get_secret_value().encode()
    try:
        return Path(account.certificate_file).read_bytes()
    except OSError as error:
        raise SettingError(
            "The file with the certificate cannot be read",
            evidence=f"{account.certificate_file}: {type(error).__name__}",
            next_step="correct the path in the block csob-account, it must lead there from the worker's computer",
        ) from None


def _from_pem(content: bytes, passphrase: bytes | None) -> Identity:
    blocks = [(label, _reflowed(label, body)) for label, body in _PEM.findall(content.decode("ascii"))]
    keys = [pem for label, pem in blocks if label.endswith("PRIVATE KEY")]
    certificates = [x509.load_pem_x509_certificate(pem) for label, pem in blocks if label == "CERTIFICATE"]
    if len(keys) != 1:
        raise ValueError("one private key is expected")
    encrypted = b"ENCRYPTED" in keys[0]
    key = load_pem_private_key(keys[0], passphrase if encrypted else None)
    ours = [one for one in certificates if _public(one) == _public(key)]
    if not ours:
        raise ValueError("no certificate belongs to the key")
    return Identity(key, ours[0], tuple(one for one in certificates if one is not ours[0]))


def _reflowed(label: str, body: str) -> bytes:
    """One PEM block with its line ends again, which a form of one line takes away."""
    inner = body.strip() if ":" in body else "\n".join(re.findall(".{1,64}", re.sub(r"\s+", "", body)))
    return f"-----BEGIN {label}-----\n{inner}\n-----END {label}-----\n".encode()


def _public(owner: x509.Certificate | PrivateKeyTypes) -> bytes:
    return owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _unusable(evidence: str) -> SettingError:
    return SettingError(
        "The certificate for Business Connector cannot be used",
        evidence=evidence,
        next_step="put certificate, key and password that belong together into the block csob-account",
    )
