"""
What a database driver gives for a portion of one column, as an array of ours: exact, and fast for large units.

SQL Server's driver gives Decimal, datetime and bool; SQLite's gives text, float and int. Both mean the same here.
`joined` makes the columns of a table from the arrays of all portions; until then `MISSING` stands for an empty
number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.symbols import symbol

Money = Decimal | str | float | int | None
Array = npt.NDArray[Any]

MISSING = np.iinfo(np.int64).min
_EXACT_BELOW = 1e11
"""Below this, the nearest binary float times 10,000 is less than half a unit away from the true ten-thousandths,
so rounding it gives them exactly; a larger amount goes through Decimal, one by one."""
_FIRST_OF_1970 = dt.date(1970, 1, 1).toordinal()


def joined(portions: Sequence[Array], dtype: str) -> pd.Series[Any]:
    """The column of this dtype that the portions make together."""
    whole = np.concatenate(portions)
    if dtype == "Int64":
        return pd.Series(pd.arrays.IntegerArray(whole, whole == MISSING))
    if dtype == "boolean":
        return pd.Series(pd.arrays.BooleanArray(whole == 1, whole == MISSING))
    return pd.Series(whole, dtype=np.dtype(dtype) if dtype != "str" else dtype)


def amounts(values: Sequence[Money]) -> Array:
    """Hundredths; Pohoda keeps four decimals, and what is not a whole hundredth is rounded half away from zero.

    Empty is 0, as it is in Pohoda.
    """
    return _hundredths(_objects(values).astype(np.float64), values)


def optional_amounts(values: Sequence[Money]) -> Array:
    """As `amounts`, but empty stays missing."""
    floats = _objects(values).astype(np.float64)
    return np.where(np.isnan(floats), MISSING, _hundredths(floats, values))


def _hundredths(floats: npt.NDArray[np.float64], values: Sequence[Money]) -> Array:
    """`floats` are the nearest ones to the values, NaN for what is empty."""
    small = np.abs(floats) < _EXACT_BELOW
    ten_thousandths = np.rint(np.where(small, floats, 0.0) * 10_000).astype(np.int64)
    found = np.sign(ten_thousandths) * ((np.abs(ten_thousandths) + 50) // 100)
    for place in np.flatnonzero(~small & ~np.isnan(floats)).tolist():
        found[place] = int((Decimal(str(values[place])) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return found


def optional_numbers(values: Sequence[int | bool | None]) -> Array:
    """Whole numbers, or yes and no as 1 and 0; missing where empty."""
    floats = _objects(values).astype(np.float64)
    return np.where(np.isnan(floats), MISSING, np.nan_to_num(floats).astype(np.int64))


def texts(values: Sequence[str | None]) -> Array:
    """Text, missing where empty."""
    return _objects(values)


def symbols(values: Sequence[str | None]) -> Array:
    """Payment symbols in their normal form, as `tasks.symbols.symbol` gives it."""
    if "".join(filter(None, values)).isascii():
        # Plain digits, nearly all there are, take a shorter way to the same result.
        return _objects([((v.lstrip("0") or None) if v.isdigit() else symbol(v)) if v else None for v in values])
    return _objects([symbol(value) for value in values])


def customers(icos: Sequence[str | None], address_ids: Sequence[int | None]) -> Array:
    """A stable key of each document's customer: by company number, else by the row in Pohoda's address book."""
    pairs = zip(icos, address_ids, strict=True)
    return _objects(
        [
            f"ico:{ico}" if ico is not None else None if address is None else f"ad:{address}"
            for ico, address in pairs
        ]
    )


def days(values: Sequence[dt.datetime | str]) -> Array:
    """The days of the moments, as midnights; Pohoda's moments are Prague's local time (pohoda-sql.md 1.8)."""
    ordinals = [_ordinal(moment) if isinstance(moment, str) else moment.toordinal() for moment in values]
    since_1970 = np.array(ordinals, dtype=np.int64) - _FIRST_OF_1970
    return since_1970.astype("datetime64[D]").astype("datetime64[us]")


@lru_cache(maxsize=4096)
def _ordinal(moment: str) -> int:
    """Days are few and documents many, so most are found here without being read again."""
    return dt.date.fromisoformat(moment[:10]).toordinal()


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    return np.fromiter(values, dtype=np.object_, count=len(values))
