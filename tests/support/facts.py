"""A device and a job with nothing remarkable about them but what a test says."""

from __future__ import annotations

from typing import Any

from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Device, Job

START = 1_703_001_234_000  # Unix ms


def a_device(device_id: str = "PIXEL6_001", **facts: Any) -> Device:
    told = {
        "device_name": "Google Pixel 6",
        "hub_id": "bench-a",
        "session": "s1",
        "rev": 1,
        "transport": "tcp",
        "mode": "fastboot",
        "online": True,
        "last_seen": START,
        "emulated": True,
        **facts,
    }
    return Device(device_id=device_id, **told)


def a_job(job_id: str = "job_1703001234_abc123", **facts: Any) -> Job:
    """A job that runs; ``status`` alone also sets the phase of one that does not."""
    status = Status(facts.pop("status", Status.RUNNING))
    phase = Phase.WRITING if status in {Status.RUNNING, Status.PAUSED} else Phase(status.value)
    told = {
        "device_id": "PIXEL6_001",
        "device_name": "Google Pixel 6",
        "hub_id": "bench-a",
        "partition": "system",
        "phase": phase,
        "stage": "Flashing system partition",
        "total_bytes": 1_000_000,
        "queued_at": START,
        "started_at": START,
        **facts,
    }
    return Job(job_id=job_id, status=status, **told)
