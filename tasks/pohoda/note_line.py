"""
Marks as one line of a document's note, among what people write there.

    #Platby 260100101: uhrazeno 1 234,50; plateb 2; zcela ano

The line begins with our sign and the document's own number, so that a note which is copied to another document
says nothing about that one. Ours are only lines that are letter by letter as we write them; everything else
belongs to people and is kept byte for byte. Its characters are in every code page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tasks.tables import MARKS

SIGN = "#Platby"
NEW_LINE = "\r\n"
"""What a new line of ours is parted by, as the fields of Windows do; whatever else parts lines is understood."""

_REST = re.compile(
    r"(?:uhrazeno (?P<amount>-?[0-9]{1,3}(?: [0-9]{3}){0,4},[0-9]{2}))?"
    r"(?:(?:; )?plateb (?P<count>-?[0-9]{1,9}))?"
    r"(?:(?:; )?zcela (?P<paid>ano|ne))?"
)
"""What follows the sign and the number. Larger numbers than these no document has."""

Marks = Mapping[str, int]
"""Some of `MARKS`, the amount in hundredths, paid in full as 1 and 0."""
Span = tuple[int, int]


def line(number: str, marks: Marks) -> str:
    """The line of the document of this number, with those marks that are given."""
    words = {"amount": "uhrazeno", "count": "plateb", "paid": "zcela"}
    told = [f"{words[mark]} {_spelled(mark, marks[mark])}" for mark in MARKS if mark in marks]
    return f"{SIGN} {number}: {'; '.join(told)}"


def marks_in(text: str, number: str) -> dict[str, int] | None:
    """The marks in the note of the document of this number; None when it has no line of ours.

    A line with our sign and this number that is not as we write them was changed by hand: then no money, no
    payment and no stands there, which is something else than nothing.
    """
    signed = _signed(text, number)
    ours = [marks for marks in signed.values() if marks]
    if ours:
        return ours[0]
    return dict.fromkeys(MARKS, 0) if signed else None


def with_marks(text: str, number: str, marks: Marks) -> str:
    """The note with one line of these marks, where it was or else on top; with none when they are all nothing."""
    if not any(marks.values()):
        return without_marks(text, number)
    ours = _ours(text, number)
    if not ours:
        return line(number, marks) + (NEW_LINE + text if text else "")
    first, *others = ours
    rest = _cut(text, others)
    return rest[: first[0]] + line(number, marks) + rest[first[1] :]


def without_marks(text: str, number: str) -> str:
    """What people wrote: the note without our line."""
    return _cut(text, _ours(text, number))


def _ours(text: str, number: str) -> list[Span]:
    return [span for span, marks in _signed(text, number).items() if marks]


def _signed(text: str, number: str) -> dict[Span, dict[str, int]]:
    """Where lines with our sign and the number are, and the marks of each; empty when it was changed by hand."""
    begin = rf"(?<![^\r\n]){re.escape(SIGN)} {re.escape(number)}:"
    found = re.finditer(rf"{begin} ?([^\r\n]*)", text)
    return {match.span(): _read(match, number) for match in found}


def _read(match: re.Match[str], number: str) -> dict[str, int]:
    rest = _REST.fullmatch(match[1])
    if rest is None:
        return {}
    told = {mark: _value(mark, text) for mark, text in rest.groupdict().items() if text is not None}
    return told if told and line(number, told) == match[0] else {}


def _cut(text: str, spans: list[Span]) -> str:
    """The text without these lines, each with the one line break that parts it from the next or the last line."""
    for begin, end in reversed(spans):
        before, after = text[:begin], text[end:]
        if following := re.match(r"\r\n|\r|\n", after):
            after = after[following.end() :]
        else:
            before = re.sub(r"(?:\r\n|\r|\n)\Z", "", before)
        text = before + after
    return text


def _spelled(mark: str, value: int) -> str:
    if mark == "paid":
        return "ano" if value else "ne"
    if mark == "count":
        return str(value)
    whole = f"{abs(value) // 100:,}".replace(",", " ")
    return f"{'-' if value < 0 else ''}{whole},{abs(value) % 100:02d}"


def _value(mark: str, text: str) -> int:
    return int(text == "ano") if mark == "paid" else int(text.replace(" ", "").replace(",", ""))
