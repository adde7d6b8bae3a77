"""Settlements: which payment went to be settled on which document, each pair once, noted before it is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd
from sqlalchemy import bindparam, func, select, update

from tasks.ledger.reading import framed
from tasks.ledger.recording import rows
from tasks.ledger.safekeeping import note_again
from tasks.ledger.schema import settlements
from tasks.ledger.store import Store, portions, upsert
from tasks.tables import SETTLED, checked

NOT_SETTLED = "not_settled"
PORTION = 500


class Settlements:
    """Where one run notes the payments that it has settled in one accounting unit."""

    def __init__(self, store: Store, *, unit: str, run: str) -> None:
        self._store = store
        self._stamp = {"unit": unit, "run": run}

    def intend(self, sending: pd.DataFrame) -> None:
        """Note these settlements (`SETTLED`, all of the state sent) in this order, before they are sent.

        A ledger that is a file notes them beside it as well, since nobody else could tell them again. Raises
        ValueError, and notes none, when one of them was sent before and is not known to have failed: that would
        be a fault of ours.
        """
        noted = rows(checked(SETTLED, sending))
        now = dt.datetime.now(dt.UTC)
        s = settlements.c
        with self._store.writing("settlements") as connection:
            for some in portions([row["id"] for row in noted], PORTION):
                taken = select(s.id).where(s.id.in_(some), s.state != NOT_SETTLED)
                if twice := connection.execute(taken).scalars().first():
                    raise ValueError(f"{twice} was sent to be settled before")
            place = connection.execute(select(func.coalesce(func.max(s.place), 0))).scalar_one()
            entry = {**self._stamp, "sent_at": now, "told_at": None}
            placed = [{**row, **entry, "place": place + n} for n, row in enumerate(noted, start=1)]
            upsert(connection, settlements, placed)
        note_again(self._store, settlements, placed, now)

    def settle(self, states: Mapping[str, str]) -> None:
        """Note what came of the settlements of these ids: settled or not_settled."""
        settle(self._store, states)


def settle(store: Store, states: Mapping[str, str]) -> None:
    """Note what came of the settlements of these ids: settled or not_settled."""
    now = dt.datetime.now(dt.UTC)
    told = [{"of": id, "state": state, "told_at": now} for id, state in states.items()]
    if told:
        with store.writing("settlements") as connection:
            connection.execute(update(settlements).where(settlements.c.id == bindparam("of")), told)
        note_again(store, settlements, [{"id": row.pop("of"), **row} for row in told], now)


def settled(store: Store, unit: str) -> pd.DataFrame:
    """The settlements of the unit that were done or may have been, in the order of sending; columns `SETTLED`."""
    s = settlements.c
    query = select(*(s[name] for name in SETTLED)).where(s.unit == unit, s.state != NOT_SETTLED).order_by(s.place)
    with store.reading() as connection:
        return framed(SETTLED, connection.execute(query).fetchall())
