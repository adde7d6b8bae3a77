"""
Fixed-width columns read whole: one matrix of bytes per kind of record, one pass per column.

Every reader says twice what its column means: `one` for a single value, which is the definition, and `many` for
a column of regular values at once, which is only quicker. What `many` does not recognise goes to `one`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.errors import BadRecord
from tasks.money import hundredths

CODEPAGE = "cp1250"
SPACE = 32

Cells = NDArray[np.uint8]
"""Bytes of one column: one row per record."""
Values = NDArray[Any]
Irregular = NDArray[np.intp]
"""Positions of the rows that `many` leaves to `one`."""

NONE: Irregular = np.empty(0, dtype=np.intp)


class Reader(Protocol):
    """What the bytes of a column mean."""

    @property
    def missing(self) -> Any:
        """The value of a blank column."""
        ...

    def one(self, text: str) -> Any:
        """The value of a column that is not blank. Raises ValueError with the cause, in Czech."""
        ...

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        """The values of all rows, and the rows that need `one`."""
        ...


def texts(cells: Cells) -> Values:
    """Decoded and stripped on both sides; bytes that the code page does not define become U+FFFD."""
    stripped: list[bytes] = np.strings.strip(_packed(cells)).tolist()
    decoded = b"\n".join(stripped).decode(CODEPAGE, "replace").split("\n")
    return np.array(decoded, dtype=object)


@dataclass(frozen=True)
class Text:
    """Free text, stripped on both sides."""

    missing: str = ""

    def one(self, text: str) -> str:
        return text.strip(" ")

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        return texts(cells), NONE


@dataclass(frozen=True)
class Piece:
    """A piece of a longer text: spaces at its beginning are the text's own (csob.md 2.10)."""

    missing: str = ""

    def one(self, text: str) -> str:
        return text.rstrip(" ")

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        indented = (cells[:, 0] == SPACE) & (cells != SPACE).any(axis=1)
        return texts(cells), np.flatnonzero(indented)


@dataclass(frozen=True)
class Code:
    """One of a closed list of codes, or anything of a pattern."""

    pattern: re.Pattern[str]
    cause: str
    missing: str = ""

    def one(self, text: str) -> str:
        code = text.strip(" ")
        if not self.pattern.fullmatch(code):
            raise ValueError(self.cause)
        return code

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        kinds, which = np.unique(_packed(cells), return_inverse=True)
        codes = texts(np.frombuffer(kinds.tobytes(), np.uint8).reshape(len(kinds), cells.shape[1]))
        wrong = np.flatnonzero([not self.pattern.fullmatch(code) for code in codes])
        return codes[which], np.flatnonzero(np.isin(which, wrong)) if len(wrong) else NONE


@dataclass(frozen=True)
class Symbol:
    """A symbol as its number; zero when the payment carries none (csob.md 2.6)."""

    missing: int = 0

    def one(self, text: str) -> int:
        digits = text.strip(" ")
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("symbol není číslo")
        return int(digits)

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        digits, irregular = _digits(cells)
        return _number(digits), irregular


@dataclass(frozen=True)
class Amount:
    """An amount in hundredths, with the sign that is printed; a decimal point or comma (csob.md 2.1)."""

    missing: int = 0
    _shape = re.compile(r"[+-]?[0-9]{1,13}(?:[.,][0-9]{1,2})?")

    def one(self, text: str) -> int:
        amount = text.strip(" ")
        if not self._shape.fullmatch(amount):
            raise ValueError("částka není číslo")
        try:
            return hundredths(amount)
        except BadRecord:
            raise ValueError("částka je nesmyslně velká") from None

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        whole, letters = _digits(cells[:, 1:13])
        cents, more = _digits(cells[:, 14:16])
        sign, separator = cells[:, 0], cells[:, 13]
        plain = (separator == ord(".")) | (separator == ord(","))
        plain &= (sign == ord("0")) | (sign == ord("-"))
        plain[letters] = False
        plain[more] = False
        value = _number(whole) * 100 + _number(cents)
        return np.where(sign == ord("-"), -value, value), np.flatnonzero(~plain)


@dataclass(frozen=True)
class Day:
    """A date written as eight digits; blank means missing."""

    missing: np.datetime64 = np.datetime64("NaT", "D")  # noqa: RUF009

    def one(self, text: str) -> np.datetime64:
        digits = text.strip(" ")
        try:
            if not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
                raise ValueError
            day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            raise ValueError("takový den neexistuje") from None
        return np.datetime64(day, "D")

    def many(self, cells: Cells) -> tuple[Values, Irregular]:
        digits, letters = _digits(cells)
        year, month, day = _number(digits[:, :4]), _number(digits[:, 4:6]), _number(digits[:, 6:])
        # The 29th to 31st are left to `one`, which knows the months.
        certain = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 28) & (year >= 1)
        certain[letters] = False
        months = np.where(certain, (year - 1970) * 12 + month - 1, 0)
        dates = months.astype("datetime64[M]").astype("datetime64[D]") + np.where(certain, day - 1, 0)
        return dates, np.flatnonzero(~certain)


def _packed(cells: Cells) -> NDArray[np.bytes_]:
    """The column as one array of byte strings."""
    return np.ascontiguousarray(cells).view(f"S{cells.shape[1]}").ravel()


def _digits(cells: Cells) -> tuple[Cells, Irregular]:
    """The bytes as digits, wrapping round to more than nine where they are none, and the rows with such."""
    digits = cells - np.uint8(48)
    irregular = NONE if digits.size == 0 or digits.max() <= 9 else np.flatnonzero((digits > 9).any(axis=1))
    return digits, irregular


def _number(digits: Cells) -> NDArray[np.int64]:
    powers: NDArray[np.int64] = 10 ** np.arange(digits.shape[1] - 1, -1, -1, dtype=np.int64)
    return digits @ powers


@dataclass(frozen=True)
class Column:
    """One column of a record; `first` counts from 1, as the fact sheet does."""

    name: str
    first: int
    width: int
    reader: Reader
    required: bool = False

    @property
    def cut(self) -> slice:
        return slice(self.first - 1, self.first - 1 + self.width)

    @property
    def place(self) -> str:
        """Where the column stands, for reports."""
        return f"sloupce {self.first}–{self.first + self.width - 1}"


@dataclass(frozen=True)
class Damage:
    """Why one row cannot be read."""

    row: int
    place: str
    cause: str


def read(columns: Sequence[Column], matrix: Cells) -> tuple[dict[str, Values], list[Damage]]:
    """The values of every column, and the damaged rows (each column that is damaged is told)."""
    constant = (matrix == matrix[0]).all(axis=0)
    values: dict[str, Values] = {}
    damage: list[Damage] = []
    for column in columns:
        cells = matrix[:, column.cut]
        if constant[column.cut].all():
            values[column.name], causes = _repeated(column, cells)
        else:
            values[column.name], causes = _varied(column, cells)
        damage += [Damage(row, column.place, cause) for row, cause in causes]
    return values, damage


def stacked(parts: Sequence[Values]) -> Values:
    """The parts of one column under one another; a column that never changes keeps its value only once."""
    filled = [part for part in parts if len(part)] or list(parts[:1])
    first = filled[0][:1]
    if all(part.strides == (0,) and part[0] == first[0] for part in filled if len(part)):
        return np.broadcast_to(first, sum(map(len, filled))) if len(first) else filled[0]
    return np.concatenate(filled)


def _repeated(column: Column, cells: Cells) -> tuple[Values, list[tuple[int, str]]]:
    value, cause = _single(column, cells[0])
    kept = np.array(value, dtype=object if isinstance(value, str) else None)
    return np.broadcast_to(kept, len(cells)), [(row, cause) for row in range(len(cells))] if cause else []


def _varied(column: Column, cells: Cells) -> tuple[Values, list[tuple[int, str]]]:
    values, irregular = column.reader.many(cells)
    causes: list[tuple[int, str]] = []
    if column.required:
        irregular = np.union1d(irregular, np.flatnonzero((cells == SPACE).all(axis=1)))
    for row in irregular.tolist():
        values[row], cause = _single(column, cells[row])
        if cause:
            causes.append((row, cause))
    return values, causes


def _single(column: Column, cell: Cells) -> tuple[Any, str]:
    """The value and no cause, or the missing value and the cause."""
    text = cell.tobytes().decode(CODEPAGE, "replace")
    if not text.strip(" "):
        return column.reader.missing, "povinný údaj chybí" if column.required else ""
    try:
        return column.reader.one(text), ""
    except ValueError as error:
        return column.reader.missing, str(error)
