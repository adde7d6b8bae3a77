"""The purpose of a payment, which the bank cuts into pieces of 35 characters wherever they end (csob.md 2.10)."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 35


def purpose(pieces: Sequence[str], *, width: int = WIDTH) -> str:
    """The pieces as lines of a message; blank pieces are left out.

    A line that ended before the border keeps one space, and one that the bank may have cut in the middle of a
    word or number keeps none: joined by nothing the lines give the one spelling, joined by a space the other.
    """
    lines: list[str] = []
    for piece in pieces:
        if piece.strip():
            lines.append(piece if len(piece) >= width else piece.rstrip() + " ")
        elif lines and not lines[-1].endswith(" "):
            lines[-1] += " "
    return "\n".join(lines).rstrip()
