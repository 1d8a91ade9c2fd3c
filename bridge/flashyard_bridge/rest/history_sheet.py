"""Ended jobs as the columns of a CSV. They only ever grow at the end."""

from __future__ import annotations

from collections.abc import Callable

from flashyard.contract.history import PastJob
from flashyard.contract.requester import Requester
from flashyard.moment import moment_of
from flashyard_bridge.rest.export import Sheet

Cell = Callable[[PastJob], object]


def _asked(name: str) -> Cell:
    """Tell something of who asked."""

    def cell(job: PastJob) -> object:
        asked: Requester | None = job.asked_by
        return asked and getattr(asked, name)

    return cell


def _utc(millis: int | None) -> str | None:
    if millis is None:
        return None
    return moment_of(millis).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _partitions(job: PastJob) -> str:
    return " ".join(step.partition for step in job.steps) or job.partition


SHEET: Sheet[PastJob] = Sheet(
    "flashyard-history",
    {
        "jobId": lambda job: job.job_id,
        "status": lambda job: job.status,
        "endedAt": lambda job: job.finished_at or job.queued_at,
        "ended": lambda job: _utc(job.finished_at or job.queued_at),
        "startedAt": lambda job: job.started_at,
        "started": lambda job: _utc(job.started_at),
        "queuedAt": lambda job: job.queued_at,
        "queued": lambda job: _utc(job.queued_at),
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
        "identity": _asked("identity"),
        "user": _asked("user"),
        "address": _asked("address"),
        "agent": _asked("agent"),
        "onBehalf": _asked("on_behalf"),
        "hubVersion": lambda job: job.hub_version,
        "toldBy": lambda job: job.told_by,
        "recordedAt": lambda job: job.recorded_at,
        "recorded": lambda job: _utc(job.recorded_at),
    },
)
