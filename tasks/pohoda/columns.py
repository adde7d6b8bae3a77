"""
What a database driver gives for one column, as a whole column of ours: exact, and fast for hundreds of thousands.

SQL Server's driver gives Decimal, datetime and bool; SQLite's gives text, float and int. Both mean the same here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.symbols import symbol

Money = Decimal | str | float | int | None
_EXACT_BELOW = 1e11
"""Below this, the nearest binary float times 10,000 is less than half a unit away from the true ten-thousandths,
so rounding it gives them exactly; a larger amount goes through Decimal, one by one."""


def amounts(values: Sequence[Money]) -> npt.NDArray[np.int64]:
    """Hundredths; Pohoda keeps four decimals, and what is not a whole hundredth is rounded half away from zero.

    Empty is 0, as it is in Pohoda.
    """
    floats = np.array([0.0 if value is None else float(value) for value in values], dtype=np.float64)
    large = np.abs(floats) >= _EXACT_BELOW
    ten_thousandths = np.rint(np.where(large, 0.0, floats) * 10_000).astype(np.int64)
    found = np.sign(ten_thousandths) * ((np.abs(ten_thousandths) + 50) // 100)
    for place in np.flatnonzero(large).tolist():
        found[place] = _exact(values[place])
    return found


def _exact(value: Money) -> int:
    return int((Decimal(str(value)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def optional_amounts(values: Sequence[Money]) -> pd.Series[Any]:
    """As `amounts`, but empty stays missing."""
    return pd.Series(pd.arrays.IntegerArray(amounts(values), _missing(values)))


def optional_numbers(values: Sequence[int | None]) -> pd.Series[Any]:
    """Whole numbers, missing where empty."""
    data = np.array([value or 0 for value in values], dtype=np.int64)
    return pd.Series(pd.arrays.IntegerArray(data, _missing(values)))


def optional_answers(values: Sequence[bool | int | None]) -> pd.Series[Any]:
    """Yes or no, missing where empty."""
    data = np.array([bool(value) for value in values], dtype=np.bool_)
    return pd.Series(pd.arrays.BooleanArray(data, _missing(values)))


def _missing(values: Sequence[Any]) -> npt.NDArray[np.bool_]:
    return np.array([value is None for value in values], dtype=np.bool_)


def texts(values: Sequence[str | None]) -> pd.Series[Any]:
    """Text, missing where empty."""
    return pd.Series(list(values), dtype="str")


def symbols(values: Sequence[str | None]) -> pd.Series[Any]:
    """Payment symbols in their normal form, each spelling normalised once."""
    known = {value: symbol(value) for value in set(values)}
    return texts([known[value] for value in values])


def days(values: Sequence[dt.datetime | str]) -> npt.NDArray[np.datetime64]:
    """The days of the moments, as midnights; Pohoda's moments are Prague's local time (pohoda-sql.md 1.8)."""
    return np.array(values, dtype="datetime64[us]").astype("datetime64[D]").astype("datetime64[us]")
