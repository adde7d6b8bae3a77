"""Symbols one typing error away from each other, for many symbols at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.matching.keys import Ints

LONGEST = 17
"""Symbols with more digits are left alone: one more digit would not fit the numbers they are computed with."""


def neighbours(keys: Ints) -> Iterator[tuple[str, Ints, Ints]]:
    """(kind of error, positions in `keys`, what the payer may have meant), for every single typing error.

    Kinds: a wrong digit, two adjacent digits swapped, one digit left out by the payer, one digit too many.
    """
    sizes = np.char.str_len(keys.astype(str))
    for size in np.unique(sizes[(keys > 0) & (sizes <= LONGEST)]).tolist():
        rows = np.flatnonzero((sizes == size) & (keys > 0))
        for kind, meant in _variants(keys[rows], size):
            changed = meant != keys[rows]
            yield kind, rows[changed], meant[changed]


def _variants(keys: Ints, size: int) -> Iterator[tuple[str, Ints]]:
    for place in range(size):
        unit = 10**place
        digit = keys // unit % 10
        for other in range(10):
            yield "substitution", keys + (other - digit) * unit
        yield "extra", keys // (unit * 10) * unit + keys % unit
        if place:
            lower = keys // (unit // 10) % 10
            yield "swap", keys + (lower - digit) * unit + (digit - lower) * (unit // 10)
    for place in range(size + 1):
        unit = 10**place
        for other in range(10):
            yield "missing", keys // unit * (unit * 10) + other * unit + keys % unit
