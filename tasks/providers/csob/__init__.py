"""
ČSOB: payment advices from a folder that the bank's application fills, or from Business Connector directly.

Both ways end in the same `Reading` of files, and only the content of a file says what it is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from blocks.csob import CsobAccount
from tasks.days import Days
from tasks.provider import Delivery, Memory, Note
from tasks.providers.csob.certificate import expiries
from tasks.providers.csob.connector import Connector
from tasks.providers.csob.deliveries import DOWNLOAD_DAYS, read_new
from tasks.providers.csob.folder import Folder
from tasks.providers.csob.reading import Reading, cursor_of, delivery, places


class Csob:
    """The accounts of one ČSOB contract, asked by period (`tasks.provider.ByPeriod`).

    New advices come whatever days are asked for, since the bank offers them by the time they became available.
    Days that were read before and are asked for again mean their files once more.
    """

    def __init__(self, account: CsobAccount, memory: Memory) -> None:
        self._account = account
        self._memory = memory
        self._connector = Connector(account, memory)

    @property
    def source(self) -> str:
        return f"csob:{self._account.identity}"

    @property
    def reach(self) -> int | None:
        return DOWNLOAD_DAYS - 1 if self._by_connector else None

    @property
    def overlap(self) -> int:
        """None: what is booked late comes in an advice of its own."""
        return 0

    def expiries(self, today: dt.date) -> list[Note]:
        return expiries(self._account, today) if self._by_connector else []

    def probe(self) -> list[Note]:
        """Proves certificate and contract by the list of files of the last minute, or the folder by its files."""
        if self._by_connector:
            self._connector.listed(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
            return [Note("reachable", f"ČSOB Business Connector přijal smlouvu {self._account.contract}.")]
        files = self._folder.count()
        return [Note("reachable", f"Složka s avízy ČSOB je čitelná, souborů v ní: {files}.")]

    def split(self, days: Days) -> list[Days]:
        """One portion: the halves of foreign payments are put together within one reading."""
        return [days]

    def extract(self, days: Days) -> list[Reading]:
        """One reading of all that is new, with what is remembered of the foreign payments that it speaks of."""
        reading = self._read(days)
        known = {place: self._memory.cursor(self.source, cursor_of(place)) for place in places(reading.files)}
        return [replace(reading, halves={place: text for place, text in known.items() if text is not None})]

    def normalize(self, raw: Reading) -> Delivery:
        return delivery(raw, self.source)

    @property
    def _by_connector(self) -> bool:
        return self._account.way == "connector"

    def _read(self, days: Days) -> Reading:
        if self._by_connector:
            return read_new(self._connector, days, self.source, self._memory)
        return self._folder.read(days, self.source, self._memory, dt.datetime.now(dt.UTC))

    @property
    def _folder(self) -> Folder:
        archive = Path(self._account.archive) if self._account.archive else None
        return Folder(Path(self._account.folder), archive)


__all__ = ["Csob"]
