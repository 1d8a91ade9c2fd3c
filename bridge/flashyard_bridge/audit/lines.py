"""The lines of the audit trail, in the caller's transaction: added, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.database.tables.audit import AUDIT

_AS_JSON = {"requester", "details"}


def append(connection: Connection, entries: Sequence[AuditEntry]) -> None:
    """Add lines, in their order."""
    if entries:
        connection.execute(insert(AUDIT), [_row(entry) for entry in entries])


def _row(entry: AuditEntry) -> dict[str, Any]:
    row = {name: value for name, value in entry if name not in _AS_JSON}
    asked = entry.requester
    row["requester"] = (
        asked.model_dump(mode="json", by_alias=True, exclude_none=True) if asked else None
    )
    row["details"] = entry.details
    return row
