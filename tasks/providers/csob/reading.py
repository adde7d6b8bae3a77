"""Files that were read together, and the payments that they amount to."""

from __future__ import annotations

import datetime as dt
import io
import lzma
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.money import czech
from tasks.outside import one_line
from tasks.provider import Delivery, Fault, Note
from tasks.providers.csob.bbf import Advices, parse
from tasks.providers.csob.bookings import (
    Row,
    booking,
    contradicts,
    identity,
    is_foreign,
    signed,
)
from tasks.providers.csob.foreign import (
    Half,
    differ,
    half_of_booking,
    half_of_detail,
    payment,
    placed,
    remembered,
    written,
)
from tasks.providers.csob.recognise import UNIMPORTANT, Format, recognise
from tasks.providers.csob.told import Told, complete, days_of
from tasks.tables import INCOMING, table

LARGEST_UNPACKED = 256 * 1024 * 1024
MOST_MEMBERS = 10_000
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(RuntimeError, NotImplementedError, OSError, EOFError, ValueError),
)
"""What may come of opening an archive that is damaged, encrypted or packed in a way unknown here."""


@dataclass(frozen=True)
class File:
    """A file as it came."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Reading:
    """All files of one reading: the provider's raw answer."""

    files: tuple[File, ...]
    halves: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is remembered of foreign payments at the places that these files speak of."""
    covered: tuple[dt.date, ...] = ()
    told: Told | None = None
    """When given, only covered days up to the newest one that an advice speaks of count as complete."""
    cursors: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()


def cursor_of(place: str) -> str:
    """The name under which the halves of foreign payments at one place are remembered."""
    return f"foreign {place}"


def places(files: Iterable[File]) -> set[str]:
    """Own account, currency and day of every foreign payment that the files speak of."""
    return {half.place for _, advices in _advices(files) for half in _halves(advices)}


def delivery(reading: Reading, source: str) -> Delivery:
    """The payments of a reading, each once, with everything that a person should know about the files."""
    faults, notes = list(reading.faults), list(reading.notes)
    rows: dict[str, Row] = {}
    halves: list[Half] = []
    days: set[dt.date] = set()
    for file, advices in _advices(reading.files):
        days |= days_of(advices)
        faults += advices.faults
        notes += _remarks(file, advices)
        halves += _halves(advices)
        for row in _bookings(advices):
            known = rows.setdefault(row["payment_id"], row)
            if any(known[name] != row[name] for name in ("amount", "counterparty", "kind")):
                faults.append(_same_number(file, row))
    faults += [fault for file in unpacked(reading.files) for fault in _unread(file)]
    notes += [note for file in unpacked(reading.files) for note in _unimportant(file)]
    covered, told = complete(reading.covered, reading.told, days) if reading.told else (reading.covered, ())
    merged, cursors, doubts = _merged(reading.halves, halves)
    payments = table(INCOMING, ({"source": source, **row} for row in [*rows.values(), *merged]))
    return Delivery(
        payments=payments,
        faults=tuple(faults),
        notes=(*notes, *doubts),
        covered=covered,
        cursors=(*reading.cursors, *cursors, *told),
    )


def unpacked(files: Iterable[File]) -> Iterator[File]:
    """The files, with the members of archives in place of the archives that can be opened."""
    for file in files:
        members = _members(file) if recognise(file.data) is Format.ZIP else None
        yield from members if members is not None else [file]


def _members(archive: File) -> list[File] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            listed = [member for member in opened.infolist() if not member.is_dir()]
            if len(listed) > MOST_MEMBERS or sum(member.file_size for member in listed) > LARGEST_UNPACKED:
                return None
            return [File(one_line(f"{archive.name}/{one.filename}"), opened.read(one)) for one in listed]
    except DAMAGE:
        return None


def _advices(files: Iterable[File]) -> Iterator[tuple[str, Advices]]:
    for file in unpacked(files):
        if recognise(file.data) is Format.BBF:
            yield file.name, parse(file.data, file.name)


def _records(records: pd.DataFrame) -> Iterator[Any]:
    """The records of a table, with its columns as attributes."""
    yield from records.itertuples(index=False)


def _halves(advices: Advices) -> Iterator[Half]:
    for movement in _records(advices.movements):
        if is_foreign(movement):
            yield half_of_booking(movement, advices.lines[movement.line - 1])
    for detail in _records(advices.details):
        yield half_of_detail(detail, advices.lines[detail.line - 1])


def _bookings(advices: Advices) -> Iterator[Row]:
    starts = [block.first for block in advices.blocks]
    for movement in _records(advices.movements):
        if not is_foreign(movement):
            start = starts[bisect_right(starts, movement.line) - 1]
            payment_id = identity(movement, movement.line - start)
            yield booking(movement, payment_id, advices.lines[movement.line - 1])


def _merged(known: Mapping[str, str], halves: list[Half]) -> tuple[list[Row], list[tuple[str, str]], list[Note]]:
    """One payment for every foreign payment that the halves speak of, and what is to be remembered of them."""
    rows: list[Row] = []
    cursors: list[tuple[str, str]] = []
    notes: list[Note] = []
    for place in sorted({half.place for half in halves}):
        here = [half for half in halves if half.place == place]
        all_placed = placed(remembered(known.get(place)), here)
        touched = {one.payment_id for one in all_placed if any(one.half.is_again(half) for half in here)}
        for payment_id in sorted(touched):
            together = [one.half for one in all_placed if one.payment_id == payment_id]
            rows.append(payment(payment_id, together))
            if differ(together):
                notes.append(_different_amounts(payment_id))
        if written(all_placed) != known.get(place):
            cursors.append((cursor_of(place), written(all_placed)))
    return rows, cursors, notes


def _remarks(file: str, advices: Advices) -> Iterator[Note]:
    if advices.unreadable_characters:
        yield Note("unreadable_characters", f"Soubor {file} obsahuje znaky, které nelze přečíst; jsou nahrazeny.")
    for movement in _records(advices.movements):
        if contradicts(movement):
            yield Note(
                "sign_contradicts",
                f"Soubor {file}, řádek {movement.line}: znaménko částky odporuje příznaku směru; platí příznak.",
            )
        if movement.flag in ("CR", "RC"):
            yield Note(
                "reversed_credit",
                f"Banka stornovala připsanou platbu {czech(-signed(movement), movement.currency)} ze dne"
                f" {movement.booking_date:%d.%m.%Y} (odkaz banky {movement.bank_reference or 'neuveden'});"
                " zkontrolujte doklad, ke kterému patřila.",
                urgent=True,
            )


def _unread(file: File) -> Iterator[Fault]:
    """Files that may hold payments and cannot be read."""
    kind = recognise(file.data)
    if kind in (Format.BBF, *UNIMPORTANT):
        return
    if kind is Format.ZIP:
        yield Fault(file.name, "archiv nelze rozbalit; rozbalte jej a vložte soubory jednotlivě")
    else:
        yield Fault(file.name, f"{kind.value} se nečte; v portálu CEB nastavte formát avíz BBF")


def _unimportant(file: File) -> Iterator[Note]:
    kind = recognise(file.data)
    if kind in UNIMPORTANT:
        yield Note("not_an_advice", f"Soubor {file.name} není avízo, je to {kind.value}; přeskočen.")


def _same_number(file: str, row: Row) -> Fault:
    return Fault(f"{file}, {row['payment_id']}", "dvě různé platby mají stejný odkaz banky; počítá se jen první")


def _different_amounts(payment_id: str) -> Note:
    return Note(
        "halves_differ",
        f"Zahraniční platba {payment_id}: zaúčtovaná částka se liší od částky v podrobnostech; platí zaúčtovaná.",
        urgent=True,
    )
