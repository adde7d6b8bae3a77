"""What a file is, by its content and never by its name (csob.md 2.13)."""

from __future__ import annotations

import re
from enum import Enum

from tasks.errors import BadRecord
from tasks.xml import parse

FIRST_BYTES = 4096


class Format(Enum):
    """The formats that a folder of advices can hold, by the name that reports give them."""

    BBF = "avízo BBF"
    MT942 = "avízo MT942"
    ZIP = "archiv ZIP"
    RATES = "kurzovní lístek"
    STATEMENT = "výpis"
    CAMT052 = "avízo camt.052"
    CAMT054 = "oznámení camt.054"
    EMPTY = "prázdný soubor"
    UNKNOWN = "neznámý formát"


UNIMPORTANT = (Format.RATES, Format.STATEMENT, Format.EMPTY)
"""What holds no payment that an advice would not tell; a statement only repeats the advices (csob.md 6)."""

_HEADER = re.compile(rb".{9}HEADER 00")
_ADVICE = re.compile(rb".{9}ADVMU[LZ] 0")
_RATES = re.compile(rb"[TN].{8}QUOTES 0[1-3]")
_STATEMENT = re.compile(rb"07[45][0-9]{16}|HLAVA\||.{9}FINSTA")
_MT942 = re.compile(rb"CEKOCZPPAXXX\s+[0-9]+\s+942 01|:20:[^\n]*\n(?:.*\n)?:25:[^\n]*\n(?:.*\n)*?:34F:")
_TREES = {
    "camt.052": Format.CAMT052,
    "camt.053": Format.STATEMENT,
    "camt.054": Format.CAMT054,
    "BkToCstmrAcctRpt": Format.CAMT052,
    "BkToCstmrStmt": Format.STATEMENT,
    "BkToCstmrDbtCdtNtfctn": Format.CAMT054,
    "FINSTA": Format.STATEMENT,
}


def recognise(data: bytes) -> Format:
    """The format of the file. Never raises: what cannot be told is UNKNOWN."""
    if data.startswith(b"PK\x03\x04"):
        return Format.ZIP
    if data.startswith(b"%PDF"):
        return Format.STATEMENT
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \r\n\t")
    if not start:
        return Format.EMPTY
    if start.startswith(b"<"):
        return _tree(start)
    return _lines(start[:FIRST_BYTES])


def _lines(start: bytes) -> Format:
    first, _, rest = start.partition(b"\n")
    if _RATES.match(first):
        return Format.RATES
    if _HEADER.match(first):
        second = rest.lstrip(b"\r\n")
        if _STATEMENT.match(second):
            return Format.STATEMENT
        return Format.RATES if _RATES.match(second) else Format.BBF
    if _ADVICE.match(first):
        return Format.BBF
    if _MT942.match(start):
        return Format.MT942
    return Format.STATEMENT if _STATEMENT.match(first) else Format.UNKNOWN


def _tree(data: bytes) -> Format:
    """By the namespace or the name of the root or of its first child."""
    try:
        root = parse(data, what="soubor")
    except BadRecord:
        return Format.UNKNOWN
    names = [str(root.tag), *(str(child.tag) for child in root[:1])]
    for sign, tree in _TREES.items():
        if any(sign in name for name in names):
            return tree
    return Format.UNKNOWN
