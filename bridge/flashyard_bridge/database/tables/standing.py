"""The tables of standing orders."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from flashyard_bridge.database.tables.asked_by import AskedBy
from flashyard_bridge.database.tables.metadata import METADATA

STANDING_ORDERS = Table(
    "standing_orders",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("name", String(200)),
    Column("place", JSON, nullable=False),  # which devices; `where` is a word of SQL
    Column("flash", JSON, nullable=False),  # what: the body of a start
    Column("stop_after_failures", Integer, nullable=False),
    Column("max_devices", Integer),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("flashed", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("failures_in_row", Integer, nullable=False, default=0),
    Column("last_error", String(1000)),
    Column("stopped_because", String(1000)),
    Column("asked_by", AskedBy),  # who made it, or changed it last
)

# What a standing order did with a serial, once it did anything: at most one row each.
STANDING_MARKS = Table(
    "standing_marks",
    METADATA,
    Column(
        "order_id",
        String(40),
        ForeignKey(STANDING_ORDERS.c.id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("serial", String(200), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("job_id", String(40)),
    Column("hub_id", String(40), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("session", String(64), nullable=False),  # the hub's, when the device was last seen
    Column("unplugged", Boolean, nullable=False, default=False),  # since it failed
    Column("tries", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("code", String(40)),
    Column("error", String(1000)),
    Index("standing_marks_by_age", "order_id", "at"),
    Index("standing_marks_by_state", "order_id", "state"),
)
