"""What an earlier run of this hub left in the broker, and the end of the jobs that died with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from flashyard.agent.clock import Clock
from flashyard.agent.ending import last_line, over, words_of
from flashyard.agent.records.course import Course, Subject
from flashyard.agent.records.record import record_of
from flashyard.contract.entries import recent_entry, running_job, waiting_job
from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import FlashFailed
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import MAX_RECENT, Device, Job, RecentEntry
from flashyard.contract.requester import Requester

UNTOUCHED = "untouched"
_UNKNOWN = "unknown, may be partly written"
_AGAIN = "Start it again."
_BEFORE_TOUCHING = frozenset({Phase.QUEUED, Phase.PREPARING, Phase.IDENTIFYING})


class Lost(NamedTuple):
    """A job that died with its hub, as it is told now: the event, and the record to follow."""

    event: FlashFailed
    record: JobRecord

    @property
    def entry(self) -> RecentEntry:
        """The job as its device's record carries it now."""
        return recent_entry(self.record.job, self.record.seq)


class Ghost(NamedTuple):
    """A device's old record; ``recent`` has its jobs that ended, the lost ones among them."""

    device: Device
    recent: tuple[RecentEntry, ...]
    lost: tuple[Lost, ...]


def raise_ghost(device: Device, clock: Clock, is_known: Callable[[str], bool]) -> Ghost:
    """Read an old record: what ran or waited then, and nobody knows now, was interrupted."""
    lost = tuple(
        lost_job(job, seq, _course(device, clock), clock)
        for job, seq in _active(device)
        if not is_known(job.job_id)
    )
    return Ghost(device, (*device.recent, *(each.entry for each in lost))[-MAX_RECENT:], lost)


def _course(device: Device, clock: Clock) -> Course:
    """Gather what a device's record tells of the way of its jobs: where they went."""
    course = Course(clock)
    course.went_to(
        Subject(
            port=device.port,
            serial=device.serial,
            product=device.product,
            emulated=device.emulated,
        )
    )
    return course


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


def lost_job(
    job: Job, seq: int, course: Course, clock: Clock, asked_by: Requester | None = None
) -> Lost:
    """Make the end of a job that nobody can go on with; ``seq``: of its last event."""
    why = interrupted(job.phase)
    at = clock.stamp()
    said = words_of(why, UNTOUCHED if job.phase in _BEFORE_TOUCHING else _UNKNOWN)
    course.ended_by(why, job.phase)
    course.lines.add(last_line(Status.FAILED, said))
    job = over(job, Status.FAILED, at, **said)
    event = FlashFailed(
        job_id=job.job_id,
        device_id=job.device_id,
        timestamp=at,
        hub_id=job.hub_id,
        seq=seq + 1,
        phase=Phase.FAILED,
        **said,
    )
    return Lost(event, record_of(job, seq + 1, at, course, asked_by))
