"""Advices in BBF as the bank writes them (csob.md 2): records from their fields, blocks from records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

MOVEMENT: Mapping[str, tuple[int, int]] = {
    "kind": (19, 2),
    "order": (21, 22),
    "weight": (43, 3),
    "own_bank": (46, 4),
    "client_number": (50, 14),
    "client_name": (64, 35),
    "own_account": (99, 34),
    "client_reference": (133, 16),
    "bank_reference": (149, 16),
    "value": (165, 8),
    "booked": (173, 8),
    "other_bank_day": (181, 8),
    "flag": (189, 2),
    "amount": (191, 16),
    "currency": (207, 3),
    "balance": (210, 16),
    "balance_flag": (226, 1),
    "bank": (227, 11),
    "account": (238, 34),
    "name": (272, 35),
    "constant": (307, 4),
    "variable": (311, 10),
    "specific": (321, 10),
    "their_variable": (331, 10),
    "their_specific": (341, 10),
    "message_1": (351, 35),
    "message_2": (386, 35),
    "message_3": (421, 35),
    "message_4": (456, 35),
    "note": (491, 35),
}
"""Where each field begins and how long it is."""

DETAIL: Mapping[str, tuple[int, int]] = {
    "direction": (19, 3),
    "client_number": (22, 14),
    "order": (36, 16),
    "item": (52, 28),
    "weight": (80, 3),
    "own_account": (83, 34),
    "name": (117, 35),
    "address_1": (152, 35),
    "address_2": (187, 35),
    "account": (257, 35),
    "bank_1": (292, 35),
    "bank_2": (327, 35),
    "purpose_1": (432, 35),
    "purpose_2": (467, 35),
    "purpose_3": (502, 35),
    "purpose_4": (537, 35),
    "original": (572, 16),
    "original_currency": (588, 3),
    "amount": (591, 16),
    "currency": (607, 3),
    "rate": (610, 12),
    "fee": (622, 16),
    "fee_currency": (638, 3),
    "foreign_fee": (641, 16),
    "foreign_fee_currency": (657, 3),
    "other_fee": (660, 16),
    "other_fee_currency": (676, 3),
    "value": (679, 8),
    "booked": (687, 8),
    "advice_1": (703, 35),
    "advice_2": (738, 35),
    "advice_3": (773, 35),
    "advice_4": (808, 35),
    "charges": (878, 3),
    "bic": (881, 11),
}

USUAL_MOVEMENT = {
    "weight": "100",
    "own_bank": "0300",
    "client_number": "9900112233",
    "client_name": "Ukázková firma s.r.o.",
    "currency": "CZK",
    "balance_flag": "C",
    "constant": "0000",
    "variable": "0" * 10,
    "specific": "0" * 10,
    "their_variable": "0" * 10,
    "their_specific": "0" * 10,
}
USUAL_DETAIL = {
    "weight": "090",
    "client_number": "9900112233",
    "fee": "0000000000000.00",
    "foreign_fee": "0000000000000.00",
    "other_fee": "0000000000000.00",
    "rate": "0001.0000000",
    "charges": "SHA",
}


def money(hundredths: int, *, decimal: str = ".") -> str:
    """An amount in sixteen columns, with its sign in the first one when it is negative."""
    whole, cents = divmod(abs(hundredths), 100)
    digits = f"{whole:013d}{decimal}{cents:02d}"
    return "-" + digits[1:] if hundredths < 0 else digits


def movement(*, application: str = "777777", **fields: str) -> str:
    """A booking, full length."""
    return _line(application, "ADVMUL", "02", MOVEMENT, {**USUAL_MOVEMENT, **fields}, 548)


def detail(*, application: str = "777777", **fields: str) -> str:
    """The details of a foreign payment, full length."""
    return _line(application, "ADVMUZ", "02", DETAIL, {**USUAL_DETAIL, **fields}, 928)


def block(
    number: str,
    records: Iterable[str],
    *,
    moment: dt.datetime,
    sequence: int,
    application: str = "777777",
    message: str = "ADVMUL",
) -> list[str]:
    """One advice: the lines from its header to its lock."""
    return [
        f"{_head(application, 'HEADER', '00')}01.0000BBCSOB",
        f"{_head(application, message, '01')}{number}",
        *records,
        # The bank leaves the count of records zero (csob.md 2.5).
        f"{_head(application, 'LOCK', '99')}{0:13d}{moment:%y%m%d%H%M%S}{sequence:9d}",
    ]


def file(*blocks: Sequence[str], trimmed: bool = False, end: str = "\r\n", encoding: str = "cp1250") -> bytes:
    """The bytes of a file of these blocks; `trimmed` leaves out blank columns at the ends of lines."""
    lines = [line.rstrip() if trimmed else line for lines in blocks for line in lines]
    return "".join(line + end for line in lines).encode(encoding)


def pieces(text: str, prefix: str, count: int = 4) -> dict[str, str]:
    """A longer text cut as the bank does, wherever a piece ends."""
    return {f"{prefix}_{n + 1}": text[n * 35 : (n + 1) * 35] for n in range(count)}


def _line(
    application: str,
    message: str,
    kind: str,
    layout: Mapping[str, tuple[int, int]],
    fields: Mapping[str, str],
    width: int,
) -> str:
    line = _head(application, message, kind).ljust(width)
    for name, text in fields.items():
        first, length = layout[name]
        if len(text) > length:
            raise ValueError(f"{name} takes {length} characters: {text}")
        line = line[: first - 1] + text.ljust(length) + line[first - 1 + length :]
    return line


def _head(application: str, message: str, kind: str) -> str:
    return f"T{application:<8}{message:<6} {kind}"
