"""The merchant's private key in all the forms in which it lies about, and the gateway's certificates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from blocks.gp_webpay import GpWebpayMerchant
from tasks.errors import SettingError

JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")

Loader = Callable[[bytes, bytes | None], object]


def private_key_of(merchant: GpWebpayMerchant) -> RSAPrivateKey:
    """The merchant's key from the block or from its file. Raises SettingError that says what is wrong with it."""
    if merchant.private_key and merchant.private_key.get_secret_value().strip():
        content = merchant.private_key.get_secret_value().strip().encode()
    else:
        content = _content(merchant.private_key_file, "the private key")
    password = merchant.private_key_password
    return load_private_key(content, password.get_secret_value().encode() if password else None)


def load_private_key(content: bytes, password: bytes | None) -> RSAPrivateKey:
    """An RSA key from PEM (PKCS#1, PKCS#8), DER or PFX, encrypted or not; a needless password does no harm.

    Raises SettingError when it cannot be opened, is not RSA, or is in a Java keystore.
    """
    if content.startswith(JAVA_KEYSTORES):
        raise SettingError(
            "The private key is in a Java keystore, which cannot be read here",
            next_step="export it as P12 with the vendor's Keystore Manager and put the new file in the block",
        )
    loaders: list[Loader] = (
        [load_pem_private_key] if b"-----BEGIN" in content else [load_der_private_key, _from_pfx]
    )
    for loader in loaders:
        for word in (password, None) if password else (None,):
            key = _opened(loader, content, word)
            if isinstance(key, RSAPrivateKey):
                return key
            if key is not None:
                raise SettingError("The private key is not an RSA key", evidence=type(key).__name__)
    raise SettingError(
        "The private key cannot be opened",
        evidence="with the password given" if password else "without a password",
        next_step="check the key and the password in the block",
    )


def certificates_of(merchant: GpWebpayMerchant) -> list[x509.Certificate]:
    """All certificates of the gateway that are trusted; several, so that a new one can be there beforehand."""
    found: list[x509.Certificate] = []
    for given in merchant.gateway_certificates:
        content = given.encode() if "-----BEGIN" in given else _content(given, "a certificate of the gateway")
        try:
            pem = b"-----BEGIN" in content
            certificate = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(content)
        except ValueError:
            raise SettingError(
                "A certificate of the gateway cannot be read",
                next_step="download the gateway's signing certificate again and name it in the block",
            ) from None
        if not isinstance(certificate.public_key(), RSAPublicKey):
            raise SettingError("A certificate of the gateway has no RSA key", next_step="check it in the block")
        found.append(certificate)
    return found


def _opened(loader: Loader, content: bytes, password: bytes | None) -> object | None:
    """The key, or None when it is of another form, or its password is missing, wrong or needless."""
    try:
        return loader(content, password)
    except (ValueError, TypeError):
        return None
    except UnsupportedAlgorithm as error:
        raise SettingError("The private key is encrypted in an unknown way", evidence=str(error)) from None


def _from_pfx(content: bytes, password: bytes | None) -> object | None:
    return load_pkcs12(content, password).key


def _content(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise SettingError(
            f"The file with {what} cannot be read",
            evidence=f"{path}: {type(error).__name__}",
            next_step="check the path in the block; it is on the computer where the worker runs",
        ) from None
