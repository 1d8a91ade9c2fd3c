"""The table of what was last written well where."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    String,
    Table,
)

from flashyard_bridge.database.tables.metadata import METADATA

# The image that was last written well to a place of a device.
LAST_GOOD = Table(
    "last_good",
    METADATA,
    Column("serial", String(200), primary_key=True),
    Column("place", String(200), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("job_id", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("last_good_by_age", "at"),
)
