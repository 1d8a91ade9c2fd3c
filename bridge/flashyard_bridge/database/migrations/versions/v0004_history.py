"""The jobs that ended, for good: what they are found by, and what they add up to."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"

_INDEX_ON_SQLITE = (
    "CREATE VIRTUAL TABLE past_index USING fts5("
    "tokens, tokenize='ascii', content='', detail=none, columnsize=0)"
)
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and give the history its id."""
    _make_jobs()
    _make_index()
    _make_rollups()


def downgrade() -> None:
    """Drop them."""
    if _is_sqlite():
        op.execute("DROP TABLE past_index")
    for table in (
        *("rollups", "kits", "past_texts", "past_logs", "past_steps", "past_jobs"),
        "history",
    ):
        op.drop_table(table)


def _make_jobs() -> None:
    named = op.create_table("history", sa.Column("history_id", sa.String(64), primary_key=True))
    op.bulk_insert(named, [{"history_id": secrets.token_hex(8)}])
    op.create_table(
        "past_jobs",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.String(40), nullable=False, unique=True),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("told_by", sa.String(6), nullable=False),
        sa.Column("hub_id", sa.String(40), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("device_name", sa.String(200), nullable=False),
        sa.Column("serial", sa.String(200)),
        sa.Column("product", sa.String(200)),
        sa.Column("port", sa.String(200)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("error", sa.String(1000)),
        sa.Column("partition", sa.String(40), nullable=False),
        sa.Column("image", sa.String(64)),
        sa.Column("image_name", sa.String(200)),
        sa.Column("verification", sa.String(10), nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("speed", sa.BigInteger, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )
    op.create_index("past_jobs_by_age", "past_jobs", ["ended_at"])
    op.create_table(
        "past_steps",
        _of_job(),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("partition", sa.String(40), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("image", sa.String(64)),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("past_logs", _of_job(), sa.Column("lines", sa.LargeBinary, nullable=False))


def _make_index() -> None:
    op.create_table(
        "past_texts",
        _of_job(),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("traits", ARRAY(sa.BigInteger).with_variant(sa.JSON(), "sqlite")),
    )
    if _is_sqlite():
        op.execute(_INDEX_ON_SQLITE)
        return
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_index(
        "past_texts_by_pieces",
        "past_texts",
        ["text", "traits"],
        postgresql_using="gin",
        postgresql_ops={"text": "gin_trgm_ops"},
        postgresql_with={"gin_pending_list_limit": 2048},
    )
    for name in ("device_id", "hub_id", "port"):
        column = name.removesuffix("_id")
        op.create_index(f"past_jobs_by_{column}", "past_jobs", [name, "ended_at"])


def _make_rollups() -> None:
    op.create_table(
        "kits",
        sa.Column("kit", sa.String(40), primary_key=True),
        sa.Column("partition", sa.String(40), primary_key=True),
    )
    op.create_index("kits_by_partition", "kits", ["partition"])
    op.create_table(
        "rollups",
        sa.Column("view", sa.String(10), primary_key=True),
        sa.Column("days", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("kit", sa.String(40), primary_key=True),
        sa.Column("first_day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hub_id", sa.String(40), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("completed", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("completed_bytes", sa.BigInteger, nullable=False),
        sa.Column("failed_bytes", sa.BigInteger, nullable=False),
        sa.Column("cancelled_bytes", sa.BigInteger, nullable=False),
        sa.Column("durations", sa.LargeBinary, nullable=False),
        sa.Column("speeds", sa.LargeBinary, nullable=False),
        sa.Column("recent", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(200)),
        *(
            sa.CheckConstraint(f"{end}_bytes <= {2**63 - 1}")
            for end in ("completed", "failed", "cancelled")
        ),
        sqlite_with_rowid=False,
        postgresql_with={"fillfactor": 50},
    )


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _of_job() -> sa.Column[int]:
    parent = sa.ForeignKey("past_jobs.number", ondelete="CASCADE")
    return sa.Column("number", _NUMBER, parent, primary_key=True, autoincrement=False)
