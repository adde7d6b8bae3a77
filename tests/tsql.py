"""
Statements as SQL Server itself reads them: by ScriptDom, Microsoft's own T-SQL parser, which maxdop carries.

No other parser to be had covers BACKUP and RESTORE; sqlglot takes them for unknown commands. What a statement
does is still looked at with sqlglot, whose tree Python can walk.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from itertools import count

import pytest

VERSIONS = ("2008", "2012", "2014", "2016", "2017", "2019", "2022", "2025")
"""Every grammar from the oldest SQL Server that Microsoft's driver 17 reaches to the newest."""

_ODBC_MARKER = re.compile(r"('(?:[^']|'')*'|\[(?:[^\]]|\]\])*\])|\?")


def refused(statements: Iterable[str], version: str) -> dict[str, str]:
    """The statements that this version of SQL Server does not understand, each with what it says against it.

    ODBC's `?` are given names first, as the driver does before it sends them. Skips the test where there is no
    program for this kind of machine.
    """
    named = {statement: _named(statement) for statement in statements}
    if not _complaint("\nGO\n".join(named.values()), version):
        return {}
    found = {statement: _complaint(text, version) for statement, text in named.items()}
    return {statement: text for statement, text in found.items() if text}


def _complaint(batches: str, version: str) -> str:
    # They go in by standard input, so no file of settings beside them is ever looked for.
    done = subprocess.run(
        [_program(), "--parser-version", version], input=batches.encode(), capture_output=True, check=False
    )
    return "" if done.returncode == 0 else done.stderr.decode().strip() or f"exit {done.returncode}"


def _named(statement: str) -> str:
    number = count(1)
    return _ODBC_MARKER.sub(lambda found: found[1] or f"@P{next(number)}", statement)


def _program() -> str:
    found = shutil.which("maxdop", path=sysconfig.get_path("scripts")) or shutil.which("maxdop")
    if not found:
        pytest.skip("maxdop is not published for this kind of machine: statements are not parsed by ScriptDom")
    return found
