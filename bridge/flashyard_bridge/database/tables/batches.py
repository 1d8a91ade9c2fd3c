"""The tables of batches."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from flashyard_bridge.database.tables.asked_by import AskedBy
from flashyard_bridge.database.tables.metadata import METADATA

BATCHES = Table(
    "batches",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("name", String(200)),
    Column("flash", JSON, nullable=False),  # what: the body of a start
    Column("device_bytes", BigInteger, nullable=False),  # content bytes for each device
    Column("max_parallel", Integer),
    Column("max_failures", Integer),
    Column("max_failure_percent", Float),
    Column("status", String(10), nullable=False),
    Column("is_cancelling", Boolean, nullable=False, default=False),
    Column("stopped_because", String(1000)),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("permille", Integer, nullable=False, default=0),  # the most that was told as progress
    Column("idempotency_key", String(200)),
    Column("fingerprint", String(64), nullable=False),  # of the request, to know it again
    Column("asked_by", AskedBy),
    Index("batches_by_age", "created_at", "id"),
    Index("batches_by_status", "status"),
    Index("batches_by_key", "idempotency_key"),
)

# The devices of a batch, in the order in which they are started.
BATCH_ITEMS = Table(
    "batch_items",
    METADATA,
    Column("batch_id", String(40), ForeignKey(BATCHES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("hub_id", String(40), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("device_name", String(200), nullable=False),
    Column("serial", String(200)),
    Column("status", String(10), nullable=False),
    Column("job_id", String(40)),
    Column("bytes", BigInteger, nullable=False, default=0),  # at its end
    Column("tries", Integer, nullable=False, default=0),  # to have its hub take the job
    Column("due_at", BigInteger, nullable=False, default=0),  # the next one
    Column("code", String(40)),
    Column("error", String(1000)),
    Column("hint", String(1000)),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("slow", String(1000)),  # the mark, as JSON
    Index("batch_items_by_job", "job_id"),
)
