"""
What support needs to know of a client's machine, and nothing that is not support's to know.

Everything here goes by what is allowed, never by what is forbidden: settings by a list of fields, free text by
the words that this program itself is written in, records by counts and shapes.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasks.errors import PohodaPaymentsError

Row = tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One part of the bundle: a table of texts that may leave the machine as they are."""

    title: str
    columns: Row
    rows: Sequence[Row]


def part(title: str, columns: Row, look: Callable[[], Sequence[Row]], passed: Callable[[str], str]) -> Part:
    """The part that the look gives, or the one row that says why it could not: nothing hides the other parts.

    `passed` takes out of an error's text what must not leave.
    """
    try:
        return Part(title, columns, look())
    except PohodaPaymentsError as error:
        return Part(title, ("Nezjištěno",), [(passed(f"{type(error).__name__}: {error}"),)])
    except Exception as error:
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        return Part(title, ("Nezjištěno",), [(f"{type(error).__name__} v {' > '.join(places)}",)])


__all__ = ["Part", "Row", "part"]
