"""Calls to GP webpay's web service: messages made by zeep from the service's description, sent one by one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import zeep
from lxml import etree

from blocks.gp_webpay import GpWebpayMerchant
from tasks.errors import SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.providers.gp_webpay.keys import certificates_of, private_key_of
from tasks.providers.gp_webpay.replies import Detail, Trust, detail_of
from tasks.providers.gp_webpay.signing import hash_of, sign

WHO = "GP webpay"
DESCRIPTION = Path(__file__).with_name("own-lookup.wsdl")
BINDING = "{http://gpe.cz/pay/pay-ws/proc/v1}PaymentServiceSoap"
READ_SECONDS = 30.0
LARGEST = 1024 * 1024

Turn = Callable[[], AbstractContextManager[None]]


class Wire(zeep.Transport):
    """Sends zeep's messages as all of this product's requests are sent; replies stay raw."""

    def __init__(self, connection: httpx.Client, turn: Turn) -> None:
        super().__init__()
        self._connection = connection
        self._turn = turn

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> Answer:
        message = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        request: dict[str, Any] = {"content": message, "headers": headers}
        with self._turn():
            return send(self._connection, "POST", address, who=WHO, largest=LARGEST, **request)


class Gateway:
    """One merchant's access to the gateway; `with` closes it.

    Every call is made within `turn`, which may make it wait. Safe to share by threads: making a message only
    reads what zeep loaded.
    """

    def __init__(self, merchant: GpWebpayMerchant, turn: Turn = nullcontext) -> None:
        self._merchant = merchant
        self._key = private_key_of(merchant)
        self._algorithm = hash_of(merchant.hash)
        self._trust = Trust(certificates_of(merchant), self._algorithm)
        self._connection = client(merchant.address, read_seconds=READ_SECONDS, connections=merchant.concurrency)
        raw = zeep.Settings(raw_response=True)  # pyright: ignore[reportCallIssue] - its attributes are made late
        described = zeep.Client(str(DESCRIPTION), transport=Wire(self._connection, turn), settings=raw)
        self._service: Any = described.create_service(BINDING, merchant.address)

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def echo(self) -> None:
        """Make sure that the web service is at this address. It takes neither signature nor merchant."""
        answer: Answer = self._service.echo()
        raise_for_status(answer)
        if answer.status != 200:
            raise Unavailable("GP webpay does not answer its own test", evidence=f"HTTP {answer.status}")

    def detail(self, payment_number: str) -> Detail:
        """What the gateway knows of one payment number; see `replies.detail_of` for what is raised.

        Each call has a message id of its own, by which alone a reply is tied to its question (gp-webpay.md 1).
        """
        message_id = secrets.token_hex(16)
        asked = [message_id, self._merchant.provider, self._merchant.merchant_number, payment_number]
        answer: Answer = self._service.getPaymentDetail(
            paymentDetailRequest={
                "messageId": message_id,
                "provider": self._merchant.provider,
                "merchantNumber": self._merchant.merchant_number,
                "paymentNumber": payment_number,
                "signature": sign(self._key, asked, self._algorithm),
            }
        )
        raise_for_status(answer)
        return detail_of(answer.body, message_id, self._trust)


def raise_for_status(answer: Answer) -> None:
    """Raise for what servers in front of the gateway say: its own faults come with HTTP 500 (gp-webpay.md 2)."""
    evidence = f"HTTP {answer.status}"
    if answer.status in (200, 500):
        return
    if answer.status == 429 or answer.status > 500:
        raise Unavailable("GP webpay cannot answer now", evidence=evidence, retry_after=answer.retry_after)
    raise SettingError(
        "GP webpay's web service is not at this address",
        evidence=evidence,
        next_step="correct the address in the block",
    )
