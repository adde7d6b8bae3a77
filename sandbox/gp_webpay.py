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
from pathlib import Path
from typing import Any

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
from sandbox.gp_webpay_messages import SOAP, Field, S, T, Twist, Writer, enveloped
from sandbox.gp_webpay_payments import CardPayment
from sandbox.serving import served
from sandbox.world import Stand, World

PROVIDER, MERCHANT = "0100", "0012345678"
PATH = "/pay-ws/v1/PaymentService"
LARGEST = 64 * 1024
STATUS_FIELDS = ("messageId", "state", "status", "subStatus")
LIMITS = {
    "messageId": (0, 16, 256, "[A-Za-z0-9+/=]+"),
    "provider": (0, 4, 4, "[0-9]{4}"),
    "merchantNumber": (2, 1, 10, ".+"),
    "paymentNumber": (1, 1, 15, "[0-9]+"),
    "signature": (34, 1, 2000, ".+"),
}
"""Per field: its SRCODE, shortest and longest text, and its form."""


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
                return _xml(enveloped(f'<s:echoResponse xmlns:s="{S}"/>'))
            payment = self._checked(given)
        except Refusal as refusal:
            self.journal.append(
                (given.get("paymentNumber", ""), given.get("messageId", ""), str(refusal.primary))
            )
            return self._fault(refusal, given.get("messageId"), twist)
        self.journal.append((payment.number, given["messageId"], "ok"))
        message_id = "f" * 32 if Twist.FOREIGN_MESSAGE in twist else given["messageId"]
        fields: list[Field] = [("messageId", message_id), *payment.fields()]
        if operation == "getPaymentStatus":
            fields = [pair for pair in fields if pair[0] in STATUS_FIELDS]
        return _xml(self._writer().reply(operation, fields, twist))

    def _too_often(self) -> bool:
        now = time.monotonic()
        self._recent.append(now)
        while now - self._recent[0] > 1:
            self._recent.popleft()
        return self.allowed_per_second is not None and len(self._recent) > self.allowed_per_second

    def _understand(self, body: bytes, given: dict[str, str]) -> str:
        try:
            envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
            (operation,) = list(envelope.iterfind(f"{{{SOAP}}}Body/*"))
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

    def _fault(self, refusal: Refusal, message_id: str | None, twist: Twist) -> Response:
        if refusal.primary == 7 or message_id is None:
            message_id = str(self.random.randrange(10**18, 10**19))
        if Twist.FOREIGN_MESSAGE in twist:
            message_id = "f" * 32
        fields: list[Field] = [
            ("messageId", message_id),
            ("primaryReturnCode", str(refusal.primary)),
            ("secondaryReturnCode", str(refusal.secondary)),
        ]
        return _xml(self._writer().fault(fields, refusal.text, twist), 500)

    def _writer(self) -> Writer:
        return Writer(self.key, self.other_key, self.algorithm, self.random)


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
