"""The purpose of a payment, which the bank cuts into pieces of 35 characters wherever they end (csob.md 2.10)."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 35
_END_TO_END = re.compile(r"/ROC/(.{0,35}?)//")
_NOT_PROVIDED = re.compile(r"NOT ?PROVIDED", re.IGNORECASE)


def purpose(pieces: Sequence[str], *, width: int = WIDTH) -> tuple[str, str]:
    """The pieces as lines of a message, and the payer's end-to-end identification (empty when not provided).

    A line that ended before the border keeps one space, and one that the bank may have cut in the middle of a
    word keeps none: joined by nothing the lines give the glued spelling, joined by a space the other.
    """
    whole = "".join(piece.ljust(width) for piece in pieces)
    found = _END_TO_END.match(whole)
    start = found.end() if found else 0
    given = found[1].strip() if found else ""
    lines: list[str] = []
    for border in range(0, len(whole), width):
        line = whole[max(start, border) : border + width]
        if line.strip():
            lines.append(line.rstrip() + (" " if line.endswith(" ") else ""))
        elif lines and not lines[-1].endswith(" "):
            lines[-1] += " "
    return "\n".join(lines).rstrip(), "" if _NOT_PROVIDED.fullmatch(given) else given


def glued(text: str) -> str:
    """The message with words and numbers that were cut at the border whole again."""
    return re.sub(r" +", " ", text.replace("\n", "")).strip()


def spaced(text: str) -> str:
    """The message with a space between its lines."""
    return re.sub(r"\s+", " ", text).strip()
