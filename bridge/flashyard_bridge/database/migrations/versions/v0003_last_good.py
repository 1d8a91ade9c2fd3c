"""Which image was last written well, and where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "last_good",
        sa.Column("serial", sa.String(200), primary_key=True),
        sa.Column("place", sa.String(200), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("last_good_by_age", "last_good", ["at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("last_good")
