"""What ended jobs are found by, made of those that are there already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from flashyard_bridge.history.finding import entry, index, sqlite

revision = "0008"
down_revision = "0007"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_AT_ONCE = 500  # jobs


def upgrade() -> None:
    """Make the table and its index, and fill them."""
    parent = sa.ForeignKey("past_jobs.number", ondelete="CASCADE")
    op.create_table(
        "past_texts",
        sa.Column("number", _NUMBER, parent, primary_key=True, autoincrement=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("traits", ARRAY(sa.BigInteger).with_variant(sa.JSON(), "sqlite")),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(sqlite.CREATE)
        _fill(connection)
    else:
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        _fill(connection)
        op.create_index(  # sorting all at once is faster
            "past_texts_by_pieces",
            "past_texts",
            ["text", "traits"],
            postgresql_using="gin",
            postgresql_ops={"text": "gin_trgm_ops"},
            postgresql_with={"gin_pending_list_limit": 512},
        )


def downgrade() -> None:
    """Drop them; the jobs' own rows have it all."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sqlite.DROP)
    op.drop_table("past_texts")


def _fill(connection: sa.Connection) -> None:
    past = sa.table("past_jobs", sa.column("number"))
    after = -1
    while True:
        some = sa.select(past.c.number).where(past.c.number > after).order_by(past.c.number)
        numbers = list(connection.scalars(some.limit(_AT_ONCE)))
        if not numbers:
            return
        index(connection, entry.entries_of(connection, numbers))
        after = numbers[-1]
