"""
The tables that rooms hand to each other: fixed columns, fixed dtypes, checked at every door.

Amounts are `int64` hundredths of the row's currency. Symbols are text of digits without leading zeros, missing
when empty or zero. Missing text is NaN (pandas' `str` dtype). Days are midnight of the Prague date, no zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

AGENDAS = ("issued_invoice", "advance_invoice", "received_order")
"""The kinds of documents, in the order in which reports show them."""

MARKS = ("amount", "count", "paid")
"""The marks of a document: the paid amount, the number of payments, and whether it is paid in full."""

KINDS = ("transfer", "card", "cash", "eshop", "refund", "reversal", "fee", "settlement", "interest", "other")
"""What a payment is. `settlement` is a gateway's lump payout, `fee` and `interest` the provider's own rows: those
three never pay a document. `eshop` is an e-shop's word that an order is paid, not money seen. `refund` (we gave
back) and `reversal` (the bank took a booking back) are negative and take a counted payment back."""

PAYMENTS: Mapping[str, str] = {
    "source": "str",  # the account the money came to, "<provider>:<its stable identity>"
    "payment_id": "str",  # the provider's own identity, unique within the source
    "booked_on": "datetime64[us]",
    "amount": "int64",  # negative when money went out or back
    "currency": "str",  # ISO code
    "variable_symbol": "str",
    "specific_symbol": "str",
    "constant_symbol": "str",
    "reference": "str",  # order number, gateway key or payment number, as the provider spells it
    "message": "str",  # every free text for the recipient, lines joined by one line feed each
    "counterparty": "str",  # account "[prefix-]number/bank" or IBAN, without spaces
    "kind": "str",
    "reverses": "str",  # payment_id, same source, of the payment that this row takes back
}

INCOMING: Mapping[str, str] = {**PAYMENTS, "raw": "str"}
"""Payments as normalised: with the provider's own record, as JSON text, that only the ledger keeps."""

DOCUMENTS: Mapping[str, str] = {
    "agenda": "str",
    "id": "int64",  # Pohoda's row id within the agenda's table
    "number": "str",
    "variable_symbol": "str",
    "specific_symbol": "str",
    "constant_symbol": "str",
    "reference": "str",  # from the configured column: gateway key, e-shop's order number
    "total": "int64",
    "currency": "str",
    "issued_on": "datetime64[us]",
    "cancelled": "bool",
    "open_amount": "Int64",  # Pohoda's own amount still to be paid; missing for orders
    "customer": "str",  # a stable, anonymous key of the customer, missing when Pohoda knows none
    "marked_amount": "Int64",  # the three marks now standing; missing when empty or not configured
    "marked_count": "Int64",
    "marked_paid": "boolean",
}

VERDICTS: Mapping[str, str] = {
    "source": "str",
    "payment_id": "str",
    "agenda": "str",
    "document_id": "Int64",  # missing when the part belongs to no document
    "amount": "int64",  # this part of the payment; the parts of one payment in one agenda sum to it
    "rule": "str",  # the rule that decided, missing when none did
    "reason": "str",  # from tasks.matching.reasons
}

CHANGES: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "number": "str",
    "currency": "str",
    "total": "int64",
    "old_amount": "Int64",
    "old_count": "Int64",
    "old_paid": "boolean",
    "new_amount": "int64",
    "new_count": "int64",
    "new_paid": "bool",
}

PARTS: Mapping[str, str] = {
    "agenda": "str",
    "document_id": "int64",
    "document": "str",  # its lasting name within the agenda, see `tasks.settlements.documents`
    "source": "str",
    "payment_id": "str",
    "booked_on": "datetime64[us]",
    "amount": "int64",  # above zero
}
"""What of which payment is to be settled on which document."""

SETTLED: Mapping[str, str] = {
    "id": "str",
    "agenda": "str",
    "document": "str",
    "source": "str",
    "payment_id": "str",
    "amount": "int64",
    "before": "int64",  # how much of the document was settled when this was sent
    "state": "str",  # sent (whether it was done is not known), settled, not_settled
}
"""Payments that went to be settled on documents, each once per document, in the order in which they were sent."""

QUESTIONS: Mapping[str, str] = {
    "key": "str",  # what the provider is asked by: a gateway key or a payment number
    "reference": "str",  # what the resulting payment carries as its reference
    "currency": "str",  # of the document that asks
    "total": "int64",
    "issued_on": "datetime64[us]",
}
"""What a provider that is asked by documents is to be asked, one row per key."""

ANSWERS: Mapping[str, str] = {
    "key": "str",
    "outcome": "str",  # the provider's word: paid, pending, unknown, cancelled …
    "ask_again_at": "datetime64[us, UTC]",  # missing: the answer can no longer change
}


def table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """A frame of just these columns and dtypes; keys a row lacks are missing, unknown keys raise ValueError."""
    listed = list(rows)
    unknown = {name for row in listed for name in row} - set(columns)
    if unknown:
        raise ValueError(f"unknown columns: {sorted(unknown)}")
    frame = pd.DataFrame({name: [row.get(name) for row in listed] for name in columns})
    return frame.astype(dict(columns))


def checked(columns: Mapping[str, str], frame: pd.DataFrame) -> pd.DataFrame:
    """The frame itself, after making sure that its columns and dtypes are just these, in this order.

    Raises TypeError with the difference: a table of a wrong shape is a fault of ours, never of the input.
    """
    found = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    if list(found.items()) != list(columns.items()):
        wrong = {name: found.get(name) for name in columns if found.get(name) != columns[name]}
        extra = [name for name in found if name not in columns]
        raise TypeError(f"table differs from its columns: wrong {wrong}, unexpected {extra}, or out of order")
    return frame


def stacked(columns: Mapping[str, str], frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All rows of the frames under one another, also when there is none."""
    some = [checked(columns, frame) for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else table(columns)
