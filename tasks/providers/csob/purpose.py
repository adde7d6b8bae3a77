"""The purpose of a payment, which the bank cuts into pieces of 35 characters wherever they end (csob.md 2.10)."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 35
_END_TO_END = re.compile(r"/ROC/(.{0,35}?)//")
_NOT_PROVIDED = re.compile(r"NOT ?PROVIDED", re.IGNORECASE)


def message(pieces: Sequence[str], *, width: int = WIDTH) -> str:
    """The pieces as lines of a message, from which both spellings can be had again.

    A line that ended before the border keeps one space, and one that the bank may have cut in the middle of a
    word keeps none: joined by nothing the lines give the glued spelling, joined by a space the other.
    """
    kept = [piece for piece in pieces if piece.strip()]
    lines = [piece if len(piece) >= width else piece.rstrip() + " " for piece in kept]
    return "\n".join(lines).rstrip()


def glued(text: str) -> str:
    """The message with words and numbers that were cut at the border whole again."""
    return re.sub(r" +", " ", text.replace("\n", "")).strip()


def spaced(text: str) -> str:
    """The message with a space between its lines."""
    return re.sub(r"\s+", " ", text).strip()


def without_end_to_end(pieces: Sequence[str], *, width: int = WIDTH) -> tuple[list[str], str]:
    """The pieces without a leading "/ROC/…//", and what stood in it, empty when the payer gave nothing."""
    whole = "".join(piece.ljust(width) for piece in pieces)
    found = _END_TO_END.match(whole)
    if found is None:
        return list(pieces), ""
    borders = range(0, len(whole), width)
    rest = [whole[max(start, found.end()) : start + width].rstrip() for start in borders]
    rest = [piece.rjust(width) if 0 < start + width - found.end() < width and len(piece) else piece for start, piece in zip(borders, rest, strict=True)]
    given = found[1].strip()
    return rest, "" if _NOT_PROVIDED.fullmatch(given) else given
