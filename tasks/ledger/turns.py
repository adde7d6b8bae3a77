"""Turns: at most one call per interval for a key, over all threads, processes and machines of one ledger."""

from __future__ import annotations

import datetime as dt
import time

from sqlalchemy import select

from tasks.ledger.schema import turns
from tasks.ledger.store import Store, upsert


def take_turn(store: Store, key: str, seconds: float) -> dt.datetime:
    """Wait until `seconds` have passed since the last turn for the key, take the next one, and tell its moment.

    A turn is granted only when its time has really come, never booked ahead, so that a caller who overslept
    cannot come too close to the next one. When the clock was set back, the last turn seems to lie ahead; then
    the whole interval is waited from now.
    """
    interval = dt.timedelta(seconds=seconds)
    while True:
        with store.writing(f"turn {key}") as connection:
            now = dt.datetime.now(dt.UTC)
            last = connection.execute(select(turns.c.granted_at).where(turns.c.key == key)).scalar()
            if last is None or now - last >= interval:
                upsert(connection, turns, [{"key": key, "granted_at": now}])
                return now
            if last > now:
                last = now
                upsert(connection, turns, [{"key": key, "granted_at": now}])
        time.sleep((last + interval - now).total_seconds())
