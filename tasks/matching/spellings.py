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
_VARIABLE = re.compile(
    r"(?<![^\W_])(?:vs|v\.\s?s|var(?:iab(?:iln\w{1,3}|\.)?|\.)?\s?symb?(?:ol\w{0,2})?)(?![^\W\d_])"
    r"[\s:./=#–-]*(?:(?:č|c|čís|cis|číslo|cislo|no|nr)\b[\s:.=-]*)?"
    r"([0-9]{1,24}(?![0-9])(?: [0-9]{2,4}(?![0-9]))*)",
    re.IGNORECASE,
)
_RUN = re.compile(r"[^\W_]+")
_CREDITOR = re.compile(r"RF[0-9]{2}[0-9A-Z]{0,21}")
_ENOUGH_DIGITS = re.compile(r"(?:\d\D*){%d}" % SHORTEST)  # noqa: UP031 - braces of the pattern
_SEPARATORS = frozenset("-/._")


def worth_reading(message: str) -> bool:
    """Whether the text has digits enough to name any document."""
    return _ENOUGH_DIGITS.search(message) is not None


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

    Longer than ten digits is not a symbol of a domestic payment; a bare number is none either. Digits in groups
    ("VS 2025 000 452") give both the first group and all of them, since an amount may as well follow a symbol.
    """
    found = [match.group(1) for match in _VARIABLE.finditer(text)]
    spelled = [symbol(digits) for group in found for digits in (group.split(" ")[0], group)]
    return list(dict.fromkeys(digits for digits in spelled if digits and len(digits) <= 10))


def is_creditor_reference(text: str) -> bool:
    """Whether the text is a creditor reference of ISO 11649 whose check digits hold."""
    if not re.fullmatch(r"RF[0-9]{2}[0-9A-Z]{1,21}", text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def creditor_references(text: str) -> list[str]:
    """What the creditor references in the text carry, upper case and without leading zeros.

    The printed form in groups of four is read too; the longest reading whose check digits hold is taken.
    """
    runs = [run.upper() for run in _RUN.findall(text)]
    found: list[str] = []
    for start, run in enumerate(runs):
        if not _CREDITOR.fullmatch(run):
            continue
        if longest := _longest_reference(runs[start : start + 7]):
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
    """Whole tokens of the text that can name a document, as `token` spells them.

    Runs of letters and digits, also those joined by one of "-/._"; each with four digits at least.
    """
    matches = list(_RUN.finditer(text))
    found: list[str] = []
    for start, first in enumerate(matches):
        for length, last in enumerate(matches[start : start + MOST_RUNS]):
            if length and text[matches[start + length - 1].end() : last.start()] not in _SEPARATORS:
                break
            whole = token(text[first.start() : last.end()])
            if whole:
                found.append(whole)
    return list(dict.fromkeys(found))


def token(text: str) -> str | None:
    """A document number or key in the one spelling in which texts are compared.

    Upper case, letters and digits alone, no leading zeros; None with fewer than four digits.
    """
    plain = "".join(_RUN.findall(text)).upper().lstrip("0")
    return plain if sum(map(str.isdecimal, plain)) >= SHORTEST else None
