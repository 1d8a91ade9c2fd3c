"""A job as its device's record carries it while it waits or after it ended, and back again."""

from __future__ import annotations

from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import MAX_ERROR, CurrentJob, Device, Job, QueueEntry, RecentEntry

QUEUED_STAGE = "Queued"


def queue_entry(job: Job, seq: int) -> QueueEntry:
    """Shorten a waiting job."""
    return QueueEntry(
        job_id=job.job_id,
        seq=seq,
        partition=job.partition,
        total_bytes=job.total_bytes,
        priority=job.priority,
        queued_at=job.queued_at,
        stage=None if job.is_final or job.stage == QUEUED_STAGE else job.stage,
        held=job.status is Status.PAUSED or None,
        not_before=job.not_before,
        bandwidth_limit=job.bandwidth_limit,
        rollback=job.rollback,
        image=job.image,
        device_name=job.device_name,
        attempt=job.attempt,
        retry_of=job.retry_of,
        options=job.options,
    )


def recent_entry(job: Job, seq: int) -> RecentEntry:
    """Shorten an ended job; its error to 200 characters."""
    return RecentEntry(
        **dict(queue_entry(job, seq)),
        status=job.status,
        code=job.code,
        error=job.error and job.error[:MAX_ERROR],
        hint=job.hint,
        device_state=job.device_state,
        verification=job.verification,
        started_at=job.started_at,
        finished_at=job.finished_at or job.queued_at,
        bytes_transferred=job.bytes_transferred,
    )


def waiting_job(device: Device, entry: QueueEntry, position: int) -> Job:
    """Tell a queue entry as a job; ``position`` counts from 1."""
    return Job(
        job_id=entry.job_id,
        device_id=device.device_id,
        device_name=entry.device_name or device.device_name,
        hub_id=device.hub_id,
        partition=entry.partition,
        status=Status.PAUSED if entry.held else Status.QUEUED,
        phase=Phase.QUEUED,
        stage=entry.stage or QUEUED_STAGE,
        total_bytes=entry.total_bytes,
        position=position,
        priority=entry.priority,
        not_before=entry.not_before,
        bandwidth_limit=entry.bandwidth_limit,
        rollback=entry.rollback,
        queued_at=entry.queued_at,
        attempt=entry.attempt,
        retry_of=entry.retry_of,
        image=entry.image,
        options=entry.options,
    )


def ended_job(device: Device, entry: RecentEntry) -> Job:
    """Tell a recent entry as a job."""
    total = entry.total_bytes
    done = entry.status is Status.COMPLETED
    percent = entry.bytes_transferred * 1000 // total / 10 if total else 0.0
    return waiting_job(device, entry, 0).with_(
        status=entry.status,
        phase=Phase(entry.status.value),
        stage=entry.status.value.capitalize(),
        position=None,
        progress=100.0 if done else min(percent, 99.9),
        bytes_transferred=entry.bytes_transferred,
        started_at=entry.started_at,
        finished_at=entry.finished_at,
        verification=entry.verification,
        device_state=entry.device_state,
        error=entry.error,
        code=entry.code,
        hint=entry.hint,
    )


def running_job(current: CurrentJob) -> Job:
    """Tell a device's current job without its seq; the values were validated before."""
    fields = {name: value for name, value in current if name != "seq"}
    return Job.model_construct(**fields)
