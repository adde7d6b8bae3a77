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

LAST_DAYS = 14
"""In the last days in which the bank still gives a day, an unreadable row no longer keeps the day open: its fault
was told by every run until then, and the day would otherwise be called out of reach ever after."""
SYMBOL_NAMES = {"VS": "variabilní", "SS": "specifické", "KS": "konstantní"}


def delivery(read: Reading) -> Delivery:
    """The payments of the days asked for, the days now complete, and what people should know.

    The order of the rows and repeated rows make no difference.
    """
    booked, faults, doubtful = _booked(read)
    reversals = reversed_by(booked)
    asked = sorted(
        (b for b in booked if read.days.first <= b.day <= read.days.last), key=lambda b: (b.day, b.reference)
    )
    return Delivery(
        payments=table(INCOMING, [_payment(b, read, reversals.get(b.reference)) for b in asked]),
        covered=tuple(
            day for day in read.days if read.whole_from <= day <= read.whole_to and day not in doubtful
        ),
        faults=tuple(sorted(faults, key=lambda fault: fault.record)),
        notes=(*_notes_of_reach(read, asked), *_notes_of_symbols(asked)),
    )


def _booked(read: Reading) -> tuple[list[Booking], list[Fault], set[dt.date]]:
    """Every booking once, a fault for every row of the asked days that cannot be one, and the days of these."""
    found: dict[str, Booking] = {}
    faults: dict[str, Fault] = {}
    unreadable: set[dt.date] = set()
    for reference, rows in _by_name(read.rows).items():
        try:
            if len(rows) > 1:
                raise BadRecord("banka poslala dva různé řádky se stejným identifikátorem")
            booking = bookings.booking(rows[0], read.currency)
        except BadRecord as error:
            if days := {day for row in rows for day in _possible_days(row, read)}:
                together = "\n".join(bookings.raw(row) for row in rows)
                faults[reference] = Fault(record=reference, cause=error.cause, raw=together)
                unreadable |= days
        else:
            if booking is not None:
                found[reference] = booking
    doubtful = {day for day in unreadable if day >= read.whole_from + LAST_DAYS * ONE_DAY}
    return list(found.values()), list(faults.values()), doubtful


def _by_name(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """The different rows of each name, in an order that does not depend on the order of the rows."""
    by_name: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        by_name[bookings.name_of(row)][bookings.raw(row)] = row
    return {name: [different[text] for text in sorted(different)] for name, different in by_name.items()}


def _possible_days(row: Any, read: Reading) -> list[dt.date]:
    """On which of the asked days the row may be booked: all of them when it does not tell.

    None for a row of another day; its fault is reported with that day.
    """
    try:
        booked_on = bookings.booked_on(row)
    except BadRecord:
        return list(read.days)
    return [day for day in read.days if day == booked_on]


def reversed_by(booked: Iterable[Booking]) -> dict[str, str]:
    """By the reference of a row that takes another one back, the reference of that other row.

    The bank has no sign of a reversal of its own: rows that share the bank's reference of the payment and move
    the same amount are gone through in order, and each takes back the nearest earlier one to the opposite side
    that was not taken back yet. So a payment that was returned and sent again stands. On one day, rows that take
    money away come last.
    """
    standing: dict[tuple[str, int], list[Booking]] = defaultdict(list)
    found: dict[str, str] = {}
    for booking in sorted(booked, key=lambda b: (b.day, b.amount < 0, b.reference)):
        if not booking.servicer_reference or not booking.amount:
            continue
        opposite = standing[booking.servicer_reference, -booking.amount]
        if opposite and booking.day - opposite[-1].day <= LINKING_DAYS * ONE_DAY:
            found[booking.reference] = opposite.pop().reference
        else:
            standing[booking.servicer_reference, booking.amount].append(booking)
    return found


def _payment(booking: Booking, read: Reading, takes_back: str | None) -> dict[str, Any]:
    row = booking.row
    is_reversal = takes_back is not None or booking.said_reversed
    # Money of ours that came back carries the supplier's symbols and words, which must find no document of ours.
    ours = is_reversal and takes_back is None and booking.amount > 0
    return {
        "source": read.source,
        "payment_id": booking.reference,
        "booked_on": dt.datetime.combine(booking.day, dt.time()),
        "amount": booking.amount,
        "currency": read.currency,
        **({} if ours else _said(row)),
        "counterparty": bookings.counterparty(row, booking.amount),
        "kind": "reversal" if is_reversal else bookings.kind(row, booking.amount),
        "reverses": takes_back,
        "raw": bookings.raw(row),
    }


def _said(row: Any) -> dict[str, str | None]:
    """What the payer says the payment is for."""
    found, _ = bookings.symbols(row)
    return {
        "variable_symbol": found.get("VS"),
        "specific_symbol": found.get("SS"),
        "constant_symbol": found.get("KS"),
        "message": bookings.message(row),
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
