"""The tables of jobs that ended, and of which history this is."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from flashyard_bridge.database.tables.metadata import METADATA

# Given by whoever stores; SQLite looks up a row by it only under this name of the type.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# One row: what hubs are told of the history they report to.
HISTORY = Table("history", METADATA, Column("history_id", String(64), primary_key=True))

# What a job is looked for by; all else of its record is in `record`, but for its log.
PAST_JOBS = Table(
    "past_jobs",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("job_id", String(40), nullable=False, unique=True),
    Column("ended_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("told_by", String(6), nullable=False),
    Column("hub_id", String(40), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("device_name", String(200), nullable=False),
    Column("serial", String(200)),
    Column("product", String(200)),
    Column("port", String(200)),
    Column("status", String(10), nullable=False),
    Column("code", String(40)),
    Column("error", String(1000)),
    Column("partition", String(40), nullable=False),  # the first, of several
    Column("image", String(64)),
    Column("image_name", String(200)),
    Column("verification", String(10), nullable=False),
    Column("duration_ms", BigInteger),  # NULL: it never began
    Column("bytes", BigInteger, nullable=False),
    Column("speed", BigInteger, nullable=False),  # bytes per second, on average
    Column("record", LargeBinary, nullable=False),
    # Jobs of the same millisecond are few: databases sort them by their id as they are read.
    Index("past_jobs_by_age", "ended_at"),
    # What was frequent once, and is not any more, is found by these; SQLite's `past_index` knows.
    Index("past_jobs_by_device", "device_id", "ended_at").ddl_if(dialect="postgresql"),
    Index("past_jobs_by_hub", "hub_id", "ended_at").ddl_if(dialect="postgresql"),
    Index("past_jobs_by_port", "port", "ended_at").ddl_if(dialect="postgresql"),
)

PAST_STEPS = Table(
    "past_steps",
    METADATA,
    Column(
        "number",
        _NUMBER,
        ForeignKey(PAST_JOBS.c.number, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("place", Integer, primary_key=True),  # in the job, from 0
    Column("partition", String(40), nullable=False),
    Column("status", String(10), nullable=False),
    Column("image", String(64)),
    Column("bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # its rows lie in the order of the key
)

# What a job is found by, beside its time. In PostgreSQL an index lies over it; SQLite's is a table
# of its own, `past_index`, and has the traits.
PAST_TEXTS = Table(
    "past_texts",
    METADATA,
    Column(
        "number",
        _NUMBER,
        ForeignKey(PAST_JOBS.c.number, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("ended_at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("traits", ARRAY(BigInteger).with_variant(JSON(none_as_null=True), "sqlite")),
    Index(
        "past_texts_by_pieces",
        "text",
        "traits",
        postgresql_using="gin",
        postgresql_ops={"text": "gin_trgm_ops"},
        # What is new is gone through one by one until it is sorted in: never much.
        postgresql_with={"gin_pending_list_limit": 2048},  # KiB
    ).ddl_if(dialect="postgresql"),
)
PAST_LOGS = Table(
    "past_logs",
    METADATA,
    Column(
        "number",
        _NUMBER,
        ForeignKey(PAST_JOBS.c.number, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("lines", LargeBinary, nullable=False),
)
