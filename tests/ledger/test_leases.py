from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import RowMapping, select

from tasks.errors import Unavailable
from tasks.ledger import Lease, Ledger
from tasks.ledger.opening import open_store
from tasks.ledger.schema import leases as leases_table
from tasks.ledger.store import upsert

UNIT = "12345678"


def rival(*arguments: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.ledger.rivals", *arguments], stdout=stdout)


def test_a_lease_is_free_again_when_its_holder_has_left(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.lease(UNIT, "one", wait_seconds=0) as lease:
            lease.check()


def test_who_waits_too_long_is_told_who_holds_the_lease(ledger: Ledger) -> None:
    with (
        ledger.lease(UNIT, "fio 2025-11-03"),
        pytest.raises(Unavailable, match="fio 2025-11-03 since"),
        ledger.lease(UNIT, "two", wait_seconds=0),
    ):
        pass


def test_units_do_not_wait_for_each_other(ledger: Ledger) -> None:
    with ledger.lease(UNIT, "one"), ledger.lease("87654321", "two", wait_seconds=0) as lease:
        lease.check()


def test_a_lease_is_given_back_when_the_work_fails(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.lease(UNIT, "one"):
        raise RuntimeError
    with ledger.lease(UNIT, "two", wait_seconds=0) as lease:
        lease.check()


def test_a_holder_that_was_killed_is_succeeded(address: str) -> None:
    with Ledger.open(address) as ledger:
        holder = rival("hold", address, stdout=subprocess.PIPE)
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(Unavailable, match="the rival"), ledger.lease(UNIT, "us", wait_seconds=0):
            pass
        holder.kill()
        holder.communicate()
        with ledger.lease(UNIT, "us", wait_seconds=60, ttl_seconds=1.0) as lease:
            lease.check()


def test_two_processes_never_hold_the_lease_at_once(address: str, tmp_path: Path) -> None:
    log = tmp_path / "visits"
    rivals = [rival("visit", address, name, str(log), "4") for name in ("a", "b")]
    assert [one.wait(timeout=240) for one in rivals] == [0, 0]
    steps = log.read_text().splitlines()
    assert len(steps) == 16
    assert [step.replace(" in", " out") for step in steps[0::2]] == steps[1::2]
    assert all(step.endswith(" in") for step in steps[0::2])


def test_a_holder_that_beats_keeps_the_lease_longer_than_it_lasts(address: str) -> None:
    with Ledger.open(address) as ledger, ledger.lease(UNIT, "one", ttl_seconds=1.0) as lease:
        with pytest.raises(Unavailable), ledger.lease(UNIT, "two", wait_seconds=1.6, ttl_seconds=1.0):
            pass
        lease.check()


def test_a_holder_that_gave_no_sign_of_life_learns_that_it_lost_the_lease(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(_lease: Lease) -> bool:
        raise Unavailable("The ledger is locked")

    monkeypatch.setattr(Lease, "_beat", locked)
    with (
        ledger.lease(UNIT, "asleep", ttl_seconds=0.2) as lost,
        ledger.lease(UNIT, "awake", ttl_seconds=0.2) as lease,
    ):
        lease.check()
        with pytest.raises(Unavailable, match="lost to another run"):
            lost.check()
    assert "sign of life" in caplog.text


def test_a_lost_lease_stops_beating_and_takes_nothing_from_its_successor(ledger: Ledger) -> None:
    with ledger.lease(UNIT, "one", ttl_seconds=0.2) as lost:
        assert not Lease(ledger._store, UNIT, "late", 60).take(None)  # pyright: ignore[reportPrivateUsage]
        successor = Lease(ledger._store, UNIT, "two", 60)  # pyright: ignore[reportPrivateUsage]
        while not successor.take(_standing(ledger)):
            pass
        _thread_of(UNIT).join(timeout=30)
        with pytest.raises(Unavailable):
            lost.check()
    successor.check()


def test_a_clock_set_back_does_not_keep_a_dead_holder_alive(address: str) -> None:
    store = open_store(address)
    now = dt.datetime.now(dt.UTC)
    row = {"unit": UNIT, "holder": "dead", "token": "x", "beats": 0, "taken_at": now}
    with store.writing("test") as connection:
        upsert(connection, leases_table, [{**row, "expires_at": now + dt.timedelta(days=1)}])
    store.close()
    with Ledger.open(address) as ledger, ledger.lease(UNIT, "us", ttl_seconds=0.2) as lease:
        lease.check()


def _thread_of(unit: str) -> threading.Thread:
    return next(thread for thread in threading.enumerate() if thread.name == f"lease of {unit}")


def _standing(ledger: Ledger) -> RowMapping | None:
    with ledger._store.reading() as connection:  # pyright: ignore[reportPrivateUsage]
        return connection.execute(select(leases_table)).mappings().first()
