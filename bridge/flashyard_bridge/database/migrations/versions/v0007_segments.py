"""Ended jobs column by column, in a table that bridges fill from what is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_COLUMNS = ("texts", "jobs", "shares", "ids")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "past_segments",
        sa.Column("first", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("earliest", sa.BigInteger, nullable=False),
        sa.Column("latest", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in _COLUMNS),
    )
    if op.get_bind().dialect.name == "postgresql":
        # To unpack what the server packs takes longer than to read it as it is.
        for name in _COLUMNS:
            op.execute(f"ALTER TABLE past_segments ALTER {name} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("past_segments")
