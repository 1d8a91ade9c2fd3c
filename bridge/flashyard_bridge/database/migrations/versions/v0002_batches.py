"""Batches, and how far each has come with which device."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "batches",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(200)),
        sa.Column("flash", sa.JSON, nullable=False),
        sa.Column("device_bytes", sa.BigInteger, nullable=False),
        sa.Column("max_parallel", sa.Integer),
        sa.Column("max_failures", sa.Integer),
        sa.Column("max_failure_percent", sa.Float),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("is_cancelling", sa.Boolean, nullable=False),
        sa.Column("stopped_because", sa.String(1000)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("permille", sa.Integer, nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
    )
    op.create_index("batches_by_age", "batches", ["created_at", "id"])
    op.create_index("batches_by_status", "batches", ["status"])
    op.create_index("batches_by_key", "batches", ["idempotency_key"])
    op.create_table(
        "batch_items",
        sa.Column(
            "batch_id",
            sa.String(40),
            sa.ForeignKey("batches.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hub_id", sa.String(40), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("device_name", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(200)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("error", sa.String(1000)),
        sa.Column("hint", sa.String(1000)),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
    )
    op.create_index("batch_items_by_job", "batch_items", ["job_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("batch_items")
    op.drop_table("batches")
