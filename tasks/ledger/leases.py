"""
Leases: one holder per accounting unit at a time, over all processes; a killed holder does not block for ever.

The holder beats in the background. Who waits takes the lease over when it has seen no beat for long enough;
clocks alone decide nothing, since a machine that slept would find every lease expired, also that of a holder who
wakes up as well.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import RowMapping, delete, select, update

from tasks.days import in_prague
from tasks.errors import PohodaPaymentsError, Unavailable
from tasks.ledger.schema import leases
from tasks.ledger.store import Store, upsert

log = logging.getLogger(__name__)

TTL_SECONDS = 60.0
"""How long a lease lasts after its holder's last beat. The holder beats four times in that time."""

_LONGEST_POLL = 1.0


class Lease:
    """A lease that is held. `check` before everything that must not happen without it."""

    def __init__(self, store: Store, unit: str, holder: str, ttl_seconds: float) -> None:
        self._store = store
        self._ttl = ttl_seconds
        self._token = uuid.uuid4().hex
        self._over = threading.Event()
        self._ours = (leases.c.unit == unit) & (leases.c.token == self._token)
        self.unit = unit
        self.holder = holder

    def check(self) -> None:
        """Raises Unavailable when the lease is no longer ours, because we gave no sign of life for too long."""
        with self._store.reading() as connection:
            standing = connection.execute(select(leases.c.token).where(self._ours)).scalar()
        # A ledger that another run found damaged and restored holds the leases from then on.
        if standing is None or not self._store.still_there():
            raise Unavailable(
                f"The lease of the accounting unit {self.unit} was lost to another run",
                evidence=f"{self.holder} gave no sign of life for longer than {self._ttl:g} s"
                if self._store.still_there()
                else "another run has restored the ledger",
                next_step="run again; nothing more is written by this run",
            )

    def take(self, seen: RowMapping | None) -> bool:
        """Take the lease if it still stands as `seen` (None: free). False when somebody else was quicker."""
        now = dt.datetime.now(dt.UTC)
        with self._store.writing(f"lease {self.unit}") as connection:
            standing = _standing(connection, self.unit)
            if _sign(standing) != _sign(seen):
                return False
            row = {"unit": self.unit, "holder": self.holder, "token": self._token, "beats": 0, "taken_at": now}
            upsert(connection, leases, [{**row, "expires_at": now + self._lasting}])
        return True

    def beat_until_released(self) -> None:
        """Give signs of life. A beat that fails is tried again with the next one."""
        while not self._over.wait(self._ttl / 4):
            try:
                if not self._beat():
                    return
            except PohodaPaymentsError as error:
                log.warning("A sign of life for the lease of %s failed: %s", self.unit, error)

    def _beat(self) -> bool:
        expires = dt.datetime.now(dt.UTC) + self._lasting
        later = update(leases).where(self._ours).values(beats=leases.c.beats + 1, expires_at=expires)
        with self._store.writing(f"lease {self.unit}") as connection:
            return connection.execute(later).rowcount == 1

    def release(self) -> None:
        """Give the lease back, unless somebody has taken it over."""
        self._over.set()
        with self._store.writing(f"lease {self.unit}") as connection:
            connection.execute(delete(leases).where(self._ours))

    @property
    def _lasting(self) -> dt.timedelta:
        return dt.timedelta(seconds=self._ttl)


@contextmanager
def held(
    store: Store, unit: str, holder: str, *, wait_seconds: float, ttl_seconds: float = TTL_SECONDS
) -> Generator[Lease]:
    """Hold the lease of the unit for as long as the `with` lasts. See `Ledger.lease`."""
    lease = Lease(store, unit, holder, ttl_seconds)
    _wait_for(lease, store, wait_seconds, ttl_seconds)
    beating = threading.Thread(target=lease.beat_until_released, name=f"lease of {unit}", daemon=True)
    beating.start()
    try:
        yield lease
    finally:
        lease.release()
        beating.join()


def _wait_for(lease: Lease, store: Store, wait_seconds: float, ttl_seconds: float) -> None:
    poll = min(_LONGEST_POLL, ttl_seconds / 20)
    deadline = time.monotonic() + wait_seconds
    seen: RowMapping | None = None
    silent = 0.0
    while True:
        with store.reading() as connection:
            standing = _standing(connection, lease.unit)
        if _sign(standing) != _sign(seen):
            seen, silent = standing, 0.0
        if (seen is None or _given_up(seen, silent, ttl_seconds)) and lease.take(seen):
            return
        if seen is not None and time.monotonic() + poll > deadline:
            raise _still_held(seen)
        time.sleep(poll)
        silent += poll


def _given_up(seen: RowMapping, silent: float, ttl_seconds: float) -> bool:
    """Whether the holder must be dead: expired and not beating while we watched, or not beating for long.

    The second is for a clock that was set back, by which a lease would not expire for hours.
    """
    expired = dt.datetime.now(dt.UTC) >= seen["expires_at"]
    return silent >= ttl_seconds / 2 if expired else silent >= 1.5 * ttl_seconds


def _standing(connection: Any, unit: str) -> RowMapping | None:
    return connection.execute(select(leases).where(leases.c.unit == unit)).mappings().first()


def _sign(row: RowMapping | None) -> tuple[str, int] | None:
    return None if row is None else (row["token"], row["beats"])


def _still_held(row: RowMapping) -> Unavailable:
    since = in_prague(row["taken_at"])
    return Unavailable(
        f"The accounting unit {row['unit']} is being worked on by another run",
        evidence=f"{row['holder']} since {since:%Y-%m-%d %H:%M:%S}",
        next_step="wait until that run has ended and run again",
    )
