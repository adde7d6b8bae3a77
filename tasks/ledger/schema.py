"""The ledger's tables. A change here needs a new migration in `tasks.ledger.migrations.versions`, named here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Moment(TypeDecorator[dt.datetime]):
    """An aware moment, kept in UTC. SQLite has no zones, so what it gives back is told to be UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger keeps no moment without a zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


VERSION = "0003"
"""The newest migration: tables of this version are as told here."""

metadata = MetaData()

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only when the type is spelled INTEGER."""


def _payment_content() -> list[Column[Any]]:
    return [
        Column("booked_on", Date, nullable=False),
        Column("amount", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("variable_symbol", Text),
        Column("specific_symbol", Text),
        Column("constant_symbol", Text),
        Column("reference", Text),
        Column("message", Text),
        Column("counterparty", Text),
        Column("kind", String(20), nullable=False),
        Column("reverses", Text),
        Column("raw", Text),
    ]


payments = Table(
    "payments",
    metadata,
    Column("source", Text, primary_key=True),
    Column("payment_id", Text, primary_key=True),
    *_payment_content(),
    Column("first_seen_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("run", Text, nullable=False),
    Index("payments_booked_on", "booked_on"),
)
"""What every payment looks like now; `changed_at` and `run` tell since when."""

payments_history = Table(
    "payments_history",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("source", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    *_payment_content(),
    Column("known_at", Moment, nullable=False),
    Column("replaced_at", Moment, nullable=False),
    Column("run", Text, nullable=False),
    Index("payments_history_payment", "source", "payment_id"),
)
"""What payments looked like before they changed: from when, until when, and the run that had brought it."""

coverage = Table(
    "coverage",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("completed_at", Moment, nullable=False),
    Column("run", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("recorded_at", Moment, nullable=False),
    Column("run", Text, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("run", Text, nullable=False),
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("asked_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("ask_again_at", Moment),
    Column("run", Text, nullable=False),
)

faults = Table(
    "faults",
    metadata,
    Column("source", Text, primary_key=True),
    Column("digest", String(32), primary_key=True),
    Column("record", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("run", Text, nullable=False),
)

writes = Table(
    "writes",
    metadata,
    Column("id", ROW_ID, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("writer", Text, nullable=False),
    Column("agenda", Text, nullable=False),
    Column("document_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("old_amount", BigInteger),
    Column("old_count", BigInteger),
    Column("old_paid", Boolean),
    Column("new_amount", BigInteger, nullable=False),
    Column("new_count", BigInteger, nullable=False),
    Column("new_paid", Boolean, nullable=False),
    Column("intended_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("settled_at", Moment),
    Index("writes_document", "unit", "agenda", "number"),
)

settlements = Table(
    "settlements",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("agenda", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("before", BigInteger, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("run", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("told_at", Moment),
    Index("settlements_unit", "unit", "state"),
)
"""Which payment was settled on which document: one row for each pair, for ever."""

leases = Table(
    "leases",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("key", Text, primary_key=True),
    Column("granted_at", Moment, nullable=False),
)

capabilities = Table(
    "capabilities",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("remembered_at", Moment, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("unit", Text, primary_key=True),
    Column("run", Text, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("changes", Text, nullable=False),
)
