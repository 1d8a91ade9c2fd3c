"""What the audit trail is told when the history stores how a job ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.history.past import Past, ended_at

_BEFORE = {"endedAt": "ended_at", "status": "status", "code": "code", "error": "error"}


def ended(past: Past) -> AuditEntry:
    """Say what came of a job, and who had it started."""
    record, job = past.record, past.record.job
    return AuditEntry(
        at=past.recorded_at,
        action="job_ended",
        requester=record.asked_by,
        job_id=record.job_id,
        device_id=record.device_id,
        hub_id=record.hub_id,
        outcome=job.status.value,
        code=job.code,
        error=job.error,
        details=_details(past),
    )


def overridden(past: Past, was: Mapping[Any, Any]) -> AuditEntry:
    """Note both ends of a job: the bridge's, which is gone, and the hub's."""
    record, job = past.record, past.record.job
    before = {name: was[column] for name, column in _BEFORE.items()}
    now = {"status": job.status, "code": job.code, **_details(past)}
    return AuditEntry(
        at=past.recorded_at,
        action="end_overridden",
        requester=record.asked_by,
        job_id=record.job_id,
        device_id=record.device_id,
        hub_id=record.hub_id,
        outcome=job.status.value,
        code=job.code,
        error=job.error,
        details={"before": before, "now": now},
    )


def _details(past: Past) -> dict[str, Any]:
    """What a line has no fields for, as far as it is known."""
    job = past.record.job
    details = {
        "endedAt": ended_at(job),
        "toldBy": past.told_by if past.told_by == "bridge" else None,
        "verification": job.verification.value,
        "deviceState": job.device_state,
        "rollback": job.rollback and job.rollback.outcome,
    }
    return {name: value for name, value in details.items() if value is not None}
