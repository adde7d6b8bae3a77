"""Text from outside, made safe to show on one line, wherever it is shown."""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2061-\u206f\ufeff\ufff9-\ufffb]"
)
"""Control characters, escape sequences of terminals, and marks that turn the direction of the text around."""
_HALF = re.compile(r"[\ud800-\udfff]")
"""Half of a character, which can be written nowhere."""


def one_line(text: str) -> str:
    """The text on one line, with nothing in it that a terminal, a log or a page would obey instead of show."""
    visible = _INVISIBLE.sub("", _HALF.sub("\ufffd", text))
    return re.sub(r"\s+", " ", visible).strip()
