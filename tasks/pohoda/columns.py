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
    return _hundredths(_floats(values), values)


def optional_amounts(values: Sequence[Money]) -> pd.Series[Any]:
    """As `amounts`, but empty stays missing."""
    floats = _floats(values)
    return pd.Series(pd.arrays.IntegerArray(_hundredths(floats, values), np.isnan(floats)))


def _floats(values: Sequence[Money]) -> npt.NDArray[np.float64]:
    """The nearest binary floats, NaN for what is empty."""
    return _objects(values).astype(np.float64)


def _hundredths(floats: npt.NDArray[np.float64], values: Sequence[Money]) -> npt.NDArray[np.int64]:
    small = np.abs(floats) < _EXACT_BELOW
    ten_thousandths = np.rint(np.where(small, floats, 0.0) * 10_000).astype(np.int64)
    found = np.sign(ten_thousandths) * ((np.abs(ten_thousandths) + 50) // 100)
    for place in np.flatnonzero(~small & ~np.isnan(floats)).tolist():
        found[place] = int((Decimal(str(values[place])) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return found


def optional_numbers(values: Sequence[int | None]) -> pd.Series[Any]:
    """Whole numbers, missing where empty."""
    data = np.array([value or 0 for value in values], dtype=np.int64)
    return pd.Series(pd.arrays.IntegerArray(data, _missing(values)))


def optional_answers(values: Sequence[bool | int | None]) -> pd.Series[Any]:
    """Yes or no, missing where empty."""
    return pd.Series(pd.arrays.BooleanArray(_objects(values).astype(np.bool_), _missing(values)))


def _missing(values: Sequence[Any]) -> npt.NDArray[np.bool_]:
    return pd.isna(_objects(values))


def _objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    return np.fromiter(values, dtype=np.object_, count=len(values))


def texts(values: Sequence[str | None]) -> pd.Series[Any]:
    """Text, missing where empty."""
    return pd.Series(_objects(values), dtype="str")


def constant(text: str, rows: int) -> pd.Series[Any]:
    """The same text in every row."""
    return texts([text] * rows)


def symbols(values: Sequence[str | None]) -> pd.Series[Any]:
    """Payment symbols in their normal form, as `tasks.symbols.symbol` gives it."""
    distinct = set(values)
    if len(distinct) * 4 < len(values):
        known = {value: symbol(value) for value in distinct}
        return texts([known[value] for value in values])
    if "".join(filter(None, values)).isascii():
        # Plain digits, nearly all there are, take a shorter way to the same result.
        return texts([((v.lstrip("0") or None) if v.isdigit() else symbol(v)) if v else None for v in values])
    return texts([symbol(value) for value in values])


def customers(icos: Sequence[str | None], address_ids: Sequence[int | None]) -> pd.Series[Any]:
    """A stable key of each document's customer: by company number, else by the row in Pohoda's address book."""
    companies = {ico: f"ico:{ico}" for ico in set(icos)}
    addresses = {address: None if address is None else f"ad:{address}" for address in set(address_ids)}
    pairs = zip(icos, address_ids, strict=True)
    return texts([addresses[address] if ico is None else companies[ico] for ico, address in pairs])


def days(values: Sequence[dt.datetime | str]) -> npt.NDArray[np.datetime64]:
    """The days of the moments, as midnights; Pohoda's moments are Prague's local time (pohoda-sql.md 1.8)."""
    # Many documents share few days, and turning a moment into numpy's is what costs.
    distinct = list(set(values))
    places = {moment: place for place, moment in enumerate(distinct)}
    midnights = np.array(distinct, dtype="datetime64[us]").astype("datetime64[D]").astype("datetime64[us]")
    return midnights[[places[moment] for moment in values]]
