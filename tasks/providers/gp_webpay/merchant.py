"""GP webpay as a provider: what the payment numbers on documents have brought, and what went back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from blocks.gp_webpay import GpWebpayMerchant
from tasks.days import ONE_DAY, prague_day
from tasks.errors import Refused
from tasks.provider import Delivery, Fault, Memory, Note
from tasks.providers.asking import Asked, Asking, Pace
from tasks.providers.gp_webpay.deliveries import Question, Replies, Reply, delivery_of, recorded
from tasks.providers.gp_webpay.gateway import Gateway
from tasks.providers.gp_webpay.keys import certificates_of, private_key_of
from tasks.providers.gp_webpay.numbers import questions_of
from tasks.providers.gp_webpay.replies import NotFound

WARN_DAYS = 60
SHORTEST_KEY = 2048


class GpWebpay:
    """Payments of one merchant number; satisfies `ByDocuments`."""

    def __init__(self, account: GpWebpayMerchant, memory: Memory) -> None:
        self._merchant = account
        self._memory = memory
        self._asking = Asking(Pace(account.concurrency, account.pause_seconds))

    @property
    def source(self) -> str:
        return f"gp-webpay:{self._merchant.provider}/{self._merchant.merchant_number}"

    def expiries(self, today: dt.date) -> list[Note]:
        """Certificates of the gateway that end within sixty days, and a key that is too short."""
        notes = [
            Note(
                "certificate_expires",
                f"GP webpay: certifikát brány platí do {end:%d. %m. %Y}; vyžádejte si od banky nový.",
                urgent=True,
                ends_on=end,
            )
            for certificate in certificates_of(self._merchant)
            if (end := prague_day(certificate.not_valid_after_utc)) <= today + WARN_DAYS * ONE_DAY
        ]
        size = private_key_of(self._merchant).key_size
        if size < SHORTEST_KEY:
            text = f"GP webpay: soukromý klíč má jen {size} bitů; vytvořte v portálu nový."
            notes.append(Note("weak_key", text))
        return notes

    def probe(self) -> list[Note]:
        """Proves the address, the key and the certificates; the merchant shows with the first question."""
        with Gateway(self._merchant, self._asking.turn) as gateway:
            gateway.echo()
        return [Note("reachable", "GP webpay odpovídá a klíče v bloku se dají použít.")]

    def questions(self, documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """One question per payment number and attempt; see `tasks.providers.gp_webpay.numbers`."""
        return questions_of(documents, self._merchant)

    def ask(self, questions: pd.DataFrame) -> list[Replies]:
        """One call per number, politely; see `tasks.providers.asking`. A reply not signed stops everything."""
        columns = questions[["key", "reference", "currency", "issued_on"]]
        listed = [
            Question(key, reference, currency, issued_on.date())
            for key, reference, currency, issued_on in columns.itertuples(index=False, name=None)
        ]
        with Gateway(self._merchant, self._asking.turn) as gateway:
            asked = self._asking.all(listed, lambda question: _reply(gateway, question))
        return [self._replies(asked)] if listed else []

    def _replies(self, asked: Asked[Question, Reply]) -> Replies:
        return Replies(
            tuple(self._remembered(reply) for _, reply in asked.answers),
            tuple((question.key, error) for question, error in asked.failures),
            self._asking.calls,
        )

    def _remembered(self, reply: Reply) -> Reply:
        value = self._memory.cursor(self.source, recorded(reply.question.key)) if reply.detail else None
        if value is None:
            return reply
        captured, refunded = value.split(" ")
        return replace(reply, earlier=(int(captured), int(refunded)))

    def read(self, raw: Replies, now: dt.datetime) -> Delivery:
        """Payments and refunds of all replies, and when to ask again."""
        return delivery_of(raw, self._merchant, self.source, now)


def _reply(gateway: Gateway, question: Question) -> Reply:
    try:
        return Reply(question, gateway.detail(question.key))
    except NotFound:
        return Reply(question)
    except Refused as error:
        return Reply(question, refusal=error.evidence)
