"""What the tests run in processes of their own: `python -m tests.ledger.rivals <what> <address> …`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tasks.ledger import Ledger
from tasks.ledger.ledger import turns
from tasks.ledger.opening import open_store

TTL = 4.0


def hold(address: str) -> None:
    """Hold the lease until killed."""
    with Ledger.open(address) as ledger, ledger.lease("12345678", "the rival", ttl_seconds=1.0):
        print("held", flush=True)
        time.sleep(600)


def visit(address: str, name: str, log: str, rounds: str) -> None:
    """Take the lease again and again, and note every entering and leaving."""
    with Ledger.open(address) as ledger:
        for _ in range(int(rounds)):
            with ledger.lease("12345678", name, ttl_seconds=TTL):
                note(log, f"{name} in")
                time.sleep(0.01)
                note(log, f"{name} out")


def queue(address: str, seconds: str, log: str, rounds: str) -> None:
    """Take turns, and note the moment of each."""
    store = open_store(address)
    for _ in range(int(rounds)):
        note(log, turns.take_turn(store, "token", float(seconds)).isoformat())
    store.close()


def note(log: str, line: str) -> None:
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


if __name__ == "__main__":
    {"hold": hold, "visit": visit, "queue": queue}[sys.argv[1]](*sys.argv[2:])
