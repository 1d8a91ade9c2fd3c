"""The tables of what ended jobs add up to. They hold nothing that the jobs' own rows do not."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
)

from flashyard_bridge.database.tables.metadata import METADATA

# The sets of partitions that jobs write: one that is alone is its own kit.
KITS = Table(
    "kits",
    METADATA,
    Column("kit", String(40), primary_key=True),
    Column("partition", String(40), primary_key=True),
    Index("kits_by_partition", "partition"),
)

# Jobs by the days they ended on, the hub, the kit, and one thing more. ``view`` says which, and
# ``item`` its value, empty where a job has none. Histograms are of completed jobs.
ROLLUPS = Table(
    "rollups",
    METADATA,
    Column("view", String(10), primary_key=True),
    Column("days", SmallInteger, primary_key=True, autoincrement=False),  # that a row is of
    Column("kit", String(40), primary_key=True),
    Column("first_day", Integer, primary_key=True, autoincrement=False),  # since 1970, UTC
    Column("hub_id", String(40), primary_key=True),
    Column("item", String(200), primary_key=True),
    Column("completed", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False),
    Column("completed_bytes", BigInteger, nullable=False),
    Column("failed_bytes", BigInteger, nullable=False),
    Column("cancelled_bytes", BigInteger, nullable=False),
    Column("durations", LargeBinary, nullable=False),
    Column("speeds", LargeBinary, nullable=False),
    Column("recent", LargeBinary, nullable=False),  # what is not in these two yet
    Column("name", String(200)),  # what people called the item last
    # What is more SQLite would go on with as a float: there, too, it is refused.
    *(
        CheckConstraint(f"{end}_bytes <= {2**63 - 1}")
        for end in ("completed", "failed", "cancelled")
    ),
    sqlite_with_rowid=False,  # its rows lie in the order of the key
    postgresql_with={"fillfactor": 50},  # room for what is changed beside what it was
)
