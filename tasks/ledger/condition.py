"""How the ledger itself is: whole, how large, how much it holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select, text

from tasks.ledger.safekeeping import copies
from tasks.ledger.schema import payments, sources
from tasks.ledger.store import Store


@dataclass(frozen=True)
class Condition:
    """The ledger at one moment."""

    place: str
    """The file, or the kind of database where it is none. Never an address with a password."""
    problem: str
    """What the database says is damaged; empty when it found nothing."""
    bytes: int
    payments: int
    sources: int
    last_recorded_at: dt.datetime | None
    copied_on: dt.date | None
    """The day of its newest own copy; missing when it is no file or has none."""


def condition(store: Store) -> Condition:
    """What the database tells of itself; reads the whole file once when it is one.

    A damaged file is restored by whoever opens it next.
    """
    is_file = store.engine.dialect.name == "sqlite"
    with store.reading() as connection:
        said = connection.execute(text("PRAGMA quick_check(1)")).scalar() if is_file else "ok"
        if said != "ok":
            store.suspect()
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        size = size if is_file else "SELECT pg_database_size(current_database())"
        return Condition(
            place=str(store.engine.url.database) if is_file else store.engine.dialect.name,
            problem="" if said == "ok" else str(said),
            bytes=int(connection.execute(text(size)).scalar_one()),
            payments=connection.execute(select(func.count()).select_from(payments)).scalar_one(),
            sources=connection.execute(select(func.count()).select_from(sources)).scalar_one(),
            last_recorded_at=connection.execute(select(func.max(sources.c.recorded_at))).scalar(),
            copied_on=_copied_on(store),
        )


def _copied_on(store: Store) -> dt.date | None:
    newest = next(iter(copies(store.file)), None) if store.file else None
    return dt.date.fromisoformat(newest.stem) if newest else None
