"""What completed jobs took, as it is learnt from now on; and which devices were slow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, and give devices of batches a mark."""
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


def downgrade() -> None:
    """Take both away."""
    op.drop_column("batch_items", "slow")
    op.drop_table("learnt")
