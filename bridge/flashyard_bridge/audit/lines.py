"""The lines of the audit trail, in the caller's transaction: added, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from flashyard.contract.audit import AuditEntry, NumberedEntry
from flashyard.contract.faults import Code
from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.upsert import upsert


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add lines, in their order."""
    load(connection, AUDIT, [_row(entry) for entry in entries])


def append_once(connection: Connection, entries: Mapping[str, AuditEntry]) -> None:
    """Add lines by their marks, of at most 16 characters; one that is there already is left."""
    rows = [{**_row(entry), "mark": mark} for mark, entry in entries.items()]
    once = upsert(connection, AUDIT).on_conflict_do_nothing(index_elements=[AUDIT.c.mark])
    connection.execute(once, rows)


def entry_of(row: RowMapping) -> NumberedEntry:
    """Tell a row as a line."""
    return NumberedEntry(
        number=row["number"],
        at=row["at"],
        action=row["action"],
        requester=row["requester"],
        job_id=row["job_id"],
        device_id=row["device_id"],
        hub_id=row["hub_id"],
        subject=row["subject"],
        outcome=row["outcome"],
        code=row["code"] and Code(row["code"]),
        error=row["error"],
        details=row["details"],
    )


def _row(entry: AuditEntry) -> dict[str, Any]:
    asked = entry.requester
    return {
        "at": entry.at,
        "action": entry.action,
        "job_id": entry.job_id,
        "device_id": entry.device_id,
        "hub_id": entry.hub_id,
        "subject": entry.subject,
        "identity": asked and asked.identity,
        "outcome": entry.outcome,
        "code": entry.code and entry.code.value,
        "error": entry.error,
        "requester": asked,
        "details": entry.details,
    }
