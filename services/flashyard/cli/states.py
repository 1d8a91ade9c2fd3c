"""What a job or a device is doing, in a word or two. Pure."""

from __future__ import annotations

from flashyard.contract.entries import QUEUED_STAGE
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Device, Job

_ASKED = {"cancel": "cancelling", "pause": "pausing", "resume": "resuming"}


def state_of(job: Job) -> str:
    """Tell what it does now, or is about to; of one that has not begun why it has not."""
    if job.lost:
        return "silent"  # its hub is not heard from
    if job.requested and not job.is_final:
        return _ASKED[job.requested]
    if job.status is Status.PAUSED:
        return "paused" if job.has_begun else "on hold"
    is_waiting = job.status is Status.QUEUED and reason_of(job)
    return "waiting" if is_waiting else job.phase.replace("_", " ")


def reason_of(job: Job) -> str:
    """Tell what it waits for, where that is not simply its turn, or does beside taking bytes."""
    if job.lost:
        return ""
    if job.status is Status.RUNNING:
        is_taking = job.phase is Phase.WRITING and job.transfer_speed > 0
        return "" if is_taking else job.stage
    waits = job.status is Status.QUEUED and job.position is not None
    return job.stage if waits and job.stage != QUEUED_STAGE else ""


def presence_of(device: Device) -> str:
    """Tell whether it is there, and may be flashed."""
    if not device.online:
        return "offline"
    return "online" if device.quarantine is None else "quarantined"
