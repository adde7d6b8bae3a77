"""
GP webpay's web service in the sandbox: it verifies requests, signs replies, and misbehaves on demand.

Payments live in `GpWebpayServer.payments`; a `Twist` changes single replies; what goes wrong on the wire is
planned in `faults`. The journal tells every request with its verdict, never a key.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import random
import re
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Flag, auto
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from blocks.gp_webpay import GpWebpayMerchant
from sandbox.faults import Faults, Faulty
from sandbox.gp_webpay_payments import CardPayment
from sandbox.serving import served
from sandbox.world import Stand, World

PROVIDER, MERCHANT = "0100", "0012345678"
PATH = "/pay-ws/v1/PaymentService"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
S = "http://gpe.cz/pay/pay-ws/proc/v1"
T = "http://gpe.cz/pay/pay-ws/proc/v1/type"
A = "http://gpe.cz/gpwebpay/additionalInfo/response/v1"
LARGEST = 64 * 1024
LIMITS = {
    "messageId": (0, 16, 256, "[A-Za-z0-9+/=]+"),
    "provider": (0, 4, 4, "[0-9]{4}"),
    "merchantNumber": (2, 1, 10, ".+"),
    "paymentNumber": (1, 1, 15, "[0-9]+"),
    "signature": (34, 1, 2000, ".+"),
}
"""Per field: its SRCODE, shortest and longest text, and its form."""


class Twist(Flag):
    """How a reply departs from a plain one; several at once."""

    NONE = 0
    WRONG_KEY = auto()
    TAMPERED = auto()
    UNSIGNED = auto()
    FOREIGN_MESSAGE = auto()
    NEW_FIELD = auto()
    EMPTY_SUB_STATUS = auto()
    NO_STATUS = auto()
    NAME_VALUES = auto()
    ADDITIONAL_INFO = auto()
    DEFAULT_NAMESPACE = auto()
    BAD_STATE = auto()
    BAD_TIME = auto()
    DOCTYPE = auto()
    COMMENT = auto()
    TWICE = auto()


@dataclass(frozen=True)
class Refusal(Exception):
    """A fault of the service: its codes and, when the request was not understood, no message id."""

    primary: int
    secondary: int = 0
    text: str = "Object not found"


@dataclass
class GpWebpayServer:
    """One gateway with one merchant, its keys and its switches."""

    key: rsa.RSAPrivateKey
    merchant_key: rsa.RSAPublicKey
    payments: dict[str, CardPayment] = field(default_factory=dict[str, CardPayment])
    faults: Faults = field(default_factory=Faults)
    twists: deque[Twist] = field(default_factory=deque[Twist])
    always: Twist = Twist.NONE
    refusals: deque[int] = field(default_factory=deque[int])
    """Return codes with which the next requests are refused, 0 for none."""
    algorithm: hashes.HashAlgorithm = field(default_factory=hashes.SHA1)
    allowed: bool = True
    seconds: float = 0.0
    allowed_per_second: int | None = None
    journal: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """(payment number, message id, verdict) of every request."""
    at_once: int = 0
    most_at_once: int = 0
    random: random.Random = field(default_factory=lambda: random.Random(7))
    other_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 1024))  # noqa: S505
    _recent: deque[float] = field(default_factory=deque[float])

    def app(self) -> ASGIApp:
        """The server, with its faults around it."""
        return Faulty(Starlette(routes=[Route(PATH, self._serve, methods=["POST"])]), self.faults)

    async def _serve(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            return self._answer(await request.body())
        finally:
            self.at_once -= 1

    def _answer(self, body: bytes) -> Response:
        if len(body) > LARGEST:
            return Response(status_code=413)
        if self._too_often():
            return Response("<html>Service Unavailable</html>", 503, media_type="text/html")
        twist = self.twists.popleft() if self.twists else self.always
        given: dict[str, str] = {}
        try:
            operation = self._understand(body, given)
            if operation == "echo":
                return _xml(_enveloped(f'<s:echoResponse xmlns:s="{S}"/>', Twist.NONE))
            payment = self._checked(given)
        except Refusal as refusal:
            self.journal.append(
                (given.get("paymentNumber", ""), given.get("messageId", ""), str(refusal.primary))
            )
            return self._fault(refusal, given.get("messageId"), twist)
        self.journal.append((payment.number, given["messageId"], "ok"))
        message_id = "f" * 32 if Twist.FOREIGN_MESSAGE in twist else given["messageId"]
        return self._reply(operation, [("messageId", message_id), *payment.fields()], twist)

    def _too_often(self) -> bool:
        now = time.monotonic()
        self._recent.append(now)
        while now - self._recent[0] > 1:
            self._recent.popleft()
        return self.allowed_per_second is not None and len(self._recent) > self.allowed_per_second

    def _understand(self, body: bytes, given: dict[str, str]) -> str:
        try:
            envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            (operation,) = envelope.find(f"{{{SOAP}}}Body") or ()
        except (etree.XMLSyntaxError, ValueError):
            raise Refusal(7, 0, "Invalid message format") from None
        name = etree.QName(operation)
        if name.namespace != S or name.localname not in ("echo", "getPaymentDetail", "getPaymentStatus"):
            raise Refusal(7, 0, "Invalid message format")
        for element in operation.iterfind("*/*"):
            inner = etree.QName(element)
            if inner.namespace != T:
                raise Refusal(7, 0, "Invalid message format")
            given[inner.localname] = element.text or ""
        return name.localname

    def _checked(self, given: dict[str, str]) -> CardPayment:
        for name, (code, shortest, longest, form) in LIMITS.items():
            if name not in given:
                raise Refusal(5, code)
            text = given[name]
            for wrong, primary in ((len(text) > longest, 1), (len(text) < shortest, 2)):
                if wrong:
                    raise Refusal(primary, code)
            if not re.fullmatch(form, text):
                raise Refusal(3, code)
        if (given["provider"], given["merchantNumber"]) != (PROVIDER, MERCHANT):
            raise Refusal(11, 2)
        if not self.allowed:
            raise Refusal(25)
        if not self._is_signed(given):
            raise Refusal(31, 0, "Signature not match")
        if any(given["messageId"] == used for _, used, _ in self.journal):
            raise Refusal(80)
        if self.refusals and (code := self.refusals.popleft()):
            raise Refusal(code)
        if given["paymentNumber"] not in self.payments:
            raise Refusal(15, 1)
        return self.payments[given["paymentNumber"]]

    def _is_signed(self, given: dict[str, str]) -> bool:
        text = "|".join(given[name] for name in ("messageId", "provider", "merchantNumber", "paymentNumber"))
        try:
            self.merchant_key.verify(
                base64.b64decode(given["signature"]), text.encode(), PKCS1v15(), self.algorithm
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    def _reply(self, operation: str, fields: list[tuple[str, str]], twist: Twist) -> Response:
        if operation == "getPaymentStatus":
            fields = [pair for pair in fields if pair[0] in ("messageId", "state", "status", "subStatus")]
        child = operation.removeprefix("get")
        child = child[0].lower() + child[1:] + "Response"
        s, t, written = self._prefixes(twist)
        inner = self._signed(_changed(fields, twist), t, twist)
        text = f"<{s}{operation}Response {written}><{s}{child}>{inner}</{s}{child}></{s}{operation}Response>"
        return _xml(_enveloped(text, twist))

    def _fault(self, refusal: Refusal, message_id: str | None, twist: Twist) -> Response:
        if refusal.primary == 7 or message_id is None:
            message_id = str(self.random.randrange(10**18, 10**19))
        if Twist.FOREIGN_MESSAGE in twist:
            message_id = "f" * 32
        fields = [
            ("messageId", message_id),
            ("primaryReturnCode", str(refusal.primary)),
            ("secondaryReturnCode", str(refusal.secondary)),
        ]
        s, t, written = self._prefixes(twist & ~Twist.DEFAULT_NAMESPACE)
        detail = f"<{s}serviceException {written}>{self._signed(fields, t, twist)}</{s}serviceException>"
        text = (
            f"<e:Fault><faultcode>e:Server</faultcode><faultstring>{escape(refusal.text)}</faultstring>"
            f"<detail>{detail}</detail></e:Fault>"
        )
        return _xml(_enveloped(text, twist), 500)

    def _prefixes(self, twist: Twist) -> tuple[str, str, str]:
        """Prefixes of both namespaces, numbered anew each time, with declarations that nothing uses."""
        if Twist.DEFAULT_NAMESPACE in twist:
            return "ns2:", "", f'xmlns:ns2="{S}" xmlns="{T}"'
        s, t, spare = (f"ns{number}" for number in self.random.sample(range(2, 30), 3))
        written = (
            f'xmlns:{s}="{S}" xmlns:{t}="{T}" xmlns:{spare}="http://gpe.cz/pay/pay-ws/core/type" xmlns="{A}"'
        )
        return f"{s}:", f"{t}:", written

    def _signed(self, fields: list[tuple[str, str]], t: str, twist: Twist) -> str:
        text = "".join(_element(name, value, t) for name, value in fields)
        key = self.other_key if Twist.WRONG_KEY in twist else self.key
        values = "|".join(leaf for _, value in fields for leaf in _leaves(value))
        signature = base64.b64encode(key.sign(values.encode(), PKCS1v15(), self.algorithm)).decode()
        if Twist.TAMPERED in twist:
            text = re.sub(r"(captureAmount|primaryReturnCode)>(\d+)<", r"\1>9\2<", text)
        if Twist.COMMENT in twist:
            text = text.replace(">12", "><!-- -->12")
        return text if Twist.UNSIGNED in twist else f"{text}<{t}signature>{signature}</{t}signature>"


def _changed(fields: list[tuple[str, str]], twist: Twist) -> list[tuple[str, str]]:
    """The fields with what the twist adds, empties or leaves out, before they are signed."""
    changed = dict(fields)
    if Twist.EMPTY_SUB_STATUS in twist:
        changed["subStatus"] = ""
    if Twist.NO_STATUS in twist:
        changed = {name: value for name, value in changed.items() if name not in ("status", "subStatus")}
    if Twist.BAD_STATE in twist:
        changed["state"] = "abc"
    if Twist.BAD_TIME in twist:
        changed["paymentTime"] = "včera"
    listed = list(changed.items())
    if Twist.ADDITIONAL_INFO in twist:
        listed.append(("additionalInfoResponse", "contact:firstName=Jana contact:email=jana@example.cz"))
    if Twist.NAME_VALUES in twist:
        listed += [
            ("simpleValueHolder", "name=terminalId value=T0001"),
            ("simpleValueHolder", "name=eci value=05"),
        ]
    if Twist.NEW_FIELD in twist:
        listed.append(("futureField", "x1"))
    if Twist.TWICE in twist:
        listed.append(("captureAmount", "1"))
    return listed


def _leaves(value: str) -> list[str]:
    return [part.partition("=")[2] for part in value.split(" ")] if "=" in value else [value]


def _element(name: str, value: str, t: str) -> str:
    """One field. "a=1 b=2" are nested fields, "c:a=1 c:b=2" are nested two deep in the additional info."""
    if "=" not in value:
        return f"<{t}{name}>{escape(value)}</{t}{name}>"
    pairs = [part.partition("=") for part in value.split(" ")]
    if ":" not in pairs[0][0]:
        return f"<{t}{name}>" + "".join(f"<{t}{n}>{escape(v)}</{t}{n}>" for n, _, v in pairs) + f"</{t}{name}>"
    group = pairs[0][0].partition(":")[0]
    inner = "".join(f"<a:{n.partition(':')[2]}>{escape(v)}</a:{n.partition(':')[2]}>" for n, _, v in pairs)
    return f'<{t}{name} version="1.0" xmlns:a="{A}"><a:{group}>{inner}</a:{group}></{t}{name}>'


def _enveloped(content: str, twist: Twist) -> str:
    doctype = '<!DOCTYPE x [<!ENTITY y "z">]>' if Twist.DOCTYPE in twist else ""
    return f'{doctype}<e:Envelope xmlns:e="{SOAP}"><e:Body>{content}</e:Body></e:Envelope>'


def _xml(text: str, status: int = 200) -> Response:
    return Response(text.encode(), status, media_type="text/xml")


def certificate_of(key: rsa.RSAPrivateKey, *, days: int = 3650) -> str:
    """A certificate of the gateway's own making for its key, as PEM text."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sandbox Message Signing")])
    today = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - dt.timedelta(days=400))
    made = builder.not_valid_after(today + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def pem_of(key: rsa.RSAPrivateKey) -> str:
    """The key as plain PEM text."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def merchant(
    address: str, key: rsa.RSAPrivateKey, gateway: rsa.RSAPrivateKey, **settings: Any
) -> GpWebpayMerchant:
    """The block for a gateway in the sandbox, which needs no politeness and whose refunds show at once."""
    given: dict[str, Any] = {"pause_seconds": 0, "refund_check_minutes": 0, **settings}
    return GpWebpayMerchant(
        merchant_number=MERCHANT,
        provider=PROVIDER,
        private_key=SecretStr(pem_of(key)),
        gateway_certificates=[certificate_of(gateway)],
        address=address + PATH,
        **given,
    )


def payments_of(world: World) -> dict[str, CardPayment]:
    """The world's payments by card, under the numbers by which the gateway is asked, with their refunds."""
    payments: dict[str, CardPayment] = {}
    numbers: dict[int, str] = {}
    for money in world.channel("gp-webpay"):
        if money.takes_back is not None:
            payments[numbers[money.takes_back]].refund(-money.amount)
            continue
        numbers[money.number] = number = money.reference or money.variable_symbol
        created_at = dt.datetime.combine(money.paid_on, dt.time(10, 9, 58))
        payments[number] = CardPayment(number, money.amount, created_at).capture().close_batch()
    return payments


@contextmanager
def stand(world: World, folder: Path) -> Generator[Stand]:
    """GP webpay with the world's payments, open for business; the merchant's key is a file in the folder."""
    ours, theirs = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    file = folder / "gpwebpay-pvk.key"
    file.write_text(pem_of(ours), encoding="ascii")
    server = GpWebpayServer(theirs, ours.public_key(), payments_of(world))
    with served(server.app()) as address:
        block = merchant(address, ours, theirs)
        yield Stand("gp-webpay", block.model_copy(update={"private_key": None, "private_key_file": str(file)}))
