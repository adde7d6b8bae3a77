"""A run with nothing new leaves everything as it was, but for the ledger's knowledge of when it looked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from tasks.ledger.schema import metadata
from tests.flows.conftest import Firm

pytestmark = pytest.mark.no_cover

Open = Callable[..., Firm]
Rows = dict[str, list[dict[str, Any]]]

LOOKED = frozenset({"coverage", "sources", "inquiries"})
"""Which days and which questions are answered up to when, and when the source was last looked at."""
NEEDED = {"csob": {"turns", "cursors"}, "fio": {"turns"}, "byznysweb": {"turns"}}
"""What cannot be left out: when a provider that bears only so many calls was last called, which every process has
to know, and the moment up to which ČSOB was asked for its list of files, which its next answer begins with."""

_watched: list[set[Path]] = []


def rows_of(firm: Firm) -> Rows:
    """Everything in the firm's ledger, table by table."""
    engine = create_engine(firm.ledger)
    with engine.connect() as connection:
        found: Rows = {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every file that is opened to be written, made, moved or removed while somebody watches."""
    if not _watched:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or (mode and set(mode) & set("wax+"))
        if not writes or not isinstance(path, str | bytes | os.PathLike):
            return
    elif event not in ("os.mkdir", "os.rename", "os.remove", "sqlite3.connect", "tempfile.mkstemp"):
        return
    for watched in _watched:
        watched.add(Path(os.fsdecode(arguments[0])))


sys.addaudithook(_note)


@contextmanager
def watched_files() -> Generator[set[Path]]:
    """The files that this process touches in writing for as long as the `with` lasts."""
    touched: set[Path] = set()
    _watched.append(touched)
    try:
        yield touched
    finally:
        _watched.remove(touched)


def test_a_run_with_nothing_new_writes_only_what_it_has_looked_at(open_firm: Open, provider: str) -> None:
    firm = open_firm()
    firm.run(provider)
    before, pohoda, requests = rows_of(firm), firm.pohoda.path.read_bytes(), len(firm.mserver.log)
    with watched_files() as touched:
        assert firm.run(provider).is_completed()
    after = rows_of(firm)
    assert {name for name in before if before[name] != after[name]} <= LOOKED | NEEDED.get(provider, set())
    assert {name: len(rows) for name, rows in before.items()} == {name: len(rows) for name, rows in after.items()}
    assert firm.pohoda.path.read_bytes() == pohoda
    assert len(firm.mserver.log) == requests
    assert {path for path in touched if path.is_file()} <= {firm.folder / "ledger.db"}
