"""The table of what completed jobs took, by what they have in common."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table

from flashyard_bridge.database.tables.metadata import METADATA

# One row for each image, product and port: the newest runs there.
LEARNT = Table(
    "learnt",
    METADATA,
    Column("key", String(32), primary_key=True),
    Column("what", String(32), nullable=False),
    Column("manner", String(32), nullable=False),
    Column("product", String(200)),
    Column("place", String(250), nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("pack", JSON, nullable=False),
    Index("learnt_by_what", "what", "product"),
    Index("learnt_by_manner", "manner", "product", "place"),
    Index("learnt_by_age", "last_at"),
)
