from __future__ import annotations

import datetime as dt
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from tasks.ledger import Ledger
from tasks.ledger.opening import open_store
from tasks.ledger.schema import turns as turns_table
from tasks.ledger.store import upsert
from tasks.ledger.turns import take_turn


def test_processes_that_open_a_new_ledger_at_once_never_get_turns_too_close(address: str, tmp_path: Path) -> None:
    log = tmp_path / "turns"
    arguments = [sys.executable, "-m", "tests.ledger.rivals", "queue", address, "0.2", str(log), "4"]
    rivals = [subprocess.Popen(arguments) for _ in range(2)]
    assert [rival.wait(timeout=240) for rival in rivals] == [0, 0]
    moments = sorted(dt.datetime.fromisoformat(line) for line in log.read_text().split())
    assert len(moments) == 8
    assert all(later - earlier >= dt.timedelta(seconds=0.2) for earlier, later in itertools.pairwise(moments))


def test_keys_do_not_wait_for_each_other(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.ledger.turns.time.sleep", _never)
    with Ledger.open(address) as ledger:
        ledger.wait_turn("one", 3600)
        ledger.wait_turn("two", 3600)


def test_a_clock_set_back_costs_one_interval_and_not_an_hour(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(address)
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    with store.writing("test") as connection:
        upsert(connection, turns_table, [{"key": "one", "granted_at": ahead}])
    pauses: list[float] = []
    monkeypatch.setattr("tasks.ledger.turns.time.sleep", pauses.append)
    granted = take_turn(store, "one", 0.05)
    assert granted < ahead
    assert all(pause <= 0.05 for pause in pauses)
    with store.reading() as connection:
        assert connection.execute(select(turns_table.c.granted_at)).scalar_one() == granted
    store.close()


def _never(seconds: float) -> None:
    raise AssertionError("nothing was to be waited for")
