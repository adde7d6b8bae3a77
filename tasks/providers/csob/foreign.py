"""
Foreign payments, of which the bank tells twice: once as a booking (ADVMUL) and once as its details (ADVMUZ).

The two halves are one payment (csob.md 2.11), also when they come in different files or on different days. So
halves are remembered by own account, currency and day, each under the identity of the payment it belongs to:
whichever half comes first gives the identity, the other one joins it, and neither is ever counted twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from tasks.providers.csob.accounts import with_bank
from tasks.providers.csob.bookings import Row, place, raw, signed
from tasks.providers.csob.purpose import purpose

BOOKING, DETAIL = "booking", "detail"


@dataclass(frozen=True)
class Half:
    """One half of a foreign payment."""

    kind: str
    place: str
    """Own account, currency and day; halves of one payment share it."""
    posting: str
    """The bank's posting number, which only a booking has."""
    item: str
    """The bank's item reference, without leading zeros."""
    order: str
    """The bank's order reference."""
    amount: int
    """In the account's currency, negative when money went out."""
    message: str
    counterparty: str | None
    line: str

    @property
    def own_id(self) -> str:
        """The identity that either half alone gives to the payment. The sign keeps a payment from its return."""
        if not self.item and self.posting:
            return f"{self.place}/{self.posting}"
        return f"{self.place}/{'+' if self.amount >= 0 else '-'}{self.item or self.order}"

    def is_again(self, other: Half) -> bool:
        """Whether this is the same half, delivered once more."""
        return (self.kind, self.posting, self.item, self.order) == (
            other.kind,
            other.posting,
            other.item,
            other.order,
        ) and (self.amount > 0) == (other.amount > 0)

    def completes(self, other: Half) -> bool:
        """Whether the two are halves of one payment."""
        return (
            self.kind != other.kind
            and (self.amount > 0) == (other.amount > 0)
            and (
                (bool(self.item) and self.item == other.item) or (bool(self.order) and self.order == other.order)
            )
        )


@dataclass(frozen=True)
class Placed:
    """A half and the payment it belongs to."""

    payment_id: str
    half: Half


def half_of_booking(movement: Any, line: str) -> Half:
    """The booking's half; its purpose is only the first 35 characters (csob.md 2.6)."""
    item = movement.order_id if movement.order_id != movement.bank_reference else ""
    return Half(
        kind=BOOKING,
        place=place(movement.own_account, movement.currency, movement.booking_date),
        posting=movement.bank_reference.lstrip("0"),
        item=item.lstrip("0") or (str(movement.specific_symbol) if movement.specific_symbol else ""),
        order=movement.client_reference or ("" if " " in movement.name else movement.name),
        amount=signed(movement),
        message=" \n".join(part for part in (purpose([movement.message_3]), movement.note) if part),
        counterparty=with_bank(movement.message_2.strip(), ""),
        line=line.rstrip(),
    )


def half_of_detail(detail: Any, line: str) -> Half:
    """The details' half; the advice for the client serves only where there is no purpose (csob.md 2.7)."""
    pieces = [detail.purpose_1, detail.purpose_2, detail.purpose_3, detail.purpose_4]
    if not any(pieces):
        pieces = [detail.advice_1, detail.advice_2, detail.advice_3, detail.advice_4, detail.advice_5]
    amount = abs(int(detail.amount))
    return Half(
        kind=DETAIL,
        place=place(detail.own_account, detail.currency, detail.booking_date),
        posting="",
        item=detail.item_reference.lstrip("0"),
        order=detail.order_reference,
        amount=amount if detail.direction == "CRE" else -amount,
        message=purpose(pieces),
        counterparty=with_bank(detail.account, ""),
        line=line.rstrip(),
    )


def placed(known: Sequence[Placed], halves: Iterable[Half]) -> list[Placed]:
    """All halves of one place; the known ones keep their payments, and one delivered again replaces itself."""
    result = list(known)
    for half in sorted(halves, key=lambda one: (one.kind, one.posting.zfill(16), one.item, one.order, one.line)):
        again = next((n for n, one in enumerate(result) if one.half.is_again(half)), None)
        if again is None:
            result.append(Placed(_payment_id(result, half), half))
        else:
            result[again] = Placed(result[again].payment_id, half)
    return result


def _payment_id(placed: list[Placed], half: Half) -> str:
    taken = {one.payment_id for one in placed if one.half.kind == half.kind}
    for one in placed:
        if one.half.completes(half) and one.payment_id not in taken:
            return one.payment_id
    # The same item booked twice is two payments: the posting number, or else the order, tells them apart.
    return half.own_id if half.own_id not in taken else f"{half.own_id}/{half.posting or half.order}"


def payment(payment_id: str, halves: Sequence[Half]) -> Row:
    """The payment that one half or both tell of: money from the booking, text and payer from the details."""
    first, last = sorted(halves, key=lambda half: half.kind)[0], sorted(halves, key=lambda half: half.kind)[-1]
    _, currency, day = first.place.rsplit("/", 2)
    return {
        "payment_id": payment_id,
        "booked_on": pd.Timestamp(day),
        "amount": first.amount,
        "currency": currency,
        "message": last.message or first.message or None,
        "counterparty": last.counterparty or first.counterparty,
        "kind": "transfer",
        "raw": raw(sorted(half.line for half in halves)),
    }


def differ(halves: Sequence[Half]) -> bool:
    """Whether the halves of one payment tell different amounts."""
    return len({half.amount for half in halves}) > 1


def written(places: Iterable[Placed]) -> str:
    """The halves of one place as the text under which they are remembered."""
    return json.dumps([[one.payment_id, asdict(one.half)] for one in places], ensure_ascii=False)


def remembered(text: str | None) -> list[Placed]:
    """The halves of one place as they were remembered; none when nothing was."""
    return [Placed(payment_id, Half(**half)) for payment_id, half in json.loads(text or "[]")]
