"""Lines of an advice taken apart: which are bookings, which details, which neither, and which are damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.providers.csob.columns import CODEPAGE, SPACE, Cells, Column, Values, read
from tasks.providers.csob.layout import (
    ADVMUL,
    ADVMUL_SHORTEST,
    ADVMUL_WIDTH,
    ADVMUZ,
    ADVMUZ_SHORTEST,
    ADVMUZ_WIDTH,
)

CHUNK = 2 * 1024 * 1024
"""How much of a file is taken apart at once: enough for whole-column work, little enough to stay in cache."""

FEED, RETURN, DELETE = 0x0A, 0x0D, 0x7F


Cause = tuple[str, str]
"""Where in its line a record is damaged, and how."""


@dataclass(frozen=True)
class Record:
    """One kind of data record."""

    head: bytes
    """Message and type, columns 10 to 18."""
    columns: Sequence[Column]
    width: int
    shortest: int


MOVEMENT = Record(b"ADVMUL 02", ADVMUL, ADVMUL_WIDTH, ADVMUL_SHORTEST)
DETAIL = Record(b"ADVMUZ 02", ADVMUZ, ADVMUZ_WIDTH, ADVMUZ_SHORTEST)
RECORDS = {record.head: record for record in (MOVEMENT, DETAIL)}


@dataclass(frozen=True)
class Damaged:
    """A record that cannot be read."""

    line: int
    place: str
    cause: str
    raw: bytes


@dataclass
class Sorted:
    """What the lines of a file are. Lines count from 1."""

    values: dict[bytes, list[dict[str, Values]]] = field(default_factory=lambda: {head: [] for head in RECORDS})
    """The readable records by their head, chunk by chunk: columns and the `line` of each record."""
    damaged: list[Damaged] = field(default_factory=list[Damaged])
    others: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    """Lines that are no data records."""
    count: int = 0


def sort_lines(data: bytes) -> Sorted:
    """Every line of a file (one byte per character) put where it belongs."""
    result = Sorted()
    for chunk in chunks(data):
        matrix = _uniform(chunk)
        if matrix is not None:
            record = RECORDS[chunk[9:18]]
            _keep(result, record, np.arange(len(matrix)), matrix[:, : record.width], [], {})
            result.count += len(matrix)
        else:
            _sort_varied(result, lines_of(chunk))
    return result


def chunks(data: bytes) -> Iterator[bytes]:
    """The file in pieces of whole lines."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + CHUNK) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield data[start:end]
        start = end


def lines_of(chunk: bytes) -> list[bytes]:
    """The lines of whole lines; a carriage return before the line feed is left to the reader of the line."""
    lines = chunk.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def text_of(line: bytes) -> str:
    """A line as text, bytes that the code page does not define replaced by U+FFFD."""
    return line.removesuffix(b"\r").decode(CODEPAGE, "replace")


def _uniform(chunk: bytes) -> Cells | None:
    """The chunk as a matrix of one row per line, when it is nothing but full lines of one kind; else None."""
    record, stride = RECORDS.get(chunk[9:18]), chunk.find(b"\n") + 1
    if record is None or len(chunk) % max(stride, 1) or stride - record.width not in (1, 2) or b"\x7f" in chunk:
        return None
    rows = np.frombuffer(chunk, np.uint8).reshape(-1, stride)
    content, ends = rows[:, : record.width], rows[:, record.width :]
    heads, end = np.frombuffer(record.head, np.uint8), [RETURN, FEED][-(stride - record.width) :]
    whole = content.min() >= SPACE and (ends == end).all() and (rows[:, 9:18] == heads).all()
    return rows if whole else None


def _sort_varied(result: Sorted, lines: list[bytes]) -> None:
    heads = np.array([line[9:18] for line in lines])
    data = np.zeros(len(lines), dtype=bool)
    for record in RECORDS.values():
        places = np.flatnonzero(heads == record.head)
        if len(places):
            data[places] = True
            taken = lines if len(places) == len(lines) else [lines[place] for place in places.tolist()]
            matrix, shorter = _whole(record.width, taken), list[bytes]()
            if matrix is None:
                shorter = [line.removesuffix(b"\r") for line in taken]
                matrix = _padded(record.width, shorter)
            _keep(result, record, places, matrix, shorter, dict(_misshapen(record, shorter, matrix)))
    result.others += [(result.count + 1 + place, lines[place]) for place in np.flatnonzero(~data).tolist()]
    result.count += len(lines)


def _whole(width: int, lines: list[bytes]) -> Cells | None:
    """The lines as rows of bytes when all are of full length, each with its carriage return; else None."""
    if set(map(len, lines)) != {width + 1}:
        return None
    rows = np.frombuffer(b"".join(lines), np.uint8).reshape(len(lines), width + 1)
    return rows[:, :width] if (rows[:, width] == RETURN).all() else None


def _padded(width: int, lines: list[bytes]) -> Cells:
    """The lines as rows of bytes, with the blank columns that were left out at their ends."""
    packed = b"".join([line[:width].ljust(width) for line in lines])
    return np.frombuffer(packed, np.uint8).reshape(len(lines), width)


def _keep(
    result: Sorted,
    record: Record,
    places: NDArray[np.intp],
    matrix: Cells,
    lines: list[bytes],
    causes: dict[int, Cause],
) -> None:
    """Add the records of one matrix, except those damaged for the causes known so far or found in their columns.

    `lines` are the same records unpadded, and none when they are of full length anyway.
    """
    values, damage = read(record.columns, matrix)
    values["line"] = places + (result.count + 1)
    for hurt in damage:
        causes.setdefault(hurt.row, (hurt.place, hurt.cause))
    for row, (place, cause) in causes.items():
        raw = lines[row] if lines else matrix[row].tobytes()
        result.damaged.append(Damaged(int(values["line"][row]), place, cause, raw))
    if causes:
        sound = np.setdiff1d(np.arange(len(matrix)), list(causes))
        values = {name: column[sound] for name, column in values.items()}
    result.values[record.head].append(values)


def _misshapen(record: Record, lines: list[bytes], matrix: Cells) -> Iterator[tuple[int, Cause]]:
    """Rows whose line is too short, too long, or holds control characters (csob.md 2.14)."""
    lengths = set(map(len, lines)) or {record.width}
    suspicious = min(lengths) < record.shortest or max(lengths) > record.width
    for row, line in enumerate(lines if suspicious else []):
        if len(line) < record.shortest:
            yield row, (f"sloupce {len(line) + 1}–{record.shortest}", "řádek je příliš krátký")
        elif len(line) > record.width and line[record.width :].strip(b" "):
            yield row, (f"sloupce {record.width + 1}–{len(line)}", "řádek je příliš dlouhý")
    if matrix.min() < SPACE or (matrix == DELETE).any():
        for row, column in np.argwhere((matrix < SPACE) | (matrix == DELETE)).tolist():
            yield row, (f"sloupec {column + 1}", "řídicí znak")
