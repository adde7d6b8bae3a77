"""
What a provider of payments must offer: the interface is the specification.

A provider is either asked by period (banks, GoPay, ByznysWeb), or by documents (Comgate, GP webpay), or both
(Comgate's payout lists go by period). It knows nothing of Pohoda, of Prefect and of the ledger's tables: it
turns settings from its block into raw answers, and raw answers into payments.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from tasks.days import Days
from tasks.tables import ANSWERS, INCOMING, table


@dataclass(frozen=True)
class Fault:
    """One record that could not be read, kept aside and reported while the others went on."""

    record: str
    """Which one, by the provider's own identity or by file, line and columns. No personal data."""
    cause: str
    """What is wrong with it, in Czech, for the run's report. No personal data, no secret."""
    raw: str = ""
    """The record itself, which only the ledger on the client's machine keeps."""


@dataclass(frozen=True)
class Note:
    """Something that the people of the firm should know, though nothing failed."""

    code: str
    """A stable word for automations: balance_mismatch, token_expires, days_out_of_reach …"""
    text: str
    """The sentence for the report, in Czech. No personal data, no secret."""
    urgent: bool = False
    """Whether somebody must act, so that the report shows it at the top."""
    ends_on: dt.date | None = None
    """Of a token, consent or certificate that ends: its last day."""
    incomplete: bool = False
    """Whether something would not come that the next run asks for again, so that the run's sentence says so."""


def no_payments() -> pd.DataFrame:
    """An empty table of incoming payments."""
    return table(INCOMING)


def no_answers() -> pd.DataFrame:
    """An empty table of answers."""
    return table(ANSWERS)


@dataclass(frozen=True)
class Delivery:
    """What one answer of a provider amounts to; recorded in the ledger as one transaction."""

    payments: pd.DataFrame = field(default_factory=no_payments)
    """Columns `tasks.tables.INCOMING`."""
    covered: tuple[dt.date, ...] = ()
    """Days of this source that are complete with this delivery."""
    answers: pd.DataFrame = field(default_factory=no_answers)
    """Columns `tasks.tables.ANSWERS`; only of providers asked by documents."""
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    cursors: tuple[tuple[str, str], ...] = ()
    """Names and new values of the provider's own places of reading, saved together with the payments."""


class Memory(Protocol):
    """What a provider may remember between runs and processes. The ledger is one."""

    def cursor(self, source: str, name: str) -> str | None:
        """The value last saved with a delivery of this source under this name."""
        ...

    def wait_turn(self, key: str, seconds: float) -> None:
        """Return when `seconds` have passed since anybody, in any process, last got their turn for the key.

        Also takes the turn. `key` must not be a secret: use `tasks.secrets.fingerprint`.
        """
        ...


class Provider(Protocol):
    """What all providers have."""

    @property
    def source(self) -> str:
        """The stable name of the account the money comes to: "<provider>:<account>", never a secret."""
        ...

    def expiries(self, today: dt.date) -> list[Note]:
        """What will end soon and needs a person: token, consent, certificate. Empty when nothing does."""
        ...


@runtime_checkable
class Probed(Provider, Protocol):
    """A provider whose settings can be tried without reading payments for marks or changing anything."""

    def probe(self) -> list[Note]:
        """What a harmless question to the other side found out, for people to read.

        Raises Unavailable, SettingError or Refused when the question was not answered as it should be.
        """
        ...


@runtime_checkable
class ByPeriod(Provider, Protocol):
    """A provider that is asked for days. Asking again for the same days is always harmless."""

    @property
    def reach(self) -> int | None:
        """How many days back from today can still be fetched (0 = today only), None for no limit."""
        ...

    @property
    def overlap(self) -> int:
        """How many days already complete each run fetches again, since bookings can come late."""
        ...

    def split(self, days: Days) -> list[Days]:
        """The days in the portions in which this provider is best asked, oldest first."""
        ...

    def extract(self, days: Days) -> list[Any]:
        """The raw answers that hold the days. The network happens here and only here.

        Raises Unavailable, SettingError or Refused. Never returns less than was asked without raising.
        """
        ...

    def normalize(self, raw: Any) -> Delivery:
        """One raw answer as payments. Pure: no network, no clock, the same answer for the same input."""
        ...


@runtime_checkable
class ByDocuments(Provider, Protocol):
    """A provider that can only be asked about one payment at a time, by what a document carries."""

    def questions(self, documents: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
        """The keys (`tasks.tables.QUESTIONS`) that these documents (`DOCUMENTS`) give, each once.

        Documents without a key give none; a malformed key gives a fault that names the document's number.
        """
        ...

    def ask(self, questions: pd.DataFrame) -> list[Any]:
        """The raw answers to the questions. The network happens here and only here.

        Bounded concurrency and pace are the provider's own matter. A question that failed for a passing reason
        is left out of the answers as long as others succeed (it is asked again with the next run) and named by
        an answer that `read` turns into a note; when none succeeded, raises Unavailable.
        """
        ...

    def read(self, raw: Any, now: dt.datetime) -> Delivery:
        """One raw answer as payments and answers. Pure; `now` is aware and only serves `ask_again_at`."""
        ...
