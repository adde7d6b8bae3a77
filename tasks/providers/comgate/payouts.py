"""
Comgate's daily payouts: which payments were really paid out, and which were given back.

A refund shows nowhere else (comgate.md 6). Headings vary in case and accents, amounts in comma and point, so rows
are read by normalised heading, never by position (comgate.md 7).
"""

from __future__ import annotations

import base64
import binascii
import csv
import datetime as dt
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import BadRecord
from tasks.money import hundredths
from tasks.provider import Fault, Note
from tasks.providers.comgate.keys import KEY
from tasks.providers.comgate.status import kind_of

PAYMENT = "1"
"""The only `typ` whose meaning is known."""
KEPT = ("idcomgate", "metoda", "idodklienta", "mena", "potvrzenacastka", "prevedenacastka", "poplatekcelkem")


@dataclass(frozen=True)
class Payout:
    """One payout with its rows under normalised headings."""

    transfer_id: int
    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class PayoutDay:
    """All payouts of one day; none on weekends and holidays."""

    day: dt.date
    payouts: tuple[Payout, ...]
    faults: tuple[Fault, ...] = ()
    """Payouts of the day that have no number or that Comgate refuses."""
    calls: int = 0
    """How many calls this run has made so far, on the last day of a portion; 0 says nothing."""


@dataclass
class Found:
    """What the rows of a day amount to."""

    payments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[Fault] = field(default_factory=list[Fault])
    notes: list[Note] = field(default_factory=list[Note])

    @property
    def paid_out(self) -> list[str]:
        """Keys of the payments that were paid out."""
        return [row["payment_id"] for row in self.payments if row["amount"] > 0]


def normalised(record: Mapping[Any, Any]) -> dict[str, str]:
    """The row under headings without accents, case and punctuation: "ID ComGate" becomes "idcomgate"."""
    plain: dict[str, str] = {}
    for heading, value in record.items():
        bare = unicodedata.normalize("NFKD", str(heading)).encode("ascii", "ignore").decode().lower()
        plain[re.sub(r"[^a-z0-9]", "", bare)] = "" if value is None else str(value).strip()
    return plain


def rows_of_file(file: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of a payout that came as a file: `csv` holds it in base64. Raises BadRecord when it is damaged."""
    try:
        content = base64.b64decode(str(file["csv"]), validate=True)
    except (KeyError, binascii.Error):
        raise BadRecord("A payout's file is not whole base64") from None
    return rows_of_csv(content)


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a payout's CSV, UTF-8 with or without a mark, or Windows-1250.

    Raises BadRecord when it has no column with Comgate's keys or a row of another width.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1250", errors="replace")
    reader = csv.reader(io.StringIO(text), delimiter=";")
    headings = next(reader, [])
    if "idcomgate" not in normalised(dict.fromkeys(headings)):
        raise BadRecord("A payout's file has no column ID ComGate")
    rows: list[dict[str, str]] = []
    for cells in reader:
        if len(cells) != len(headings):
            raise BadRecord("A payout's file has a row of another width", evidence=f"line {reader.line_num}")
        rows.append(normalised(dict(zip(headings, cells, strict=True))))
    return rows


def found_in(day: PayoutDay, source: str, merchant: str) -> Found:
    """Payments and refunds of the day's payouts, faults for rows that cannot be read, notes for what is odd."""
    found = Found(faults=list(day.faults))
    for payout in day.payouts:
        read_before = len(found.faults)
        refunds: Counter[str] = Counter()
        for number, row in enumerate(payout.rows, start=1):
            name = f"výplata {payout.transfer_id}, řádek {number}"
            if _is_sum(row):
                continue
            if row.get("merchant", merchant) not in ("", merchant):
                found.notes.append(Note("other_shop", f"Comgate: {name} patří jinému obchodu a nezapočítal se."))
                continue
            try:
                payment = _payment(row, day.day, source)
            except BadRecord as error:
                cause = f"Řádek výplaty nejde přečíst ({error.cause})."
                found.faults.append(Fault(name, cause, json.dumps(row, ensure_ascii=False, sort_keys=True)))
                continue
            if payment["amount"] < 0:
                refunds[payment["reference"]] += 1
                payment = _as_refund(payment, payout.transfer_id, refunds[payment["reference"]])
            elif row.get("typ", PAYMENT) != PAYMENT:
                text = f"Comgate: {name} je neznámého druhu {row['typ']} a nezapočítal se."
                found.notes.append(Note("unknown_row", text))
                continue
            if payment["amount"]:
                found.payments.append(payment)
        if len(found.faults) == read_before:
            found.notes += _doubtful_sums(payout)
    return found


def _payment(row: Mapping[str, str], day: dt.date, source: str) -> dict[str, Any]:
    key, currency = row.get("idcomgate", ""), row.get("mena", "")
    if not KEY.fullmatch(key):
        raise BadRecord("no payment key")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise BadRecord("no currency")
    kept = {name: row[name] for name in KEPT if name in row}
    return {
        "source": source,
        "payment_id": key,
        "booked_on": _day(row.get("datumzaplaceni", ""), day),
        "amount": hundredths(row.get("potvrzenacastka", "")),
        "currency": currency,
        "reference": key,
        "message": "\n".join(text for text in (row.get("idodklienta"), row.get("popis")) if text) or None,
        "kind": kind_of(row.get("metoda", "")),
        "raw": json.dumps(kept, ensure_ascii=False, sort_keys=True),
    }


def _as_refund(payment: dict[str, Any], transfer_id: int, number: int) -> dict[str, Any]:
    """A payment can be refunded many times, each time with the payment's own key."""
    own = f"{payment['reference']}-refund-{transfer_id}" + (f"-{number}" if number > 1 else "")
    return {**payment, "payment_id": own, "kind": "refund", "reverses": payment["reference"]}


def _day(text: str, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10]) if text else otherwise
    except ValueError:
        raise BadRecord("no day of payment") from None


def _is_sum(row: Mapping[str, str]) -> bool:
    return row.get("produkt") == "suma" or row.get("merchant") == "-"


def _doubtful_sums(payout: Payout) -> Iterator[Note]:
    """A note when the payout's own sum row differs from its rows; a file without one cannot be checked."""
    for total in (row for row in payout.rows if _is_sum(row)):
        rows = [row for row in payout.rows if not _is_sum(row) and row.get("mena") == total.get("mena")]
        if _sum(rows) != _sum([total]):
            text = f"Comgate: součtový řádek výplaty {payout.transfer_id} nesouhlasí s jejími řádky."
            yield Note("payout_mismatch", text, urgent=True)


def _sum(rows: Iterable[Mapping[str, str]]) -> int | None:
    try:
        return sum(hundredths(row.get("potvrzenacastka", "")) for row in rows)
    except BadRecord:
        return None
