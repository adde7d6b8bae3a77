"""Recording what a provider delivered: one delivery, one transaction, and repeating it is harmless."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select

from tasks.ledger.schema import coverage, cursors, faults, inquiries, payments, payments_history, sources
from tasks.ledger.store import Store, portions, upsert
from tasks.provider import Delivery, Fault
from tasks.tables import ANSWERS, INCOMING, checked

CONTENT = tuple(name for name in INCOMING if name not in ("source", "payment_id"))
"""What a payment says; when any of it differs from what stands, the payment has changed."""

_KEYS_AT_ONCE = 500

Row = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What a delivery brought: payments never seen, changed, known as they are, and faults never seen."""

    new: int
    changed: int
    known: int
    faults: int


def record(store: Store, source: str, delivery: Delivery, *, run: str, at: dt.datetime) -> Recorded:
    """Save all that one delivery brought, or nothing of it. See `Ledger.record`."""
    stamp: Row = {"source": source, "run": run}
    arrived, twice = _rows_of(source, delivery.payments)
    with store.writing(source) as connection:
        standing = _standing(connection, source, list(arrived))
        new = {key: row for key, row in arrived.items() if key not in standing}
        changed = {
            key: row
            for key, row in arrived.items()
            if key in standing and _content(standing[key]) != _content(row)
        }
        _insert_new(connection, list(new.values()), run, at)
        _replace_changed(connection, list(changed.values()), standing, run, at)
        _mark_covered(connection, delivery.covered, stamp, at)
        _save_answers(connection, delivery.answers, stamp, at)
        _save_cursors(connection, delivery.cursors, stamp)
        new_faults = _keep_faults(connection, [*delivery.faults, *twice], stamp, at)
        upsert(connection, sources, [{**stamp, "recorded_at": at}])
    return Recorded(len(new), len(changed), len(arrived) - len(new) - len(changed), new_faults)


def rows(frame: pd.DataFrame) -> list[Row]:
    """The frame's rows as plain Python values: None for missing, dates for days."""
    columns: list[list[Any]] = []
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_datetime64_dtype(column.dtype):
            column = column.dt.date
        values = column.astype(object)
        columns.append([storable(value) for value in values.where(values.notna(), None).tolist()])
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def storable(value: Any) -> Any:
    """The value as every database takes it: half a character and NUL become a replacement sign."""
    if not isinstance(value, str) or (value.isprintable() and value.isascii()):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")


def _rows_of(source: str, frame: pd.DataFrame) -> tuple[dict[str, Row], list[Fault]]:
    """The delivery's payments by id, and a fault for each one that it holds twice with different content."""
    arrived: dict[str, Row] = {}
    twice: list[Fault] = []
    for row in rows(checked(INCOMING, frame)):
        if row["source"] != source:
            raise ValueError(f"a delivery of {source} holds a payment of {row['source']}")
        earlier = arrived.get(row["payment_id"])
        if earlier is not None and _content(earlier) != _content(row):
            cause = "Tatáž platba přišla v jedné odpovědi dvakrát s různým obsahem; platí její poslední podoba."
            twice.append(Fault(row["payment_id"], cause, earlier["raw"] or ""))
        arrived[row["payment_id"]] = row
    return arrived, twice


def _content(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in CONTENT)


def _standing(connection: Connection, source: str, ids: Sequence[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for portion in portions(ids, _KEYS_AT_ONCE):
        query = select(payments).where(payments.c.source == source, payments.c.payment_id.in_(portion))
        found.update((row["payment_id"], dict(row)) for row in connection.execute(query).mappings())
    return found


def _insert_new(connection: Connection, new: list[Row], run: str, at: dt.datetime) -> None:
    if new:
        stamped = [{**row, "first_seen_at": at, "changed_at": at, "run": run} for row in new]
        connection.execute(insert(payments), stamped)


def _replace_changed(
    connection: Connection, changed: list[Row], standing: dict[str, Row], run: str, at: dt.datetime
) -> None:
    if not changed:
        return
    before = [standing[row["payment_id"]] for row in changed]
    connection.execute(insert(payments_history), [_past(row, at) for row in before])
    after = [
        {**row, "first_seen_at": old["first_seen_at"], "changed_at": at, "run": run}
        for row, old in zip(changed, before, strict=True)
    ]
    upsert(connection, payments, after)


def _past(row: Row, at: dt.datetime) -> Row:
    kept = {name: row[name] for name in INCOMING}
    return {**kept, "known_at": row["changed_at"], "replaced_at": at, "run": row["run"]}


def _mark_covered(connection: Connection, days: Sequence[dt.date], stamp: Row, at: dt.datetime) -> None:
    """A day keeps the latest moment at which it was complete, in whatever order deliveries are recorded."""
    if not days:
        return
    query = select(coverage.c.day, coverage.c.completed_at).where(
        coverage.c.source == stamp["source"], coverage.c.day.between(min(days), max(days))
    )
    standing = {day: moment for day, moment in connection.execute(query)}
    later = [day for day in dict.fromkeys(days) if day not in standing or standing[day] < at]
    upsert(connection, coverage, [{**stamp, "day": day, "completed_at": at} for day in later])


def _save_cursors(connection: Connection, places: Sequence[tuple[str, str]], stamp: Row) -> None:
    """A place of reading that has not moved is left as it is, so that a run with nothing new writes none."""
    places = [(name, storable(value)) for name, value in places]
    known: dict[str, str] = {}
    for portion in portions({name for name, _ in places}, _KEYS_AT_ONCE):
        query = select(cursors.c.name, cursors.c.value)
        query = query.where(cursors.c.source == stamp["source"], cursors.c.name.in_(portion))
        known.update((name, value) for name, value in connection.execute(query))
    moved = [{**stamp, "name": name, "value": value} for name, value in places if known.get(name) != value]
    upsert(connection, cursors, moved)


def _save_answers(connection: Connection, answers: pd.DataFrame, stamp: Row, at: dt.datetime) -> None:
    checked(ANSWERS, answers)
    again = [None if pd.isna(moment) else moment.to_pydatetime() for moment in answers["ask_again_at"]]
    given = zip(answers["key"], answers["outcome"], again, strict=True)
    upsert(
        connection,
        inquiries,
        [
            {**stamp, "key": key, "outcome": said, "ask_again_at": when, "asked_at": at}
            for key, said, when in given
        ],
    )


def _keep_faults(connection: Connection, found: Sequence[Fault], stamp: Row, at: dt.datetime) -> int:
    by_digest = {_digest(fault): fault for fault in found}
    known: set[str] = set()
    for portion in portions(by_digest, _KEYS_AT_ONCE):
        query = select(faults.c.digest).where(faults.c.source == stamp["source"], faults.c.digest.in_(portion))
        known.update(connection.execute(query).scalars())
    new = [
        {
            **stamp,
            "digest": digest,
            "record": storable(fault.record),
            "cause": storable(fault.cause),
            "raw": storable(fault.raw),
            "first_seen_at": at,
        }
        for digest, fault in by_digest.items()
        if digest not in known
    ]
    upsert(connection, faults, new)
    return len(new)


def _digest(fault: Fault) -> str:
    text = "\0".join(map(storable, (fault.record, fault.cause, fault.raw)))
    return blake2b(text.encode(), digest_size=16).hexdigest()
