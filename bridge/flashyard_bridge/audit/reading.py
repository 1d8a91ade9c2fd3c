"""What is looked for in the audit trail, and a page of it, the newest first. Plain transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from flashyard.contract.audit import NumberedEntry
from flashyard_bridge.audit.lines import entry_of
from flashyard_bridge.database.tables.audit import AUDIT

_EQUAL = (
    "job_id",
    "device_id",
    "hub_id",
    "subject",
    "action",
    "identity",
    "outcome",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which lines are meant: all that is said must fit. ``since`` ≤ Unix ms < ``until``."""

    job_id: str | None = None
    device_id: str | None = None
    hub_id: str | None = None
    subject: str | None = None
    action: str | None = None
    identity: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """Say it in the database's words."""
        said = [(AUDIT.c[name], getattr(self, name)) for name in _EQUAL]
        clauses: list[ColumnElement[bool]] = [
            column == value for column, value in said if value is not None
        ]
        if self.since is not None:
            clauses.append(AUDIT.c.at >= self.since)
        if self.until is not None:
            clauses.append(AUDIT.c.at < self.until)
        return clauses


def page(
    connection: Connection, sought: Sought, *, limit: int, before: int | None = None
) -> Sequence[NumberedEntry]:
    """List the newest lines, of those with a number below ``before``."""
    query = select(AUDIT).where(*sought.clauses()).order_by(AUDIT.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.number < before)
    return [entry_of(row) for row in connection.execute(query).mappings()]
