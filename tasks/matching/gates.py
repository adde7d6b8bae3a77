"""
The gates: what bars a payment from every document, and what bars a pair of payment and document.

Gates decide pass or fail; no rule and no amount overrules them.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from blocks.matching import Matching
from tasks.matching.keys import Ints
from tasks.matching.reasons import CODE, Reason

Codes = npt.NDArray[np.int8]

PASSED = np.int8(CODE[Reason.COUNTED])
BACK = ("refund", "reversal")
"""Kinds of money that came back from us; other negative amounts are our own payments."""

NEVER = {"fee": Reason.FEE, "settlement": Reason.SETTLEMENT, "interest": Reason.INTEREST}

BARS = (
    Reason.ZERO,
    *NEVER.values(),
    Reason.IGNORED_COUNTERPARTY,
    Reason.REFUND_WITHOUT_PAYMENT,
    Reason.RETURNED,
    Reason.OUTGOING,
)
"""Gates of a payment alone, in their order."""

NEAREST = (Reason.CANCELLED_DOCUMENT, Reason.CREDIT_NOTE, Reason.OTHER_CURRENCY, Reason.BEFORE_DOCUMENT)
"""Gates of a pair in their order: of several documents that fail, the one that came furthest tells why."""

NEAREST_CODES = np.array([CODE[reason] for reason in NEAREST], np.int8)
NEARNESS = np.full(len(CODE), -1, np.int8)
"""By code of a reason: its place in `NEAREST`."""
NEARNESS[NEAREST_CODES] = np.arange(len(NEAREST))


def barred(payments: pd.DataFrame, linked: npt.NDArray[np.bool_], settings: Matching) -> Codes:
    """For each payment the code of what bars it from every document, `PASSED` for nothing.

    Rows that take a known payment back (`linked`) go where that one went, so only their kind is looked at. Those
    that name a payment which is not known take nothing back; and what comes back to us pays nothing by itself.
    """
    amounts = payments["amount"].to_numpy()
    kinds, names = pd.factorize(payments["kind"].to_numpy(dtype=object))
    codes = np.full(len(payments), PASSED)
    back = np.isin(kinds, [n for n, name in enumerate(names) if name in BACK])
    codes[(amounts < 0) & ~back] = CODE[Reason.OUTGOING]
    codes[(amounts > 0) & back] = CODE[Reason.RETURNED]
    another = payments["reverses"].notna() & (payments["reverses"] != payments["payment_id"])
    codes[another.to_numpy(np.bool_)] = CODE[Reason.REFUND_WITHOUT_PAYMENT]
    codes[ignored(payments["counterparty"], settings.ignored_accounts)] = CODE[Reason.IGNORED_COUNTERPARTY]
    codes[linked] = PASSED
    for n, name in enumerate(names):
        if reason := NEVER.get(str(name)):
            codes[kinds == n] = CODE[reason]
    codes[amounts == 0] = CODE[Reason.ZERO]
    return codes


def ignored(counterparties: pd.Series, accounts: list[str]) -> npt.NDArray[np.bool_]:
    """Which counterparties are among the accounts, whichever of the two spellings either side uses."""
    if not accounts:
        return np.zeros(len(counterparties), np.bool_)
    normal = {account(text) for text in accounts}
    texts = counterparties.to_numpy(dtype=object)
    plain = set[object]().union(*(_spellings(*known) for known in normal))
    return np.fromiter(map(plain.__contains__, texts), np.bool_, len(texts))


def _spellings(country: str, bank: str, prefix: str = "", number: str = "") -> set[str]:
    """All ways in which providers may spell an account that `account` has read."""
    if not number:
        return {bank}
    iban = f"{bank}{prefix:0>6}{number:0>10}"
    check = 98 - int(iban + "".join(str(int(letter, 36)) for letter in country) + "00") % 97
    prefixes = {f"{prefix}-", f"{prefix:0>6}-"} | (set() if prefix else {""})
    local = {f"{first}{padded}/{bank}" for first in prefixes - {"-"} for padded in (number, f"{number:0>10}")}
    return local | {f"{country}{check:02d}{iban}"}


def account(text: str) -> tuple[str, ...]:
    """An account in one spelling: a Czech IBAN and "[prefix-]number/bank" of one account are equal."""
    plain = re.sub(r"\s", "", text).upper()
    if iban := re.fullmatch(r"(?:CZ|SK)\d\d(\d{4})(\d{6})(\d{10})", plain):
        bank, prefix, number = iban.groups()
        return plain[:2], bank, prefix.lstrip("0"), number.lstrip("0")
    if local := re.fullmatch(r"(?:(\d{1,6})-)?(\d{1,10})/(\d{4})", plain):
        prefix, number, bank = local.groups(default="")
        return "CZ", bank, prefix.lstrip("0"), number.lstrip("0")
    return ("", plain)


class PairGates:
    """The gates between a payment and a document, made ready for a million pairs at once."""

    def __init__(self, payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching) -> None:
        currencies = [frame["currency"].to_numpy(dtype=object) for frame in (payments, documents)]
        codes, _ = pd.factorize(np.concatenate(currencies))
        self._ours, self._theirs = codes[: len(payments)], codes[len(payments) :]
        self._booked = _day(payments["booked_on"])
        self._earliest = _day(documents["issued_on"]) - settings.days_before_document
        self._cancelled = documents["cancelled"].to_numpy()
        self._nothing = documents["total"].to_numpy() <= 0

    def failures(self, payments: Ints, documents: Ints) -> dict[Reason, npt.NDArray[np.bool_]]:
        """For each gate which pairs fail it; the gates in their order backwards."""
        return {
            Reason.BEFORE_DOCUMENT: self._booked[payments] < self._earliest[documents],
            Reason.OTHER_CURRENCY: self._ours[payments] != self._theirs[documents],
            Reason.CREDIT_NOTE: self._nothing[documents],
            Reason.CANCELLED_DOCUMENT: self._cancelled[documents],
        }

    def verdicts(self, payments: Ints, documents: Ints) -> Codes:
        """For each pair the code of the first gate that it fails, `PASSED` when it passes all."""
        codes = np.full(len(payments), PASSED)
        for reason, failed in self.failures(payments, documents).items():
            codes[failed] = CODE[reason]
        return codes


def _day(column: pd.Series) -> Ints:
    """Days since 1970, for a missing day one that is before all others."""
    days = column.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(column.isna().to_numpy(), -(10**6), days)
