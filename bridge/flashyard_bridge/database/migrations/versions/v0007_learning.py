"""What completed jobs took, learnt from those already there; and which devices were slow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flashyard_bridge.history.past import record_of
from flashyard_bridge.learning.store import learn

revision = "0007"
down_revision = "0006"

_NEWEST = 20_000  # jobs; older ones would hardly count
_AT_ONCE = 500


def upgrade() -> None:
    """Make the table and fill it, and give devices of batches a mark."""
    op.create_table(
        "learnt",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("manner", sa.String(32), nullable=False),
        sa.Column("product", sa.String(200)),
        sa.Column("place", sa.String(250), nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("pack", sa.JSON, nullable=False),
    )
    op.create_index("learnt_by_what", "learnt", ["what", "product"])
    op.create_index("learnt_by_manner", "learnt", ["manner", "product", "place"])
    op.create_index("learnt_by_age", "learnt", ["last_at"])
    op.add_column("batch_items", sa.Column("slow", sa.String(1000)))
    _look_back(op.get_bind())


def downgrade() -> None:
    """Take both away."""
    op.drop_column("batch_items", "slow")
    op.drop_table("learnt")


def _look_back(connection: sa.Connection) -> None:
    past = sa.table("past_jobs", sa.column("number"), sa.column("status"), sa.column("record"))
    completed = sa.select(past.c.number).where(past.c.status == "completed")
    newest = completed.order_by(past.c.number.desc()).limit(_NEWEST)
    numbers = list(connection.scalars(newest))[::-1]
    for first in range(0, len(numbers), _AT_ONCE):
        some = past.c.number.in_(numbers[first : first + _AT_ONCE])
        records = connection.scalars(sa.select(past.c.record).where(some))
        learn(connection, [record_of(record) for record in records])
