"""The first tables: payments, what has been fetched, what has been written, and who is at work."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _payments()
    _fetched()
    _written()
    _at_work()


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=nullable)


def _payment_content() -> list[sa.Column[object]]:
    return [
        sa.Column("booked_on", sa.Date, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("variable_symbol", sa.Text),
        sa.Column("specific_symbol", sa.Text),
        sa.Column("constant_symbol", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("counterparty", sa.Text),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reverses", sa.Text),
        sa.Column("raw", sa.Text),
    ]


def _payments() -> None:
    op.create_table(
        "payments",
        _text("source", key=True),
        _text("payment_id", key=True),
        *_payment_content(),
        _moment("first_seen_at"),
        _moment("changed_at"),
        _text("run"),
    )
    op.create_index("payments_booked_on", "payments", ["booked_on"])
    op.create_table(
        "payments_history",
        sa.Column("id", ROW_ID, primary_key=True),
        _text("source"),
        _text("payment_id"),
        *_payment_content(),
        _moment("known_at"),
        _moment("replaced_at"),
        _text("run"),
    )
    op.create_index("payments_history_payment", "payments_history", ["source", "payment_id"])


def _fetched() -> None:
    op.create_table(
        "coverage",
        _text("source", key=True),
        sa.Column("day", sa.Date, primary_key=True),
        _moment("completed_at"),
        _text("run"),
    )
    op.create_table("sources", _text("source", key=True), _moment("recorded_at"), _text("run"))
    op.create_table("cursors", _text("source", key=True), _text("name", key=True), _text("value"), _text("run"))
    op.create_table(
        "inquiries",
        _text("source", key=True),
        _text("key", key=True),
        _moment("asked_at"),
        _text("outcome"),
        _moment("ask_again_at", nullable=True),
        _text("run"),
    )
    op.create_table(
        "faults",
        _text("source", key=True),
        sa.Column("digest", sa.String(32), primary_key=True),
        _text("record"),
        _text("cause"),
        _text("raw"),
        _moment("first_seen_at"),
        _text("run"),
    )


def _written() -> None:
    op.create_table(
        "writes",
        sa.Column("id", ROW_ID, primary_key=True),
        _text("unit"),
        _text("run"),
        _text("writer"),
        _text("agenda"),
        sa.Column("document_id", sa.BigInteger, nullable=False),
        _text("number"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("old_amount", sa.BigInteger),
        sa.Column("old_count", sa.BigInteger),
        sa.Column("old_paid", sa.Boolean),
        sa.Column("new_amount", sa.BigInteger, nullable=False),
        sa.Column("new_count", sa.BigInteger, nullable=False),
        sa.Column("new_paid", sa.Boolean, nullable=False),
        _moment("intended_at"),
        _text("outcome"),
        _text("note"),
        _moment("settled_at", nullable=True),
    )
    op.create_index("writes_document", "writes", ["unit", "agenda", "number"])


def _at_work() -> None:
    op.create_table(
        "leases",
        _text("unit", key=True),
        _text("holder"),
        _text("token"),
        sa.Column("beats", sa.BigInteger, nullable=False),
        _moment("taken_at"),
        _moment("expires_at"),
    )
    op.create_table("turns", _text("key", key=True), _moment("granted_at"))
    op.create_table("capabilities", _text("name", key=True), _text("value"), _moment("remembered_at"))
