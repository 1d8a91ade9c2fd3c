"""The table of the audit trail. Triggers of its migration let it only grow, but at its old end."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    String,
    Table,
    text,
)

from flashyard_bridge.database.tables.asked_by import AskedBy
from flashyard_bridge.database.tables.metadata import METADATA


def _sparse(name: str, column: str) -> Index:
    """Make the index of a column that most lines have nothing in."""
    there = text(f"{column} IS NOT NULL")
    return Index(name, column, "number", sqlite_where=there, postgresql_where=there)


AUDIT = Table(
    "audit",
    METADATA,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(always=True),  # nobody chooses one
        primary_key=True,
    ),
    Column("mark", String(16), unique=True),  # by which a line that is written again is known
    Column("at", BigInteger, nullable=False),
    Column("action", String(200), nullable=False),
    Column("job_id", String(40)),
    Column("device_id", String(64)),
    Column("hub_id", String(40)),
    Column("subject", String(200)),
    Column("identity", String(64)),  # the requester's, to be found by
    Column("outcome", String(200), nullable=False),
    Column("code", String(40)),
    Column("error", String(1000)),
    Column("requester", AskedBy),
    Column("details", JSON(none_as_null=True)),
    Index("audit_by_age", "at"),
    *(Index(f"audit_by_{each}", each, "number") for each in ("job_id", "device_id", "hub_id")),
    *(Index(f"audit_by_{each}", each, "number") for each in ("action", "outcome")),
    *(_sparse(f"audit_by_{each}", each) for each in ("subject", "identity")),
    sqlite_autoincrement=True,  # no number is used twice
)
