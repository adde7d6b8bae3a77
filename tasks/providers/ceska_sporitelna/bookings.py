"""One row of the bank's list of transactions, field by field (ceska-sporitelna.md 8 and 9). Causes are in Czech:
they go to the report of the run as faults."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tasks.days import prague_day
from tasks.errors import BadRecord
from tasks.money import hundredths
from tasks.symbols import symbol

TAGGED = re.compile(r"(?<![A-Za-z0-9])(VS|SS|KS):\s?([0-9]{1,10})(?![0-9])")
END_TO_END = re.compile(r"(?:^|/)(VS|SS|KS)([0-9]{1,10})(?=/|$)")
LOCAL_ACCOUNT = re.compile(r"(?:([0-9]{1,6})-)?([0-9]{1,10})/([0-9]{4})")
GLUED = "receiverReference\\:"
NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?")
NOT_GIVEN = "NOTPROVIDED"
SIGNS = {"CRDT": 1, "DBIT": -1}
CARD_FAMILY = "4"


@dataclass(frozen=True)
class Booking:
    """One booked row: what identifies it and what it moved."""

    reference: str
    """The bank's `entryReference`."""
    day: dt.date
    amount: int
    """Hundredths, negative when money went out."""
    servicer_reference: str
    """The bank's reference of the payment, which a reversal shares with what it takes back; may be empty."""
    said_reversed: bool
    row: Any


def at(row: Any, *path: str) -> Any:
    """What lies at the path of nested objects, None where the path ends early."""
    for name in path:
        row = row.get(name) if isinstance(row, dict) else None
    return row


def text(row: Any, *path: str) -> str:
    """The text at the path without outer spaces; empty when there is none, or something else than text or a
    number."""
    found = at(row, *path)
    return _storable(str(found)).strip() if type(found) in (str, int, Decimal) else ""


def details(row: Any) -> Any:
    return at(row, "entryDetails", "transactionDetails")


def raw(row: Any) -> str:
    """The row as JSON text, the same for the same content however it was spelled."""
    return _storable(json.dumps(row, ensure_ascii=False, sort_keys=True, default=_number))


def _storable(written: str) -> str:
    """Without what JSON can carry and no database can: halves of characters and zero characters."""
    return written.encode("utf-8", "replace").decode().replace("\x00", "?")


def _number(value: Decimal) -> float | str:
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)


def name_of(row: Any) -> str:
    """How a fault names the row: its reference, or a fingerprint when it has none."""
    return (
        text(row, "entryReference")
        or f"řádek bez entryReference {hashlib.sha256(raw(row).encode()).hexdigest()[:12]}"
    )


def booking(row: Any, currency: str) -> Booking | None:
    """The row read as a booking of an account in this currency; None for rows that did not move the balance.

    Raises BadRecord for a row whose identity, status, day, amount or direction cannot be relied on.
    """
    status = text(row, "status")
    if not status:
        raise BadRecord("řádek nemá stav (status)")
    if status != "BOOK":
        return None
    reference = text(row, "entryReference")
    if not reference:
        raise BadRecord("řádek nemá identifikátor (entryReference), nešlo by zabránit dvojímu započtení")
    if text(row, "amount", "currency") != currency:
        raise BadRecord(f"měna řádku není měna účtu {currency}")
    return Booking(
        reference=reference,
        day=booked_on(row),
        amount=_amount(row),
        servicer_reference=text(details(row), "references", "accountServicerReference"),
        said_reversed=at(row, "reversalIndicator") is True,
        row=row,
    )


def booked_on(row: Any) -> dt.date:
    """The Prague date of the booking, which the bank gives as a date or as a moment. Raises BadRecord."""
    written = text(row, "bookingDate", "date")
    try:
        if len(written) == 10:
            return dt.date.fromisoformat(written)
        moment = dt.datetime.fromisoformat(written)
        return prague_day(moment) if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):
        raise BadRecord("datum zaúčtování (bookingDate) nelze přečíst") from None


def _amount(row: Any) -> int:
    """Signed by the indicator alone: older answers carry a minus as well."""
    sign = SIGNS.get(text(row, "creditDebitIndicator"))
    if sign is None:
        raise BadRecord("směr platby (creditDebitIndicator) není CRDT ani DBIT")
    written = text(row, "amount", "value")
    if not NUMBER.fullmatch(written):
        raise BadRecord("částku (amount) nelze přečíst")
    try:
        return sign * abs(hundredths(written))
    except BadRecord:
        raise BadRecord("částka (amount) není v haléřích nebo je nesmyslně velká") from None


def symbols(row: Any) -> tuple[dict[str, str], list[str]]:
    """The symbols by their tags VS, SS, KS, and the tags under which the row holds two different values.

    Such a tag gives no symbol. The list of references comes as a list, as one string, or as several in one
    string.
    """
    said = at(details(row), "remittanceInformation", "structured", "creditorReferenceInformation", "reference")
    listed = said if isinstance(said, list) else [said]
    found = [pair for item in listed if isinstance(item, str) for pair in TAGGED.findall(item)]
    found += END_TO_END.findall(text(details(row), "references", "endToEndIdentification"))
    values: dict[str, set[str]] = {}
    for tag, digits in found:
        if (value := symbol(digits)) is not None:
            values.setdefault(tag, set()).add(value)
    single = {tag: min(some) for tag, some in values.items() if len(some) == 1}
    return single, sorted(set(values) - set(single))


def message(row: Any) -> str | None:
    """What the payer wrote for the recipient: the message, and the reference that SEPA carries through."""
    said = text(details(row), "remittanceInformation", "unstructured")
    if GLUED in said or said.startswith("senderReference\\:"):
        # Older answers glue the payer's own note and the message together.
        said = said.partition(GLUED)[2].partition("\\|")[0].strip()
    passed = text(details(row), "references", "endToEndIdentification")
    if passed == NOT_GIVEN or END_TO_END.search(passed):
        passed = ""
    return "\n".join(line for line in (said, passed) if line) or None


def counterparty(row: Any, amount: int) -> str | None:
    """The other side's account: IBAN, or "[prefix-]number/bank" when the bank gives no IBAN."""
    side = "debtorAccount" if amount >= 0 else "creditorAccount"
    identification = at(details(row), "relatedParties", side, "identification")
    iban = re.sub(r"\s", "", text(identification, "iban")).upper()
    return iban or _local(text(identification, "other", "identification")) or None


def _local(account: str) -> str:
    """Without the zeros that fill the prefix and the number."""
    bare = re.sub(r"\s", "", account)
    found = LOCAL_ACCOUNT.fullmatch(bare)
    if not found:
        return bare
    prefix = (found.group(1) or "").lstrip("0")
    return f"{prefix}-{found.group(2).lstrip('0')}/{found.group(3)}".removeprefix("-")


def kind(row: Any, amount: int) -> str:
    """What the row is, of `tasks.tables.KINDS`, as far as the row alone tells.

    The bank's own rows have no account on the other side: its words make them fees, interest or cash only
    then, since the description of a customer's payment may speak of a fee as well.
    """
    code = text(row, "bankTransactionCode", "proprietary", "code")
    if (len(code) == 11 and code.startswith(CARD_FAMILY)) or text(details(row), "references", "chequeNumber"):
        return "card"
    if counterparty(row, amount):
        return "transfer"
    names = ("additionalTransactionInformation", "additionalTransactionDescription")
    words = " ".join(text(details(row), name) for name in names).casefold()
    for word, found in (("poplat", "fee"), ("úrok", "interest"), ("hotovost", "cash")):
        if word in words:
            return found
    return "transfer"
