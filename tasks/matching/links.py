"""Rows that take a payment back and name it: which payment in the end each of them is about."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tasks.matching.keys import Ints


def roots(payments: pd.DataFrame) -> tuple[Ints, Ints]:
    """For each payment the row of the payment that it takes back in the end (-1 for none), and through how many.

    A row whose named payment is not here or of another currency, or that ends up naming itself, takes nothing
    known back.
    """
    named = payments["reverses"].to_numpy(dtype=object)
    target = np.full(len(payments), -1, np.int64)
    depth = np.zeros(len(payments), np.int64)
    rows = np.flatnonzero(~pd.isna(named))
    if len(rows) == 0:
        return target, depth
    sources = payments["source"].to_numpy(dtype=object)
    wanted = set[object](named[rows])
    identities = payments["payment_id"].to_numpy(dtype=object)
    meant = np.flatnonzero(np.fromiter(map(wanted.__contains__, identities), np.bool_, len(identities)))
    here = {(sources[row], identities[row]): row for row in meant.tolist()}
    currencies = payments["currency"].to_numpy(dtype=object)
    found = ((row, here.get((sources[row], named[row]), -1)) for row in rows.tolist())
    direct = {row: meant for row, meant in found if meant >= 0 and currencies[row] == currencies[meant]}
    acyclic = {row: meant for row, meant in direct.items() if not _returns(row, direct)}
    for row in acyclic:
        root, steps = row, 0
        while root in acyclic:
            root, steps = acyclic[root], steps + 1
        target[row], depth[row] = root, steps
    return target, depth


def _returns(row: int, direct: Mapping[int, int]) -> bool:
    """Whether the row takes itself back in the end."""
    seen, place = set[int](), direct.get(row)
    while place is not None and place != row and place not in seen:
        seen.add(place)
        place = direct.get(place)
    return place == row
