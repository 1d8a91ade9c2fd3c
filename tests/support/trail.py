"""Lines of the audit trail, for tests: made, and read as the database has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from flashyard.contract.audit import AuditEntry, NumberedEntry
from flashyard_bridge.audit import reading
from flashyard_bridge.database.database import Database


def line(number: int = 0, **changes: Any) -> AuditEntry:
    """Make a line; each number is another one, a second later."""
    fields = {"at": 1_700_000_000_000 + number * 1000, "action": "cancel", "outcome": "accepted"}
    return AuditEntry(**{**fields, **changes})


async def lines_in(database: Database, **sought: Any) -> Sequence[NumberedEntry]:
    """Read the lines, the oldest first."""
    wanted = reading.Sought(**sought)
    found = await database.read(lambda c: reading.page(c, wanted, limit=100_000))
    return found[::-1]


async def take_away(database: Database) -> None:
    """Have nothing that is to be written find its table."""
    await database.write(lambda c: _rename(c, "audit", "elsewhere"))


async def bring_back(database: Database) -> None:
    await database.write(lambda c: _rename(c, "elsewhere", "audit"))


def _rename(connection: Connection, old: str, new: str) -> None:
    connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
