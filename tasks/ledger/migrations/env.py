"""Alembic runs this file, on the connection and in the transaction that `tasks.ledger.opening` has begun."""

from alembic import context

from tasks.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
