"""What the ledger holds, told in counts and shapes: nothing of it says who paid, how much, or for what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tasks.ledger.opening import tables_version
from tasks.ledger.schema import capabilities, faults, leases, metadata, payments, plans, settlements, writes
from tasks.ledger.store import Store

SAMPLES = 5
"""Newest payments whose shape is told."""


@dataclass(frozen=True)
class Overview:
    """The ledger at one moment. Texts are as they stand in it; whoever shows them says what may be seen."""

    version: str
    """The newest migration that it went through."""
    counts: dict[str, int]
    """Rows per table."""
    faults: list[tuple[str, str, int]]
    """(source, cause, how many) of records that could not be read."""
    writes: list[tuple[str, str, str, int, dt.datetime]]
    """(writer, outcome, note, how many, newest) of marks meant for Pohoda."""
    settlements: list[tuple[str, int, dt.datetime]]
    """(state, how many, newest) of payments that went to be settled on documents."""
    plans: list[tuple[str, dt.datetime, int]]
    """(run, made at, length in characters) of the plans that trial runs left, newest first."""
    capabilities: list[tuple[str, str, dt.datetime]]
    leases: list[tuple[dt.datetime, dt.datetime]]
    """(taken at, expires at)."""
    samples: list[dict[str, Any]]
    """For the newest payments: source, booked_on, kind, currency, and the length of each text (None: missing)."""


def overview(store: Store) -> Overview:
    """Everything at one moment, in one transaction that only reads."""
    with store.reading() as connection:
        return Overview(
            version=tables_version(connection) or "",
            counts={name: _count(connection, name) for name in sorted(metadata.tables)},
            faults=_rows(
                connection,
                select(faults.c.source, faults.c.cause, func.count()).group_by(faults.c.source, faults.c.cause),
            ),
            writes=_rows(
                connection,
                select(
                    writes.c.writer, writes.c.outcome, writes.c.note, func.count(), func.max(writes.c.intended_at)
                ).group_by(writes.c.writer, writes.c.outcome, writes.c.note),
            ),
            settlements=_rows(
                connection,
                select(settlements.c.state, func.count(), func.max(settlements.c.sent_at)).group_by(
                    settlements.c.state
                ),
            ),
            plans=_rows(
                connection,
                select(plans.c.run, plans.c.made_at, func.length(plans.c.changes)).order_by(
                    plans.c.made_at.desc()
                ),
            ),
            capabilities=_rows(
                connection,
                select(capabilities.c.name, capabilities.c.value, capabilities.c.remembered_at).order_by(
                    capabilities.c.name
                ),
            ),
            leases=_rows(connection, select(leases.c.taken_at, leases.c.expires_at)),
            samples=_samples(connection),
        )


def _count(connection: Connection, table: str) -> int:
    return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()


def _rows(connection: Connection, query: Any) -> list[Any]:
    found: list[Row[Any]] = list(connection.execute(query).fetchall())
    return [tuple(row) for row in found]


def _samples(connection: Connection) -> list[dict[str, Any]]:
    texts = (
        "variable_symbol",
        "specific_symbol",
        "constant_symbol",
        "reference",
        "message",
        "counterparty",
        "raw",
    )
    lengths = [func.length(payments.c[name]).label(name) for name in texts]
    plain = (payments.c.source, payments.c.booked_on, payments.c.kind, payments.c.currency)
    newest = (
        select(*plain, *lengths).order_by(payments.c.first_seen_at.desc(), payments.c.payment_id).limit(SAMPLES)
    )
    return [dict(row) for row in connection.execute(newest).mappings()]
