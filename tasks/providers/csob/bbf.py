"""
Advices in BBF: from the bytes of a file to its bookings and details, every damaged record told (csob.md 2).

A file is a row of blocks HEADER, 01, 02 …, LOCK. Records count only when their block is closed by a LOCK before
the next HEADER: what lacks it was broken off, and its last line may be cut where no one can see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tasks.provider import Fault
from tasks.providers.csob.columns import CODEPAGE, Values, stacked
from tasks.providers.csob.records import (
    DETAIL,
    MOVEMENT,
    Record,
    Sorted,
    chunks,
    lines_of,
    sort_lines,
    text_of,
)

UNDEFINED = (b"\x81", b"\x83", b"\x88", b"\x90", b"\x98")
"""Bytes that Windows-1250 does not define."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANK = b" \r\x1a"
"""What a blank line may hold; old editors end a file with the last of these."""

HEADER, LOCK = b"HEADER 00", b"LOCK   99"
ADVICE = (b"ADVMUL 01", b"ADVMUZ 01")


@dataclass(frozen=True)
class Block:
    """One advice within a file. Lines count from 1, both ends included."""

    first: int
    last: int
    number: str
    complete: bool


@dataclass(frozen=True)
class Advices:
    """What a file says. Both tables carry the `line` of each record and the `advice` number of its block."""

    movements: pd.DataFrame
    """Columns of `layout.ADVMUL`."""
    details: pd.DataFrame
    """Columns of `layout.ADVMUZ`."""
    blocks: tuple[Block, ...]
    faults: tuple[Fault, ...]
    data: bytes
    """The file with one byte per character."""
    replaced: bool
    """Whether characters that the bank's code page lacks were replaced on the way to that."""

    @property
    def unreadable_characters(self) -> bool:
        """Whether some characters of the file could not be read for what they are."""
        return self.replaced or any(byte in self.data for byte in UNDEFINED)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file as text; line 1 is the first of the list."""
        return [text_of(line) for line in lines_of(self.data)]


def parse(data: bytes, file: str) -> Advices:
    """The bookings and details of a file, whatever its bytes; `file` names it in the faults."""
    data, replaced = as_code_page(data)
    lines = sort_lines(data)
    blocks = _blocks(lines)
    tables = [_table(record, lines, blocks) for record in (MOVEMENT, DETAIL)]
    return Advices(tables[0], tables[1], blocks, _faults(lines, blocks, file), data, replaced)


def is_complete(data: bytes) -> bool:
    """Whether the file ends by a LOCK, so that nothing more is coming."""
    return data.rstrip(b"\n" + BLANK).rpartition(b"\n")[2][9:18] == LOCK


def as_code_page(data: bytes) -> tuple[bytes, bool]:
    """The file with one byte per character, and whether some characters had to be replaced.

    Files saved again by an editor come in UTF-8, so columns can only be counted after decoding (csob.md 2.1).
    """
    if not data.startswith(BYTE_ORDER_MARK) and not _saved_as_utf8(data):
        return data, False
    text = data.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")
    encoded = text.encode(CODEPAGE, "replace")
    return encoded, encoded.count(b"?") > text.count("?")


def _saved_as_utf8(data: bytes) -> bool:
    """Whether the first lines that are not plain ASCII are UTF-8, which Windows-1250 by chance never is."""
    foreign = next((chunk for chunk in chunks(data) if not chunk.isascii()), b"\xff")
    try:
        foreign.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _blocks(lines: Sorted) -> tuple[Block, ...]:
    """The blocks that the lines open and close; one that is not closed is not complete."""
    blocks: list[Block] = []
    start, number = 1, ""
    for line, text in lines.others:
        head = text[9:18]
        if head == LOCK:
            blocks.append(Block(start, line, number, complete=True))
            start, number = line + 1, ""
        elif head == HEADER:
            if line > start:
                blocks.append(Block(start, line - 1, number, complete=False))
            start, number = line, ""
        elif head in ADVICE:
            number = text_of(text[18:32]).strip()
    blank = sum(line >= start and not text.strip(BLANK) for line, text in lines.others)
    if lines.count - start + 1 > blank:
        blocks.append(Block(start, lines.count, number, complete=False))
    return tuple(blocks)


def _faults(lines: Sorted, blocks: tuple[Block, ...], file: str) -> tuple[Fault, ...]:
    """Everything that could not be read, in the order of the file."""
    told = [
        (hurt.line, Fault(f"{file}, řádek {hurt.line}, {hurt.place}", hurt.cause, text_of(hurt.raw)))
        for hurt in lines.damaged
    ]
    for line, text in lines.others:
        if text[9:18] not in (HEADER, LOCK, *ADVICE) and text.strip(BLANK):
            place = f"{file}, řádek {line}, sloupce 10–18"
            told.append((line, Fault(place, "neznámý druh záznamu", text_of(text))))
    told += [(block.last, _broken_off(block, file)) for block in blocks if not block.complete]
    return tuple(fault for _, fault in sorted(told, key=lambda one: one[0]))


def _broken_off(block: Block, file: str) -> Fault:
    return Fault(
        f"{file}, řádky {block.first}–{block.last}",
        "avízo není ukončeno záznamem LOCK, platby z něj se nepočítají; stáhněte soubor znovu",
    )


def _table(record: Record, lines: Sorted, blocks: tuple[Block, ...]) -> pd.DataFrame:
    """All records of one kind that stand in complete blocks, in the order of the file."""
    names = ["line", *(column.name for column in record.columns)]
    parts = lines.values[record.head]
    columns: dict[str, Values] = {
        name: stacked([part[name] for part in parts]) if parts else np.empty(0, dtype=object) for name in names
    }
    places = np.searchsorted([block.last for block in blocks], columns["line"].astype(np.int64))
    columns["advice"] = np.array([block.number for block in blocks], dtype=object)[places]
    counted = np.array([block.complete for block in blocks], dtype=bool)[places]
    if not counted.all():
        columns = {name: column[counted] for name, column in columns.items()}
    # Asked for objects, pandas takes the texts as they are instead of looking at each of them.
    series = {
        name: pd.Series(column, dtype=object if column.dtype == object else None, copy=False)
        for name, column in columns.items()
    }
    return pd.DataFrame(series, copy=False)
