"""The ledger as the other rooms see it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd
from pydantic import SecretStr
from sqlalchemy import select

from tasks.errors import SettingError
from tasks.ledger import condition as conditions
from tasks.ledger import journal as journals
from tasks.ledger import leases, overview, periods, plans, reading, recording, settling, turns
from tasks.ledger.opening import file_of_unit, open_store
from tasks.ledger.restoring import RESTORED, Restored
from tasks.ledger.schema import capabilities, sources
from tasks.ledger.store import Store, upsert
from tasks.provider import Delivery

OWNER = "accounting unit"


class Ledger:
    """Facts about payments, and what was written to Pohoda; a `tasks.provider.Memory` as well.

    Use it in a `with`, which closes its connections. Every method stands alone: what it saves is saved when it
    returns. All raise Unavailable when the database is locked or cannot be reached, and SettingError when it
    cannot be used as it is (damaged, no rights, wrong password).
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def open(cls, url: SecretStr | str | None = None, *, mend: bool = True) -> Self:
        """Open the ledger at a database address, or this user's own file when there is none.

        Makes the tables, or brings them to the present version; several processes may do so at once. A file that
        is damaged or gone is restored from its own copy, unless it is only to be looked at (`mend` is False).
        """
        return cls(open_store(url.get_secret_value() if isinstance(url, SecretStr) else url, mend=mend))

    @classmethod
    def of_unit(cls, unit: str, url: SecretStr | None = None, *, mend: bool = True) -> Self:
        """Open the ledger of one accounting unit, by default a file of its own among this user's data.

        The first unit to open a ledger owns it for good: payments of one firm must never find documents of
        another, so any other unit gets a SettingError.
        """
        ledger = cls.open(url if url and url.get_secret_value().strip() else file_of_unit(unit), mend=mend)
        try:
            ledger._belong_to(unit)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _belong_to(self, unit: str) -> None:
        owner = self.capability(OWNER)
        if owner is None:
            self.remember_capability(OWNER, unit)
        elif owner != unit:
            raise SettingError(
                "This ledger belongs to another accounting unit",
                evidence=f"it is the ledger of {owner}, this unit is {unit}",
                next_step="give each accounting unit a ledger of its own in its block, or leave the field empty",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections to the database."""
        self._store.close()

    # Facts

    def record(self, source: str, delivery: Delivery, *, run: str, at: dt.datetime) -> recording.Recorded:
        """Save all that one delivery brought, in one transaction: payments (a changed one keeps its history),
        complete days, answers, cursors and faults (each once). `at` is the moment of the fetch, aware.

        The same delivery again changes nothing but the moments of completeness.
        """
        return recording.record(self._store, source, delivery, run=run, at=at)

    def payments(self, since: dt.date | None = None) -> pd.DataFrame:
        """All payments booked on the day `since` or later, of all sources; columns `tasks.tables.PAYMENTS`."""
        return reading.payments_since(self._store, since)

    def first_seen_since(self, source: str, moment: dt.datetime) -> set[str]:
        """The ids of the source's payments that were recorded for the first time since the moment (aware)."""
        return reading.first_seen_since(self._store, source, moment)

    def history_of_payment(self, source: str, payment_id: str) -> pd.DataFrame:
        """Every version of one payment, oldest first, the present one last; columns `reading.VERSIONS`."""
        return reading.versions_of_payment(self._store, source, payment_id)

    def payment(self, source: str, payment_id: str) -> pd.Series | None:
        """The present version of one payment, as the last row of its history; None when it is not known."""
        versions = self.history_of_payment(source, payment_id)
        return versions.iloc[-1] if len(versions) else None

    def faults(self, source: str) -> pd.DataFrame:
        """The records of one source that could not be read, oldest first; columns `reading.FAULTS`."""
        return reading.kept_faults(self._store, source)

    def completed_days(self, source: str, first: dt.date, last: dt.date) -> set[dt.date]:
        """The days from `first` to `last`, both included, that were fetched completely after they had ended."""
        return reading.completed_days(self._store, source, first, last)

    def freshness(self, since: dt.date | None = None) -> pd.DataFrame:
        """Up to which day each source has no gap (counted from `since`); columns `reading.FRESHNESS`."""
        return reading.freshness(self._store, since)

    # A period as a whole

    def first_seen(self, since: dt.date | None = None) -> pd.DataFrame:
        """When each payment booked on the day `since` or later was first known; columns `periods.FIRST_SEEN`."""
        return periods.first_seen(self._store, since)

    def completed_by_source(self, first: dt.date, last: dt.date) -> pd.DataFrame:
        """Every source's complete days from `first` to `last`, both included; columns `periods.COMPLETED`."""
        return periods.completed_by_source(self._store, first, last)

    def faults_between(self, start: dt.datetime, end: dt.datetime) -> pd.DataFrame:
        """The records first found unreadable from `start` until before `end`; columns `reading.FAULTS`."""
        return periods.faults_between(self._store, start, end)

    def written_between(self, unit: str, start: dt.datetime, end: dt.datetime) -> pd.DataFrame:
        """The writes confirmed from `start` until before `end`, oldest first; columns `journal.WRITES`."""
        return periods.written_between(self._store, unit, start, end)

    # What providers remember

    def cursor(self, source: str, name: str) -> str | None:
        """The value last saved with a delivery of this source under this name."""
        return reading.cursor(self._store, source, name)

    def wait_turn(self, key: str, seconds: float) -> None:
        """Return when `seconds` have passed since anybody last got their turn for the key, and take the turn."""
        turns.take_turn(self._store, key, seconds)

    def due(self, source: str, questions: pd.DataFrame, now: dt.datetime) -> pd.DataFrame:
        """Those of the questions that were never asked, or whose time to ask again has come by `now`."""
        return reading.due(self._store, source, questions, now)

    # Writing to Pohoda

    def lease(
        self, unit: str, holder: str, *, wait_seconds: float = 900.0, ttl_seconds: float = leases.TTL_SECONDS
    ) -> AbstractContextManager[leases.Lease]:
        """Be the only one who works on the accounting unit, for as long as the `with` lasts.

        Waits for another holder up to `wait_seconds`, then raises Unavailable that names the holder. A holder
        that was killed is succeeded after `ttl_seconds` and half of it again at the latest.
        """
        return leases.held(self._store, unit, holder, wait_seconds=wait_seconds, ttl_seconds=ttl_seconds)

    def journal(self, *, unit: str, run: str, writer: str) -> journals.Journal:
        """Where one run notes its writes to one accounting unit, before and after."""
        return journals.Journal(self._store, unit=unit, run=run, writer=writer)

    def marked(self, unit: str, writers: Collection[str] | None = None) -> pd.DataFrame:
        """The documents whose marks are, or may be, ours, as last written by them; columns `journal.MARKED`."""
        return journals.marked(self._store, unit, writers)

    def written_by(self, unit: str, run: str) -> pd.DataFrame:
        """What became of the writes of one run so far; columns `journal.OUTCOMES`."""
        return journals.written_by(self._store, unit, run)

    def history(self, unit: str, agenda: str, number: str) -> pd.DataFrame:
        """Every write ever meant for one document, oldest first; columns `journal.WRITES`."""
        return journals.history(self._store, unit, agenda, number)

    def settlements(self, *, unit: str, run: str) -> settling.Settlements:
        """Where one run notes which payments it has settled on which documents, before and after."""
        return settling.Settlements(self._store, unit=unit, run=run)

    def settled(self, unit: str) -> pd.DataFrame:
        """The payments that are, or may be, settled on documents by us; columns `tasks.tables.SETTLED`."""
        return settling.settled(self._store, unit)

    def settle(self, states: Mapping[str, str]) -> None:
        """Note what was found out about settlements whose fate was not known: settled or not_settled, by id."""
        settling.settle(self._store, states)

    def keep_plan(self, unit: str, run: str, changes: pd.DataFrame) -> None:
        """Keep the changes (`tasks.tables.CHANGES`) that a trial run would have made, under the run's name."""
        plans.keep(self._store, unit, run, changes)

    def kept_plan(self, unit: str, run: str) -> pd.DataFrame:
        """The changes that a trial run left. Raises SettingError when there is no plan of that name."""
        return plans.kept(self._store, unit, run)

    def capability(self, name: str) -> str | None:
        """What was found out and remembered under this name, for example what a release of Pohoda accepts."""
        query = select(capabilities.c.value).where(capabilities.c.name == name)
        with self._store.reading() as connection:
            return connection.execute(query).scalar()

    def remember_capability(self, name: str, value: str) -> None:
        """Remember what was found out, in place of what was known before."""
        row = {"name": name, "value": value, "remembered_at": dt.datetime.now(dt.UTC)}
        with self._store.writing("capabilities") as connection:
            upsert(connection, capabilities, [row])

    # Care

    def restored(self) -> Restored | None:
        """The last time that this ledger was restored from its own copy; None when it never was."""
        told = self.capability(RESTORED)
        return Restored(**json.loads(told)) if told else None

    def day_of_copy(self, source: str) -> dt.date | None:
        """The day of the copy that the ledger was restored from, from which on the source is to be read again.

        None when it was never restored, or when anything of the source has been recorded since.
        """
        restored = self.restored()
        if restored is None:
            return None
        query = select(sources.c.recorded_at).where(sources.c.source == source)
        with self._store.reading() as connection:
            recorded = connection.execute(query).scalar()
        since = recorded is not None and recorded >= dt.datetime.fromisoformat(restored.at)
        return None if since else dt.date.fromisoformat(restored.copy_of)

    def condition(self) -> conditions.Condition:
        """Whether the ledger is whole, how large it is and how much it holds."""
        return conditions.condition(self._store)

    def overview(self) -> overview.Overview:
        """What the ledger holds, in counts and shapes."""
        return overview.overview(self._store)

    @property
    def folder(self) -> Path | None:
        """The folder of the ledger's file; None when it is not a file."""
        engine = self._store.engine
        return Path(str(engine.url.database)).parent if engine.dialect.name == "sqlite" else None

    def backup_to(self, path: Path) -> None:
        """Copy the whole ledger to a file while others go on working with it. Only of a ledger that is a file."""
        engine = self._store.engine
        if engine.dialect.name != "sqlite":
            raise SettingError(
                "Only a ledger that is a file can be copied here",
                evidence=f"the ledger is in {engine.dialect.name}",
                next_step="back the database up with its own tool, for example pg_dump",
            )
        with closing(engine.raw_connection()) as ours, closing(sqlite3.connect(path)) as copy:
            driver = ours.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101
            driver.backup(copy)
