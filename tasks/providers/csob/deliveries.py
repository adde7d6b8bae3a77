"""What Business Connector has that was not read yet: listed by the time cursor, downloaded once (csob.md 4.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from tasks.days import ONE_DAY, Days, prague_day, start_of
from tasks.errors import Refused, Unavailable
from tasks.provider import Fault, Memory, Note
from tasks.providers.csob.connector import FAILED, PREPARED, Connector, Listed
from tasks.providers.csob.reading import File, Reading

LISTED = "listed"
WINDOW_DAYS = 45
"""How far back the bank lists."""
DOWNLOAD_DAYS = 15
"""How long the bank gives a file."""
ADVICES = "AVIZO"

NO_DAYS = range(0)


@dataclass
class Taken:
    """What became of the files of one listing."""

    files: list[File] = field(default_factory=list[File])
    cursors: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    faults: list[Fault] = field(default_factory=list[Fault])


def read_new(connector: Connector, days: Days, source: str, memory: Memory) -> Reading:
    """Advices not read yet, and again those made on such of the days as were read before.

    The cursor goes on only when nothing listed is being prepared and nothing failed to come; till then the same
    files are listed again, and those already read are known by name, time and size. Raises Unavailable when not
    one of the wanted files could be had.
    """
    stood = memory.cursor(source, LISTED)
    since, again = _since(days, stood)
    listing = connector.listed(since)
    advices = [file for file in listing.files if file.kind == ADVICES]
    known = {file.key for file in advices if memory.cursor(source, file.key) is not None}
    preparing = [file for file in advices if file.status == PREPARED]
    wanted = [
        file
        for file in advices
        if file.status != PREPARED and (file.key not in known or prague_day(file.created).toordinal() in again)
    ]
    taken = Taken()
    missed = _taken(taken, connector, wanted, known, listing.moment)
    advanced = not preparing and not missed
    today = prague_day(listing.moment)
    return Reading(
        files=tuple(taken.files),
        covered=tuple(day for day in days if day < today) if advanced else (),
        cursors=(*taken.cursors, *([(LISTED, listing.moment.isoformat())] if advanced else [])),
        faults=tuple(taken.faults),
        notes=tuple(_notes(preparing, missed, nothing=stood is None and not advices)),
    )


def _since(days: Days, stood: str | None) -> tuple[dt.datetime, range]:
    """The moment to list from, and the ordinals of days that were read before and are asked for again."""
    if stood is None:
        return max(start_of(days.first), start_of(days.last - (WINDOW_DAYS - 1) * ONE_DAY)), NO_DAYS
    cursor = dt.datetime.fromisoformat(stood)
    read = prague_day(cursor)
    again = range(days.first.toordinal(), min(days.last.toordinal() + 1, read.toordinal()))
    since = min(cursor, start_of(days.first)) if again else cursor
    return max(since, start_of(max(days.last, read) - (WINDOW_DAYS - 1) * ONE_DAY)), again


def _taken(
    taken: Taken, connector: Connector, wanted: list[Listed], known: set[str], moment: dt.datetime
) -> list[Listed]:
    """The files that would not come. Those that failed are tried once more after the others, while that helps."""
    missed, error = _round(taken, connector, wanted, known, moment)
    while missed:
        still, error = _round(taken, connector, missed, known, moment)
        if len(still) == len(missed):
            break
        missed = still
    if missed and error is not None and not taken.files:
        raise error
    return missed


def _round(
    taken: Taken, connector: Connector, wanted: Iterable[Listed], known: set[str], moment: dt.datetime
) -> tuple[list[Listed], Unavailable | None]:
    missed: list[Listed] = []
    last: Unavailable | None = None
    for file in wanted:
        try:
            _take(taken, connector, file, known, moment)
        except Unavailable as error:
            missed.append(file)
            last = error
    return missed, last


def _take(taken: Taken, connector: Connector, file: Listed, known: set[str], moment: dt.datetime) -> None:
    """Read one file, or tell for good that it will not come. Raises Unavailable when it may come later."""
    if file.status == FAILED:
        return _lost(taken, file, known, "banka soubor nedokázala připravit; obraťte se na podporu ČSOB")
    try:
        data = connector.download(file)
    except Refused as refusal:
        young = moment - file.created < DOWNLOAD_DAYS * ONE_DAY
        if refusal.code == "400" and young:
            # Only this address has expired; the next listing gives another one.
            raise Unavailable(refusal.cause, evidence=refusal.evidence) from None
        return _lost(taken, file, known, "banka soubor už nevydá; stáhněte ho v portálu CEB a přečtěte ze složky")
    taken.files.append(File(file.name, data))
    taken.cursors.append((file.key, sha256(data).hexdigest()))
    return None


def _lost(taken: Taken, file: Listed, known: set[str], cause: str) -> None:
    if file.key not in known:
        taken.faults.append(Fault(file.name, cause))
        taken.cursors.append((file.key, "lost"))


def _notes(preparing: list[Listed], missed: list[Listed], *, nothing: bool) -> Iterable[Note]:
    if preparing:
        yield Note("files_prepared", f"Banka ještě připravuje tato avíza: {_names(preparing)}.")
    if missed:
        yield Note(
            "files_missed",
            f"Tato avíza se nepodařilo stáhnout, další běh to zkusí znovu: {_names(missed)}.",
            urgent=True,
            incomplete=True,
        )
    if nothing:
        yield Note(
            "no_advices",
            "Banka zatím nenabízí žádné avízo; zkontrolujte v portálu CEB, že jsou pro účty avíza povolena"
            " ve formátu BBF.",
        )


def _names(files: list[Listed]) -> str:
    return ", ".join(file.name for file in files[:10])
