"""
Replies of GP webpay, read from the raw XML: first whether they can be believed, then what they say.

zeep builds the requests, but its reading of replies loses signatures and halves truncated messages
(gp-webpay.md 6), so the body is read here by a strict parser.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tasks.errors import BadRecord, Refused, SettingError, Unavailable
from tasks.providers.gp_webpay.signing import is_signed, leaves
from tasks.xml import Element, parse

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
SERVICE = "{http://gpe.cz/pay/pay-ws/proc/v1}"
TYPES = "{http://gpe.cz/pay/pay-ws/proc/v1/type}"

NOT_FOUND = 15
UNREADABLE_REQUEST = 7
PASSING = frozenset({26, 80, 1000})
"""Technical problems, and a message id that was used before: a new message is a new try."""
CONFIGURATION = {
    11: "the merchant number or the bank's code in the block is wrong",
    25: "ask the bank to allow web services for this merchant",
    31: "the private key does not belong to this merchant, or the hash in the block is wrong",
}
KEPT = (
    *("state", "status", "subStatus", "paymentMethod", "paymentAmount", "approveAmount", "captureAmount"),
    *("refundAmount", "paymentTime", "approveTime", "lastCaptureTime"),
)
"""All that is kept of a reply; card data and whatever the vendor adds are not (gp-webpay.md 5.2)."""


class NotFound(Refused):
    """The gateway knows no payment of this number, yet: a normal answer."""


@dataclass(frozen=True)
class Trust:
    """Whose signatures are believed."""

    certificates: Sequence[x509.Certificate]
    algorithm: hashes.HashAlgorithm


@dataclass(frozen=True)
class Detail:
    """A payment as the gateway sees it now. Amounts are hundredths; of which currency, it does not tell."""

    state: int
    status: str
    sub_status: str
    captured: int
    refunded: int
    created_at: dt.datetime | None
    """Prague time without a zone, as the gateway writes it."""
    captured_at: dt.datetime | None
    raw: str


def detail_of(body: bytes, message_id: str, trust: Trust) -> Detail:
    """What a reply says, after its signature and its message id were verified.

    Raises NotFound, Refused, Unavailable or SettingError as a signed fault says, Unavailable when no reply of the
    gateway can be recognised, SettingError when it is not signed by the gateway, and BadRecord when it answers
    something else or its content makes no sense.
    """
    reply = _reply_in(body)
    is_fault = reply.tag == f"{SERVICE}serviceException"
    values = _believed(reply, trust)
    code = _whole(values, "primaryReturnCode") if is_fault else None
    if values.get("messageId") != message_id and code != UNREADABLE_REQUEST:
        raise BadRecord("The reply answers another message than the one sent")
    if code is not None:
        raise _meaning_of(code, values)
    return _detail(values)


def _reply_in(body: bytes) -> Element:
    """The element that holds the signed fields: the detail's own or a fault's."""
    try:
        envelope = parse(body, what="The reply of GP webpay")
    except BadRecord as error:
        raise Unavailable("GP webpay sent no readable reply", evidence=error.cause) from None
    for path in (
        f"{SOAP}Body/{SERVICE}getPaymentDetailResponse/{SERVICE}paymentDetailResponse",
        f"{SOAP}Body/{SOAP}Fault/detail/{SERVICE}serviceException",
    ):
        found = envelope.findall(path)
        if envelope.tag == f"{SOAP}Envelope" and len(found) == 1:
            return found[0]
    raise Unavailable("GP webpay sent something that is not its reply", evidence=f"{len(body)} bytes")


def _believed(reply: Element, trust: Trust) -> dict[str, str]:
    """The plain fields of the reply, after its signature was verified over all of its values in their order."""
    fields = [child for child in reply if child.tag != f"{TYPES}signature"]
    signatures = [child for child in reply if child.tag == f"{TYPES}signature"]
    signed = [value for child in fields for value in leaves(child)]
    given = (signatures[0].text or "") if len(signatures) == 1 else ""
    if not is_signed(signed, given, trust.certificates, trust.algorithm):
        _raise_unbelieved(any(len(child) for child in fields))
    plain: dict[str, str] = {}
    for child in fields:
        name = str(child.tag).removeprefix(TYPES)
        if name in plain and name in (*KEPT, "messageId", "primaryReturnCode"):
            raise BadRecord("The reply holds a field twice", evidence=name)
        plain[name] = child.text or ""
    return plain


def _raise_unbelieved(nested: bool) -> None:
    if nested:
        # Where nested values stand in the signed text is not documented, so this need not be an attack (7.3).
        raise BadRecord("The signature of a reply with nested values does not verify")
    raise SettingError(
        "A reply of GP webpay is not signed by any trusted certificate",
        evidence="the signature does not verify, nothing in the reply was believed",
        next_step="check the gateway's certificates and the hash in the block; if they are right, call the bank",
    )


def _meaning_of(code: int, values: dict[str, str]) -> Exception:
    evidence = f"PRCODE {code}, SRCODE {values.get('secondaryReturnCode', '')[:6]}"
    if code == NOT_FOUND:
        return NotFound("GP webpay knows no such payment", evidence=evidence, code=str(code))
    if code in PASSING:
        return Unavailable("GP webpay has a technical problem", evidence=evidence)
    if code in CONFIGURATION:
        return SettingError("GP webpay refuses this merchant", evidence=evidence, next_step=CONFIGURATION[code])
    return Refused("GP webpay refused the question", evidence=evidence, code=str(code))


def _detail(values: dict[str, str]) -> Detail:
    return Detail(
        state=_whole(values, "state"),
        status=values.get("status", ""),
        sub_status=values.get("subStatus", ""),
        captured=_amount(values, "captureAmount"),
        refunded=_amount(values, "refundAmount"),
        created_at=_time(values, "paymentTime"),
        captured_at=_time(values, "lastCaptureTime"),
        raw=json.dumps({name: values[name] for name in KEPT if name in values}),
    )


def _whole(values: dict[str, str], name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", values.get(name, "")):
        raise BadRecord("A field of the reply is not a number", evidence=name)
    return int(values[name])


def _amount(values: dict[str, str], name: str) -> int:
    """Hundredths; an absent amount is zero (gp-webpay.md 8.4)."""
    if not re.fullmatch(r"[0-9]{0,15}", values.get(name, "")):
        raise BadRecord("An amount of the reply is not a number of hundredths", evidence=name)
    return int(values.get(name) or 0)


def _time(values: dict[str, str], name: str) -> dt.datetime | None:
    text = values.get(name, "")
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S") if text else None  # noqa: DTZ007
    except ValueError:
        raise BadRecord("A time of the reply cannot be read", evidence=name) from None
