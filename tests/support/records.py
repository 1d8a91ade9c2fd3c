"""Records of jobs that ended, for tests of their history."""

from __future__ import annotations

from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord, Span
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, Job, LogLine
from flashyard_bridge.history.past import Past

ENDED = 1_700_000_000_000  # Unix ms of the first one
IMAGE = ImageRef(sha256="a" * 64, name="system.img", size=1000)


def ended_job(number: int = 0, **changes: Any) -> Job:
    """Make a job that completed; each number is another one, a minute later."""
    at = ENDED + number * 60_000
    job = Job(
        job_id=f"job_1700000000_{number:06d}",
        device_id="UNIT_1",
        device_name="Unit 1",
        hub_id="hub-1",
        partition="system",
        status=Status.COMPLETED,
        phase=Phase.COMPLETED,
        stage="Completed",
        progress=100.0,
        bytes_transferred=1000,
        total_bytes=1000,
        average_speed=100,
        queued_at=at - 20_000,
        started_at=at - 10_000,
        finished_at=at,
        image=IMAGE,
    )
    return job.with_(**changes)


def failed_job(number: int = 0, **changes: Any) -> Job:
    """Make a job that its device refused."""
    said = {"error": "The device refused it.", "code": Code.DEVICE_REFUSED, "progress": 10.0}
    ends = {"status": Status.FAILED, "phase": Phase.FAILED, "stage": "Failed"}
    return ended_job(number, **{**said, **ends, **changes})


def record_of(job: Job, **changes: Any) -> JobRecord:
    """Make the record of a job."""
    return JobRecord(
        job_id=job.job_id,
        device_id=job.device_id,
        hub_id=job.hub_id,
        timestamp=job.finished_at or job.queued_at,
        seq=5,
        job=job,
        port="usb:1-1.2",
        serial=job.device_id,
        product="phone",
        version="1.0",
        spans=(Span(phase=Phase.WRITING, partition="system", at=job.queued_at, duration_ms=9_000),),
        log=(LogLine(at=job.queued_at, text="Started"),),
    ).with_(**changes)


def past_of(job: Job, **changes: Any) -> Past:
    """Make what a bridge stores of a job by its hub's word."""
    fields = {"told_by": "hub", "recorded_at": (job.finished_at or 0) + 500, **changes}
    return Past(record_of(job), **fields)
