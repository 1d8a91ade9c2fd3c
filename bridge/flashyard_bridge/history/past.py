"""A job's record on its way into the history, as rows of its tables, and back as REST shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping

from flashyard.contract.history import JobRecord, PastJob, Teller
from flashyard.contract.records import Job, LogLine
from flashyard.moment import LAST
from flashyard_bridge.history.packing import pack, unpack
from flashyard_bridge.history.sought import storable


@dataclass(frozen=True, slots=True)
class Past:
    """A record, and whose word it is; ``recorded_at``: Unix ms by the bridge's clock."""

    record: JobRecord
    told_by: Teller
    recorded_at: int


def row_of(past: Past) -> dict[str, Any]:
    """Make the row of `past_jobs`, but for its number."""
    record, job = past.record, past.record.job
    return {
        "job_id": job.job_id,
        "ended_at": ended_at(job),
        "recorded_at": past.recorded_at,
        "told_by": past.told_by,
        "hub_id": job.hub_id,
        "device_id": job.device_id,
        "device_name": job.device_name,
        "serial": record.serial,
        "product": record.product,
        # By it jobs are counted: so it is the same everywhere.
        "port": record.port and storable(record.port),
        "status": job.status.value,
        "code": job.code.value if job.code else None,
        "error": job.error,
        "partition": steps_of(job)[0]["partition"],
        "image": job.image.sha256 if job.image else None,
        "image_name": job.image.name if job.image else None,
        "verification": job.verification.value,
        "duration_ms": duration_ms(job),
        "bytes": job.bytes_transferred,
        "speed": job.average_speed,
        "record": pack(record.with_(log=()).encode()),
    }


def steps_of(job: Job) -> list[dict[str, Any]]:
    """Make a job's rows of `past_steps`, but for its number; one for a job that names none."""
    image = job.image.sha256 if job.image else None
    whole = [(job.partition, job.status, image, job.bytes_transferred)]
    steps = [(s.partition, s.status, s.image or image, s.bytes) for s in job.steps] or whole
    return [
        {
            "place": place,
            "partition": partition,
            "status": status.value,
            "image": sha256,
            "bytes": written,
        }
        for place, (partition, status, sha256, written) in enumerate(steps)
    ]


def log_of(lines: Sequence[LogLine]) -> bytes:
    """Pack a job's log."""
    return pack(b"\n".join(line.encode() for line in lines))


def lines_of(packed: bytes) -> list[LogLine]:
    """Unpack a job's log."""
    text = unpack(packed)
    return [LogLine.decode(line) for line in text.split(b"\n")] if text else []


def record_of(packed: bytes) -> JobRecord:
    """Unpack a job's record, which has no log in it."""
    return JobRecord.decode(unpack(packed))


def past_job(row: RowMapping) -> PastJob:
    """Tell a row of `past_jobs` as REST shows it."""
    record = record_of(row["record"])
    return PastJob(
        **dict(record.job),
        told_by=row["told_by"],
        recorded_at=row["recorded_at"],
        duration_ms=row["duration_ms"],
        port=record.port,
        serial=record.serial,
        product=record.product,
        emulated=record.emulated,
        hub_version=record.version,
        asked_by=record.asked_by,
        spans=record.spans,
        mishaps=record.mishaps,
    )


def ended_at(job: Job) -> int:
    """When a job ended, in Unix ms by its hub's clock, which may be beyond all calendars."""
    return min(job.finished_at or job.queued_at, LAST)


def duration_ms(job: Job) -> int | None:
    """How long a job took, pauses included; None: it never began."""
    if job.started_at is None:
        return None
    return max(ended_at(job) - job.started_at, 0)
