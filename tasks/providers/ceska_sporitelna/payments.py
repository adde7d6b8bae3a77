"""From what was read to payments: each booking once, reversals tied to what they take back, nothing dropped in
silence."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tasks.days import ONE_DAY
from tasks.errors import BadRecord
from tasks.provider import Delivery, Fault, Note
from tasks.providers.ceska_sporitelna import bookings
from tasks.providers.ceska_sporitelna.bookings import Booking
from tasks.providers.ceska_sporitelna.reading import LINKING_DAYS, Reading
from tasks.tables import INCOMING, table

SYMBOL_NAMES = {"VS": "variabilní", "SS": "specifické", "KS": "konstantní"}


def delivery(read: Reading) -> Delivery:
    """The payments of the days asked for, the days now complete, and what people should know.

    The order of the rows and repeated rows make no difference.
    """
    booked, faults = _booked(read)
    reversals = reversed_by(booked)
    asked = sorted(
        (b for b in booked if read.days.first <= b.day <= read.days.last), key=lambda b: (b.day, b.reference)
    )
    return Delivery(
        payments=table(INCOMING, [_payment(b, read, reversals.get(b.reference)) for b in asked]),
        covered=tuple(day for day in read.days if read.whole_from <= day <= read.whole_to),
        faults=tuple(sorted(faults, key=lambda fault: fault.record)),
        notes=(*_notes_of_reach(read, asked), *_notes_of_symbols(asked)),
    )


def _booked(read: Reading) -> tuple[list[Booking], list[Fault]]:
    """Every booking once, and a fault for every row of the asked days that cannot be one."""
    found: dict[str, Booking] = {}
    faults: dict[str, Fault] = {}
    for reference, rows in _by_name(read.rows).items():
        try:
            if len(rows) > 1:
                raise BadRecord("banka poslala dva různé řádky se stejným identifikátorem")
            booking = bookings.booking(rows[0], read.currency)
        except BadRecord as error:
            if any(_may_be_of(row, read) for row in rows):
                together = "\n".join(bookings.raw(row) for row in rows)
                faults[reference] = Fault(record=reference, cause=error.cause, raw=together)
        else:
            if booking is not None:
                found[reference] = booking
    return list(found.values()), list(faults.values())


def _by_name(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """The different rows of each name, in an order that does not depend on the order of the rows."""
    by_name: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        by_name[bookings.name_of(row)][bookings.raw(row)] = row
    return {name: [different[text] for text in sorted(different)] for name, different in by_name.items()}


def _may_be_of(row: Any, read: Reading) -> bool:
    """Whether the row belongs to the asked days, or does not tell; a fault of another day is reported with that
    day."""
    try:
        return read.days.first <= bookings.booked_on(row) <= read.days.last
    except BadRecord:
        return True


def reversed_by(booked: Iterable[Booking]) -> dict[str, str]:
    """By the reference of a row that takes another one back, the reference of that other row.

    The bank has no sign of a reversal of its own: it is the later of the only two rows that share the bank's
    reference of the payment and move the same amount to opposite sides. Of two on one day it is the one that
    takes money away.
    """
    alike: dict[tuple[str, int], list[Booking]] = defaultdict(list)
    for booking in booked:
        if booking.servicer_reference and booking.amount:
            alike[booking.servicer_reference, abs(booking.amount)].append(booking)
    found: dict[str, str] = {}
    for some in alike.values():
        if len(some) == 2 and some[0].amount == -some[1].amount:
            first, later = sorted(some, key=lambda b: (b.day, b.amount < 0))
            if later.day - first.day <= LINKING_DAYS * ONE_DAY:
                found[later.reference] = first.reference
    return found


def _payment(booking: Booking, read: Reading, takes_back: str | None) -> dict[str, Any]:
    row = booking.row
    found, _ = bookings.symbols(row)
    is_reversal = takes_back is not None or booking.said_reversed
    return {
        "source": read.source,
        "payment_id": booking.reference,
        "booked_on": dt.datetime.combine(booking.day, dt.time()),
        "amount": booking.amount,
        "currency": read.currency,
        "variable_symbol": found.get("VS"),
        "specific_symbol": found.get("SS"),
        "constant_symbol": found.get("KS"),
        "message": bookings.message(row),
        "counterparty": bookings.counterparty(row, booking.amount),
        "kind": "reversal" if is_reversal else bookings.kind(row, booking.amount),
        "reverses": takes_back,
        "raw": bookings.raw(row),
    }


def _notes_of_reach(read: Reading, asked: list[Booking]) -> list[Note]:
    """The loud warning about days that the bank may have cut without a word."""
    if read.days.first >= read.whole_from:
        return []
    last = min(read.days.last, read.whole_from - ONE_DAY)
    came = sum(booking.day <= last for booking in asked)
    text = (
        f"Dny {read.days.first} až {last} nejsou jistě úplné: Česká spořitelna bez nového přihlášení majitele "
        f"mlčky vynechává pohyby starší než 90 dnů. Z těchto dnů přišlo pohybů: {came}. Porovnejte je s výpisem "
        "z účtu; úplné bývají hned po novém udělení souhlasu."
    )
    return [Note("days_out_of_reach", text, urgent=True)]


def _notes_of_symbols(asked: list[Booking]) -> list[Note]:
    return [
        Note(
            "symbols_contradict",
            f"Pohyb {booking.reference} ze dne {booking.day} nese dva různé {SYMBOL_NAMES[tag]} symboly, "
            "nepoužil se žádný z nich.",
        )
        for booking in asked
        for tag in bookings.symbols(booking.row)[1]
    ]
