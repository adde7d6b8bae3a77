"""The same money told twice: an e-shop's word that an order is paid, and the money itself, count once."""

from __future__ import annotations

import numpy as np

from tasks.matching.keys import Flags, Ints


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
