"""What the audit trail is told when the history stores how a job ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flashyard.contract.audit import AuditEntry
from flashyard_bridge.history.past import Past, ended_at


def ended(past: Past) -> AuditEntry:
    """Say what came of a job, and who had it started."""
    record, job = past.record, past.record.job
    details = {
        "endedAt": ended_at(job),
        "toldBy": past.told_by if past.told_by == "bridge" else None,
        "verification": job.verification.value,
        "deviceState": job.device_state,
        "rollback": job.rollback and job.rollback.outcome,
    }
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
        details={name: value for name, value in details.items() if value is not None},
    )


def overridden(past: Past, was: Mapping[Any, Any]) -> AuditEntry:
    """Note both ends of a job: the bridge's, which is gone, and the hub's."""
    record, job = past.record, past.record.job
    before = {"endedAt": was["ended_at"], "status": was["status"], "code": was["code"]}
    now = {"endedAt": job.finished_at, "status": job.status, "code": job.code}
    return AuditEntry(
        at=past.recorded_at,
        action="end_overridden",
        job_id=record.job_id,
        device_id=record.device_id,
        hub_id=record.hub_id,
        outcome="noted",
        code=job.code,
        error=job.error,
        details={"before": {**before, "error": was["error"]}, "now": now},
    )
