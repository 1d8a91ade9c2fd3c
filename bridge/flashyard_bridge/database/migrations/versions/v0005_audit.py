"""Who asked for what, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(200), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("device_id", sa.String(64)),
        sa.Column("hub_id", sa.String(40)),
        sa.Column("subject", sa.String(200)),
        sa.Column("outcome", sa.String(200), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("error", sa.String(1000)),
        sa.Column("requester", sa.JSON),
        sa.Column("details", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_age", "audit", ["at"])
    op.create_index("audit_by_job", "audit", ["job_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("audit")
