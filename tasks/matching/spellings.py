"""
What payers write: symbols, creditor references and document numbers inside free text.

Messages reach matching with their lines joined by one line feed. Banks cut text at 35 characters, in the middle
of words and numbers (csob.md 2.10), so every message is read in both spellings that its lines can have had.
"""

from __future__ import annotations

import re

from tasks.symbols import symbol

SHORTEST = 4
"""A token with fewer digits is a street number, a count or a day; it never matches text."""

FULL_LINE = 30
"""A line this long may have been cut inside a word: 35 characters less what stripping took away."""

MOST_RUNS = 6
"""How many runs of letters and digits one document number may consist of, such as "FV-2025/0001"."""

# fio.md 7, and the spellings of Slovak and Czech payers: v.s., var. symbol, variabilný symbol č.
VARIABLE = re.compile(
    r"[vV](?<![^\W_].)(?:s|\.\s?s|ar(?:iab(?:iln\w{1,3}|\.)?|\.)?\s?symb?(?:ol\w{0,2})?)(?![^\W\d_])"
    r"[\s:./=#–-]*(?:(?:č|c|čís|cis|číslo|cislo|no|nr)\b[\s:.=-]*)?"
    r"([0-9]{1,24}(?![0-9])(?: [0-9]{2,4}(?![0-9]))*)",
    re.IGNORECASE,
)
"""A variable symbol that is called one; group 1 is its digits, perhaps in groups."""

NAMED = re.compile(r"(?<![^\W_])(?:[^\W\d_]++[-/._]?+)*+[0-9][^\W_]*+(?:[-/._][^\W_]++)*+")
"""Runs of letters and digits, also joined by one of "-/._" each, with a digit somewhere."""

CREDITOR = re.compile(r"[rR][fF](?<![^\W_]..)[0-9]{2}")
"""Where a creditor reference may begin."""

_RUN = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"[0-9]")
_DATE = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Without their dots and dashes days look just like numbers of documents."""


def readings(message: str) -> tuple[str, ...]:
    """The one or two texts that the message can have been before its lines were cut."""
    if "\n" not in message:
        return (message,)
    glued, lines = [], message.split("\n")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        glued.append(line if len(line) >= FULL_LINE and following else line + " ")
    return ("".join(glued).rstrip(), " ".join(lines))


def variable_symbols(text: str) -> list[str]:
    """Variable symbols that the text names as such, in its order, without leading zeros.

    Longer than ten digits is not a symbol of a domestic payment; a bare number is none either.
    """
    return list(dict.fromkeys(digits for match in VARIABLE.finditer(text) for digits in spelled(match.group(1))))


def spelled(digits: str) -> list[str]:
    """The symbols that the digits after the word can be.

    In groups ("VS 2025 000 452") they are both the first group and all of them, since an amount may as well
    follow a symbol.
    """
    readings = (digits,) if digits.isdecimal() else (digits.split(" ")[0], digits)
    normal = (symbol(reading) for reading in readings)
    return [plain for plain in normal if plain and len(plain) <= 10]


def is_creditor_reference(text: str) -> bool:
    """Whether the text is a creditor reference of ISO 11649 whose check digits hold."""
    if not re.fullmatch(r"RF[0-9]{2}[0-9A-Z]{1,21}", text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def creditor_references(text: str) -> list[str]:
    """What the creditor references in the text carry, upper case and without leading zeros.

    The printed form in groups of four is read too; the longest reading whose check digits hold is taken.
    """
    found: list[str] = []
    for match in CREDITOR.finditer(text):
        if longest := _longest_reference(_RUN.findall(text[match.start() : match.start() + 50].upper())):
            found.append(longest[4:].lstrip("0"))
    return list(dict.fromkeys(found))


def _longest_reference(runs: list[str]) -> str | None:
    longest, joined = None, ""
    for run in runs:
        joined += run
        if is_creditor_reference(joined):
            longest = joined
        if len(run) != 4:
            break
    return longest


def tokens(text: str) -> list[str]:
    """Whole tokens of the text that can name a document, as `token` spells them."""
    return list(dict.fromkeys(whole for match in NAMED.finditer(text) for whole in parts(match.group())))


def parts(named: str) -> list[str]:
    """The tokens within one match of `NAMED`: each run, and runs in a row with what joins them."""
    if named.isalnum():
        return [whole] if (whole := token(named)) else []
    if _DATE.fullmatch(named):
        return []
    runs = _RUN.findall(named.upper())
    digits = [len(run) if run.isdecimal() else len(_DIGIT.findall(run)) for run in runs]
    found: list[str] = []
    for start in range(len(runs)):
        enough = 0
        for end in range(start, min(start + MOST_RUNS, len(runs))):
            enough += digits[end]
            if enough >= SHORTEST and (whole := token("".join(runs[start : end + 1]))):
                found.append(whole)
    return found


def token(text: str) -> str | None:
    """A document number or key in the one spelling in which texts are compared.

    Upper case, letters and digits alone, no leading zeros; None with fewer than four digits.
    """
    plain = (text if text.isalnum() else "".join(_RUN.findall(text))).upper().lstrip("0")
    if plain.isdecimal():
        return plain if len(plain) >= SHORTEST else None
    return plain if len(_DIGIT.findall(plain)) >= SHORTEST else None
