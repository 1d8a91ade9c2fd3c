"""Standing orders, and what they did with which serial."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "standing_orders",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(200)),
        sa.Column("place", sa.JSON, nullable=False),
        sa.Column("flash", sa.JSON, nullable=False),
        sa.Column("stop_after_failures", sa.Integer, nullable=False),
        sa.Column("max_devices", sa.Integer),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("flashed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("failures_in_row", sa.Integer, nullable=False),
        sa.Column("last_error", sa.String(1000)),
        sa.Column("stopped_because", sa.String(1000)),
    )
    op.create_table(
        "standing_marks",
        sa.Column(
            "order_id",
            sa.String(40),
            sa.ForeignKey("standing_orders.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("serial", sa.String(200), primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("hub_id", sa.String(40), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("unplugged", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("error", sa.String(1000)),
    )
    op.create_index("standing_marks_by_age", "standing_marks", ["order_id", "at"])
    op.create_index("standing_marks_by_state", "standing_marks", ["order_id", "state"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("standing_marks")
    op.drop_table("standing_orders")
