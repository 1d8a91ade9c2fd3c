"""The table of the audit trail."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
)

from flashyard_bridge.database.tables.metadata import METADATA

AUDIT = Table(
    "audit",
    METADATA,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("at", BigInteger, nullable=False),
    Column("action", String(200), nullable=False),
    Column("job_id", String(40)),
    Column("device_id", String(64)),
    Column("hub_id", String(40)),
    Column("subject", String(200)),
    Column("outcome", String(200), nullable=False),
    Column("code", String(40)),
    Column("error", String(1000)),
    Column("requester", JSON),
    Column("details", JSON),
    Index("audit_by_age", "at"),
    Index("audit_by_job", "job_id"),
    sqlite_autoincrement=True,  # no number is used twice
)
