"""Free text for support: only words that this program and Prefect are themselves written in may pass.

A name, an account, a message or a secret is none of them, whoever wrote it into a log or an error and however it
is spelled there.
"""

from __future__ import annotations

import ast
import builtins
import http
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import prefect
from pydantic import SecretStr

from tasks.outside import one_line
from tasks.secrets import masked

HIDDEN = "▒"
MOST_DIGITS = 5
"""Longer numbers, also when they are written in groups, can be an account, a phone or a symbol."""
LONGEST = 4000
"""Characters of one text; no sentence of ours is longer."""

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("blocks", "flows", "tasks")
ENGINES = ("flow_engine.py", "task_engine.py", "flow_runs.py", "states.py", "runner/runner.py", "workers/base.py")
SPOKEN_BELOW = """
    all connection attempts failed name or service not known temporary failure in name resolution getaddrinfo
    nodename nor servname provided connection refused reset by peer actively refused it no route to host
    certificate verify failed unable to get local issuer self signed has expired hostname mismatch wrong version
    number handshake alert unknown ca ssl tls eof occurred in violation of protocol server disconnected without
    sending a response peer closed complete message body incomplete chunked read database is locked disk full
    malformed readonly image login failed for user driver odbc microsoft timeout expired data source not found
    errno winerror ms min utc error warning info debug
"""
"""What operating systems, OpenSSL and database drivers say; their texts are in no Python file."""

_WORD = re.compile(r"[^\W_]+")
_HARMLESS_NUMBER = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
    r"|\d{1,2}\. ?\d{1,2}\. ?\d{4}(?: \d{1,2}:\d{2})?"
    r"|\d{1,2}:\d{2}(?::\d{2})?"
    r"|(?<![\d .,/-])\d{4,5}\.\d{1,3}(?![\d .,/-]\d)|(?<=verze )\d{4,5}\.\d{1,3}"  # a release of Pohoda
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PIECE = re.compile(
    rf"{_UUID.pattern}|{_HARMLESS_NUMBER.pattern}|(?<![^\W_])\d(?:[ \u00a0/.,\-]*\d)*(?![^\W_])|[^\W_]+"
)
_PARTS = re.compile(r" (?=Evidence: |Next step: )")


class Words:
    """Says what of a text may leave the machine. `names` are words of the installation: blocks, deployments."""

    def __init__(self, names: Iterable[str] = (), secrets: Iterable[SecretStr | None] = ()) -> None:
        self._known = _vocabulary() | {word for name in names for word in _words(name)}
        self._secrets = tuple(secrets)

    def passed(self, text: object) -> str:
        """The text on one line, with everything that is not known as ours hidden.

        Where more than a third of the words are strange, somebody else wrote it, and nothing of it passes; cause,
        evidence and next step of an error (`tasks.errors`) each by itself.
        """
        line = one_line(masked(str(text)[:LONGEST], self._secrets))
        return " ".join(self._part(part) for part in _PARTS.split(line))

    def _part(self, line: str) -> str:
        words = [word for word in _WORD.findall(_UUID.sub("", line)) if len(word) > 1 and not word.isdigit()]
        strange = sum(word.lower() not in self._known for word in words)
        if strange * 3 > len(words):
            return HIDDEN
        return " ".join(_PIECE.sub(self._piece, line).split())

    def _piece(self, found: re.Match[str]) -> str:
        piece = found[0]
        if _UUID.fullmatch(piece) or _HARMLESS_NUMBER.fullmatch(piece):
            return piece
        if any(sign.isalpha() for sign in piece):
            return piece if piece.lower() in self._known else HIDDEN
        return piece if sum(sign.isdigit() for sign in piece) <= MOST_DIGITS else HIDDEN


def _words(text: str) -> set[str]:
    found = {word.lower() for word in _WORD.findall(text)}
    return {word for word in found if sum(sign.isdigit() for sign in word) <= MOST_DIGITS}


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of our own code and of the parts of Prefect that speak in a run's log, in lower case."""
    files = [file for room in ROOMS for file in (PROJECT / room).rglob("*.py")]
    files += [Path(prefect.__file__).parent / name for name in ENGINES]
    known = _words(SPOKEN_BELOW) | {file.stem.lower() for file in files}
    for file in files:
        for text in _texts(ast.parse(file.read_bytes())):
            known |= _words(text)
    known |= _words(" ".join(status.phrase for status in http.HTTPStatus))
    known |= _words(" ".join(os.strerror(number) for number in range(1, 134)))
    known |= {name.lower() for name in vars(builtins) if name.endswith(("Error", "Exception"))}
    return frozenset(known)


def _texts(tree: ast.AST) -> Iterator[str]:
    """The names and the string constants of a module; comments are not in its tree."""
    for node in ast.walk(tree):
        for name in ("id", "attr", "name", "arg", "module"):
            if isinstance(value := getattr(node, name, None), str):
                yield value
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
