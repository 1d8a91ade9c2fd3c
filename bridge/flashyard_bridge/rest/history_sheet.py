"""Ended jobs as the columns of a CSV. They only ever grow at the end."""

from __future__ import annotations

from flashyard.contract.history import PastJob
from flashyard_bridge.history.past import ended_at
from flashyard_bridge.rest.columns import utc, who
from flashyard_bridge.rest.export import Sheet


def _partitions(job: PastJob) -> str:
    return " ".join(step.partition for step in job.steps) or job.partition


SHEET: Sheet[PastJob] = Sheet(
    "flashyard-history",
    {
        "jobId": lambda job: job.job_id,
        "status": lambda job: job.status,
        "endedAt": ended_at,
        "ended": lambda job: utc(ended_at(job)),
        "startedAt": lambda job: job.started_at,
        "started": lambda job: utc(job.started_at),
        "queuedAt": lambda job: job.queued_at,
        "queued": lambda job: utc(job.queued_at),
        "durationMs": lambda job: job.duration_ms,
        "deviceId": lambda job: job.device_id,
        "deviceName": lambda job: job.device_name,
        "serial": lambda job: job.serial,
        "product": lambda job: job.product,
        "emulated": lambda job: job.emulated,
        "hubId": lambda job: job.hub_id,
        "port": lambda job: job.port,
        "partitions": _partitions,
        "imageName": lambda job: job.image and job.image.name,
        "imageSha256": lambda job: job.image and job.image.sha256,
        "imageSize": lambda job: job.image and job.image.size,
        "bytesTransferred": lambda job: job.bytes_transferred,
        "totalBytes": lambda job: job.total_bytes,
        "averageSpeed": lambda job: job.average_speed,
        "verification": lambda job: job.verification,
        "code": lambda job: job.code,
        "error": lambda job: job.error,
        "details": lambda job: job.details,
        "hint": lambda job: job.hint,
        "deviceState": lambda job: job.device_state,
        "rollback": lambda job: job.rollback and job.rollback.kind,
        "rollbackOutcome": lambda job: job.rollback and job.rollback.outcome,
        "attempt": lambda job: job.attempt,
        "retryOf": lambda job: job.retry_of,
        **who(lambda job: job.asked_by),
        "hubVersion": lambda job: job.hub_version,
        "toldBy": lambda job: job.told_by,
        "recordedAt": lambda job: job.recorded_at,
        "recorded": lambda job: utc(job.recorded_at),
    },
)
