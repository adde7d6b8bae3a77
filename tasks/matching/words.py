"""
The same money told twice counts once: an e-shop's word that an order is paid and the money itself, or money seen
at a payment gateway and again when the gateway passes it on to the bank.
"""

from __future__ import annotations

import numpy as np

from tasks.matching.keys import Flags, Ints

GATEWAYS = ("comgate", "gopay", "gp-webpay")
"""Sources of payments that pass the money on to a bank account."""
PASSED_ON_WITHIN = 10
"""Days within which a gateway has passed the money on."""


def seen_at_gateway(documents: Ints, amounts: Ints, gateway: Flags, days: Ints) -> Flags:
    """Which of the counted parts are most likely the gateway's own payout of money counted already.

    One entry per counted part: row of the document, amount, whether it came from a gateway, and its day as a
    number. On one document, a part from elsewhere of the same amount as one from a gateway, booked on its day or
    up to `PASSED_ON_WITHIN` days later, is told twice; each part of a gateway explains one such part.
    """
    seen = np.zeros(len(documents), np.bool_)
    if not gateway.any() or gateway.all():
        return seen
    at_gateway, elsewhere = (np.zeros(documents.max() + 1, np.bool_) for _ in range(2))
    at_gateway[documents[gateway]] = True
    elsewhere[documents[~gateway]] = True
    rows = np.flatnonzero((at_gateway & elsewhere)[documents] & (amounts > 0))
    rows = rows[np.lexsort((days[rows], ~gateway[rows]))]
    waiting: dict[tuple[int, int], list[int]] = {}
    for row in rows.tolist():
        told = waiting.setdefault((int(documents[row]), int(amounts[row])), [])
        if gateway[row]:
            told.append(int(days[row]))
            continue
        match = next((day for day in told if 0 <= days[row] - day <= PASSED_ON_WITHIN), None)
        if match is not None:
            told.remove(match)
            seen[row] = True
    return seen


def seen_elsewhere(documents: Ints, amounts: Ints, words: Flags, order: Ints) -> Ints:
    """How much of each counted part was seen as money too, and so must not count again.

    One entry per counted part: row of the document, amount, whether it is an e-shop's word (or takes such a word
    back), and its place in the order of payments. Money that came counts even if it went back later: a word must
    not make a refunded document paid. Zero for parts that are no words.
    """
    seen = np.zeros_like(amounts)
    rows = np.flatnonzero(words)
    if len(rows) == 0:
        return seen
    money: dict[int, int] = {}
    told = np.zeros(documents.max() + 1, np.bool_)
    told[documents[rows]] = True
    for row in np.flatnonzero(~words & (amounts > 0) & told[documents]).tolist():
        document = int(documents[row])
        money[document] = money.get(document, 0) + int(amounts[row])
    standing: dict[int, int] = {}
    for row in rows[np.lexsort((order[rows], amounts[rows] < 0))].tolist():
        document, amount = int(documents[row]), int(amounts[row])
        if amount > 0:
            seen[row] = min(amount, money.get(document, 0))
            money[document] = money.get(document, 0) - int(seen[row])
            standing[document] = standing.get(document, 0) + amount - int(seen[row])
        else:
            seen[row] = amount + min(-amount, standing.get(document, 0))
            standing[document] = standing.get(document, 0) + amount - int(seen[row])
    return seen
