"""Run by Alembic for every migration: with whose connection, and to which tables."""

from __future__ import annotations

from alembic import context

from flashyard_bridge.database.tables.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite can; Alembic takes it for one that cannot
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
