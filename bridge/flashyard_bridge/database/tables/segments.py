"""The table of ended jobs column by column."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from flashyard_bridge.database.tables.metadata import METADATA

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# A row has the jobs from one number to another; `ids` is read only where words are looked for, and
# lies behind all else.
PAST_SEGMENTS = Table(
    "past_segments",
    METADATA,
    Column("first", _NUMBER, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("earliest", BigInteger, nullable=False),  # when the first of them ended, and the last
    Column("latest", BigInteger, nullable=False),
    Column("texts", LargeBinary, nullable=False),
    Column("jobs", LargeBinary, nullable=False),
    Column("shares", LargeBinary, nullable=False),
    Column("ids", LargeBinary, nullable=False),
)
