"""
Signatures of messages: RSA with PKCS#1 v1.5 over field values joined by a bar (gp-webpay.md 7).

What was signed is taken from the received XML in its own order, since the vendor adds fields over the years.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from tasks.errors import BadRecord
from tasks.xml import Element

SEPARATOR = "|"


def hash_of(name: str) -> hashes.HashAlgorithm:
    """The hash by its name in the block; SHA-1 is what the gateway demands (gp-webpay.md 7.1)."""
    return hashes.SHA256() if name == "SHA-256" else hashes.SHA1()  # noqa: S303


def sign(key: RSAPrivateKey, values: Iterable[str], algorithm: hashes.HashAlgorithm) -> bytes:
    """The signature of these field values in this order."""
    return key.sign(SEPARATOR.join(values).encode(), PKCS1v15(), algorithm)


def is_signed(
    values: Sequence[str],
    signature: str,
    trusted: Iterable[x509.Certificate],
    algorithm: hashes.HashAlgorithm,
) -> bool:
    """Whether one of the certificates signed these values.

    A field present but empty counts as an empty value; some integrations leave it out, so that is tried too.
    """
    try:
        given = base64.b64decode("".join(signature.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    texts = dict.fromkeys((SEPARATOR.join(values), SEPARATOR.join(filter(None, values))))
    keys = [certificate.public_key() for certificate in trusted]
    return any(_verifies(key, given, text, algorithm) for key in keys for text in texts)


def _verifies(key: object, signature: bytes, text: str, algorithm: hashes.HashAlgorithm) -> bool:
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, text.encode(), PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def leaves(element: Element) -> list[str]:
    """The values of an element and of all inside it, depth first.

    Raises BadRecord for comments and processing instructions: they would split a value that was signed whole.
    """
    inside = list(element)
    if any(not isinstance(child.tag, str) for child in inside):
        raise BadRecord("A reply holds a comment inside a value")
    if not inside:
        return [element.text or ""]
    return [value for child in inside for value in leaves(child)]
