"""Who asked for what, and what came of it: a trail that only grows, but at its old end.

A line may be removed once the trail has a line that says so: of the action ``trail_pruned``, with
the number through which it goes in its ``details``. All else is refused, whoever asks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ON_SQLITE = (
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END
    """,
    # REPLACE deletes, and asks no trigger for that.
    """
    CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
    WHEN NEW.number BETWEEN 0 AND (SELECT max(number) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN NOT EXISTS (
      SELECT 1 FROM audit WHERE action = 'trail_pruned' AND number > OLD.number
      AND json_extract(details, '$.through') >= OLD.number
    )
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END
    """,
)
_ON_POSTGRESQL = (
    """
    CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        IF EXISTS (
          SELECT 1 FROM audit WHERE action = 'trail_pruned' AND number > OLD.number
          AND (details ->> 'through')::bigint >= OLD.number
        ) THEN
          RETURN OLD;
        END IF;
      END IF;
      RAISE EXCEPTION 'the audit trail only grows' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_only_grows()
    """,
    """
    CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
    """,
)


def upgrade() -> None:
    """Make the table, have it guarded, and keep who made standing orders and batches."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "audit",
        sa.Column("number", number, sa.Identity(always=True), primary_key=True),
        sa.Column("mark", sa.String(16), unique=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(200), nullable=False),
        sa.Column("job_id", sa.String(40)),
        sa.Column("device_id", sa.String(64)),
        sa.Column("hub_id", sa.String(40)),
        sa.Column("subject", sa.String(200)),
        sa.Column("identity", sa.String(64)),
        sa.Column("outcome", sa.String(200), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("error", sa.String(1000)),
        sa.Column("requester", sa.JSON),
        sa.Column("details", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_age", "audit", ["at"])
    for column in ("job_id", "device_id", "hub_id", "action", "outcome"):
        op.create_index(f"audit_by_{column}", "audit", [column, "number"])
    for column in ("subject", "identity"):  # most lines have none
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"audit_by_{column}",
            "audit",
            [column, "number"],
            sqlite_where=there,
            postgresql_where=there,
        )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _ON_SQLITE if is_sqlite else _ON_POSTGRESQL:
        op.execute(sa.text(statement))
    for table in ("standing_orders", "batches"):
        op.add_column(table, sa.Column("asked_by", sa.JSON))


def downgrade() -> None:
    """Drop all of it."""
    for table in ("standing_orders", "batches"):
        op.drop_column(table, "asked_by")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION audit_only_grows()"))
