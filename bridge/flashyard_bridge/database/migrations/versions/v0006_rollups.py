"""What ended jobs add up to, with those that are there already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from flashyard_bridge.history.statistics import rollups

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables, and add up what there is."""
    op.create_table(
        "kits",
        sa.Column("kit", sa.String(40), primary_key=True),
        sa.Column("partition", sa.String(40), primary_key=True),
    )
    op.create_index("kits_by_partition", "kits", ["partition"])
    op.create_table(
        "rollups",
        sa.Column("view", sa.String(10), primary_key=True),
        sa.Column("days", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("first_day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hub_id", sa.String(40), primary_key=True),
        sa.Column("kit", sa.String(40), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("completed_bytes", sa.BigInteger, nullable=False),
        sa.Column("failed_bytes", sa.BigInteger, nullable=False),
        sa.Column("cancelled_bytes", sa.BigInteger, nullable=False),
        sa.Column("durations", sa.LargeBinary, nullable=False),
        sa.Column("speeds", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(200)),
        sqlite_with_rowid=False,
    )
    rollups.fill(op.get_bind())


def downgrade() -> None:
    """Drop them; the jobs' own rows have it all."""
    op.drop_table("rollups")
    op.drop_table("kits")
