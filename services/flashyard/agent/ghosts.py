"""What an earlier run of this hub left in the broker, and the end of the jobs that died with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from flashyard.agent.clock import Clock
from flashyard.contract.entries import recent_entry, running_job, waiting_job
from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import FlashFailed
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import MAX_RECENT, Device, Job, RecentEntry

UNTOUCHED = "untouched"
_UNKNOWN = "unknown, may be partly written"
_AGAIN = "Start it again."
_BEFORE_TOUCHING = frozenset({Phase.QUEUED, Phase.PREPARING, Phase.IDENTIFYING})


class Lost(NamedTuple):
    """A job that died with its hub, as it is told now: the event, and the record to follow."""

    event: FlashFailed
    record: JobRecord


class Ghost(NamedTuple):
    """A device's old record; ``recent`` has its jobs that ended, the lost ones among them."""

    device: Device
    recent: tuple[RecentEntry, ...]
    lost: tuple[Lost, ...]


def raise_ghost(device: Device, clock: Clock, is_known: Callable[[str], bool]) -> Ghost:
    """Read an old record: what ran or waited then, and nobody knows now, was interrupted."""
    lost = tuple(
        lost_job(job, seq, clock) for job, seq in _active(device) if not is_known(job.job_id)
    )
    entries = [recent_entry(each.record.job, each.record.seq) for each in lost]
    return Ghost(device, (*device.recent, *entries)[-MAX_RECENT:], lost)


def _active(device: Device) -> Iterator[tuple[Job, int]]:
    if device.current_job is not None:
        yield running_job(device.current_job), device.current_job.seq
    for position, entry in enumerate(device.queue, 1):
        yield waiting_job(device, entry, position), entry.seq


def interrupted(phase: Phase) -> Fault:
    """Word it by how far the job was: the fault's own hint is for a device that was touched."""
    if phase is Phase.QUEUED:
        sentence = "The hub stopped while the job waited."
        return fault(Code.INTERRUPTED, sentence, hint=_AGAIN)
    return fault(Code.INTERRUPTED, hint=_AGAIN if phase in _BEFORE_TOUCHING else None)


def lost_job(job: Job, seq: int, clock: Clock) -> Lost:
    """Make the end of a job that nobody can go on with; ``seq``: of its last event."""
    why = interrupted(job.phase)
    at = clock.stamp()
    state = UNTOUCHED if job.phase in _BEFORE_TOUCHING else _UNKNOWN
    job = job.with_(
        status=Status.FAILED,
        phase=Phase.FAILED,
        stage="Failed",
        requested=None,
        position=None,
        transfer_speed=0,
        estimated_time_remaining=0,
        finished_at=at,
        error=why.sentence,
        code=why.code,
        hint=why.hint,
        device_state=state,
    )
    event = FlashFailed(
        job_id=job.job_id,
        device_id=job.device_id,
        timestamp=at,
        hub_id=job.hub_id,
        seq=seq + 1,
        phase=Phase.FAILED,
        error=why.sentence,
        code=why.code,
        hint=why.hint,
        device_state=state,
    )
    record = JobRecord(
        job_id=job.job_id,
        device_id=job.device_id,
        hub_id=job.hub_id,
        timestamp=at,
        seq=seq + 1,
        job=job,
    )
    return Lost(event, record)
