"""
The sandbox's small firm: its documents, the money that came for them, and the right answer for each document.

The world is seeded: the same seed and the same day give the same world. Every payment knows which document it
was really meant for, so `truth` needs no matching and can judge it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from prefect.blocks.core import Block


@dataclass(frozen=True)
class Paper:
    """One document of the firm, as its people know it. Amounts are hundredths of `currency`."""

    agenda: str
    id: int
    number: str
    total: int
    issued_on: dt.date
    currency: str = "CZK"
    variable_symbol: str = ""
    specific_symbol: str = ""
    constant_symbol: str = ""
    customer_number: str = ""
    """The customer's or e-shop's own number of the order (Pohoda's PDoklad)."""
    gateway_key: str = ""
    """The payment gateway's key of the payment, kept in a user field."""
    cancelled: bool = False
    customer: int = 0


@dataclass(frozen=True)
class Money:
    """One payment as it really happened, before any provider tells of it in its own way."""

    channel: str
    """Which provider tells of it, by its name in `flows.providers`."""
    number: int
    """Unique and rising within the world; providers make their own identities of it."""
    paid_on: dt.date
    amount: int
    """Hundredths; negative when it went back to the customer."""
    currency: str = "CZK"
    variable_symbol: str = ""
    specific_symbol: str = ""
    constant_symbol: str = ""
    message: str = ""
    account: str = ""
    """The payer's account, "1234560005/0100" or an IBAN; empty for cards."""
    name: str = ""
    """The payer's name, invented; it must never leave the client's machine."""
    reference: str = ""
    """Order number, gateway key or payment number, as the channel is asked by it."""
    kind: str = "transfer"
    """As `tasks.tables.KINDS`."""
    takes_back: int | None = None
    """`number` of the payment that this one takes back."""
    meant_for: tuple[tuple[str, int], ...] = ()
    """(agenda, document id) of every document that this money truly pays; empty when it pays none."""
    doubtful: bool = False
    """Whether nobody could know what it pays (typing error, twins): the right answer is to count nothing."""


@dataclass(frozen=True)
class Marks:
    """What truly should stand on a document: hundredths, number of payments, paid in full."""

    amount: int
    count: int
    paid: bool


@dataclass(frozen=True)
class World:
    """A firm, its documents and its money on one day."""

    seed: int
    today: dt.date
    papers: tuple[Paper, ...]
    money: tuple[Money, ...]

    def channel(self, name: str) -> list[Money]:
        """What this provider has to tell, oldest first."""
        return sorted((m for m in self.money if m.channel == name), key=lambda m: (m.paid_on, m.number))


@dataclass(frozen=True)
class Stand:
    """A provider's place in the sandbox, open for business.

    Every provider's sandbox file has a context manager `stand(world, folder)` that yields one.
    """

    provider: str
    """Its name: of its flow, its deployment and its channel."""
    block: Block
    """The filled-in block, to be saved under the provider's name."""
