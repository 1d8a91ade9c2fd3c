"""One job as a bridge follows it, and the words a bridge says where it missed the hub's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from flashyard.contract import steps
from flashyard.contract.faults import Code, fault
from flashyard.contract.messages import (
    Event,
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashQueued,
    FlashResumed,
    FlashStarted,
    Message,
)
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job

SILENT_STAGE = "Hub not heard from"


class Frame(NamedTuple):
    """One message to send and its bytes: those that came in, or ours where a bridge made it.

    ``revived``: the job had been given up as ``hub_lost`` and came back; only connections made
    after the first such frame may hear of it.
    """

    message: Message
    payload: bytes
    revived: bool = False

    @classmethod
    def made(cls, message: Message) -> Frame:
        """Encode a message of our own."""
        return cls(message, message.encode())


@dataclass(frozen=True, slots=True)
class Tracked:
    """A job, and how much of its story has been told.

    Attributes:
        job: what REST shows.
        session: the hub session that has the job.
        seq: the last event told, or stood for by a record; -1: none.
        opening: the ``flash_queued`` or ``flash_started`` told last.
        latest: the newest ``flash_progress`` told.
        held: a sample that came before its event.
        full: was the 100 % told?
        recorded: has a device record of this session named the job?
        heard_at: the timestamp of the last event told (Unix ms by the hub's clock).
        ended_by_bridge: the end is ours, not the hub's, whose later word overrides it.
        revived: it was given up and came back.
    """

    job: Job
    session: str
    seq: int = -1
    opening: Frame | None = None
    latest: Frame | None = None
    held: Frame | None = None
    full: bool = False
    recorded: bool = False
    heard_at: int | None = None
    ended_by_bridge: bool = False
    revived: bool = False

    @property
    def is_shown(self) -> bool:
        """Has anything been told of it?"""
        return self.opening is not None

    @property
    def has_begun(self) -> bool:
        """Was ``flash_started`` told?"""
        return self.opening is not None and isinstance(self.opening.message, FlashStarted)

    def replay(self) -> list[Frame]:
        """What a new connection is told of an active job: opening, newest progress, paused."""
        if self.opening is None or self.job.is_final:
            return []
        frames = [self.opening]
        if self.has_begun and self.latest is not None:
            frames.append(self.latest)
        # Also where it has not begun: it is held.
        if self.job.status is Status.PAUSED:
            frames.append(made(self.job, FlashPaused, self.seq))
        return frames

    def last_word(self) -> list[Frame]:
        """Tell a new connection the end of a job whose card it may still show."""
        return [ended(self.job, self.seq)] if self.job.is_final else []


Lifecycle = type[FlashPaused] | type[FlashResumed]


def _head(job: Job, seq: int, at: int, phase: Phase | None = None) -> _Head:
    return _Head(job.job_id, job.device_id, at, job.hub_id, max(seq, 0), phase or job.phase)


class _Head(NamedTuple):
    job_id: str
    device_id: str
    timestamp: int
    hub_id: str
    seq: int
    phase: Phase
    by: Literal["bridge"] = "bridge"


def queued(job: Job) -> Frame:
    """Make the ``flash_queued`` that was missed."""
    return Frame.made(
        FlashQueued(
            **_head(job, 0, job.queued_at, Phase.QUEUED)._asdict(),
            device_name=job.device_name,
            partition=job.partition,
            position=job.position or 0,
            total_bytes=job.total_bytes,
        )
    )


def started(job: Job, seq: int = 1) -> Frame:
    """Make the ``flash_started`` that was missed, with the original time."""
    return Frame.made(
        FlashStarted(
            **_head(job, max(seq, 1), job.started_at or job.queued_at, Phase.PREPARING)._asdict(),
            device_name=job.device_name,
            partition=job.partition,
            total_bytes=job.total_bytes,
        )
    )


def progress(job: Job, seq: int, at: int) -> Frame:
    """Make a ``flash_progress`` of what the job's record says."""
    return Frame.made(
        FlashProgress(
            **_head(job, seq, at)._asdict(),
            progress=job.progress,
            stage=job.stage,
            bytes_transferred=job.bytes_transferred,
            total_bytes=job.total_bytes,
            transfer_speed=job.transfer_speed,
            estimated_time_remaining=job.estimated_time_remaining,
        )
    )


def full(job: Job, seq: int) -> Frame:
    """Make the one 100 % that goes before a completion."""
    done = job.with_(
        phase=Phase.FINISHING,
        progress=100.0,
        bytes_transferred=job.total_bytes,
        transfer_speed=0,
        estimated_time_remaining=0,
    )
    return progress(done, max(seq - 1, 1), job.finished_at or job.queued_at)


def made(job: Job, kind: Lifecycle, seq: int) -> Frame:
    """Make a ``flash_paused`` or ``flash_resumed`` that was missed."""
    return Frame.made(kind(**_head(job, seq, job.started_at or job.queued_at)._asdict()))


def ended(job: Job, seq: int) -> Frame:
    """Make the end a final job had."""
    head = _head(job, seq, job.finished_at or job.queued_at)._asdict()
    if job.status is Status.COMPLETED:
        return Frame.made(FlashCompleted(**head, verification=job.verification))
    rule = fault(job.code or Code.INTERNAL)
    return Frame.made(
        FlashFailed(
            **head,
            error=job.error or rule.sentence,
            code=rule.code,
            hint=job.hint,
            details=job.details,
            device_state=job.device_state,
            rollback=job.rollback,
        )
    )


def told(job: Job, event: Event) -> Job:
    """Fold one event or sample into a job's record; bytes and percent never fall."""
    if isinstance(event, FlashStarted) and job.started_at == event.timestamp:
        return job  # a beginning that is told again says nothing of where the job is now
    job = job.with_(phase=event.phase, lost=None)
    match event:
        case FlashQueued():
            job = job.with_(position=event.position, total_bytes=event.total_bytes)
        case FlashStarted():
            job = job.with_(
                status=Status.RUNNING,
                stage=event.stage,
                position=None,
                started_at=event.timestamp,
                total_bytes=event.total_bytes,
            )
        case FlashProgress():
            job = job.with_(
                stage=event.stage,
                progress=max(event.progress, job.progress),
                bytes_transferred=max(event.bytes_transferred, job.bytes_transferred),
                transfer_speed=event.transfer_speed,
                average_speed=_average(job, event),
                estimated_time_remaining=event.estimated_time_remaining,
            )
        case FlashPaused():
            job = job.with_(status=Status.PAUSED, requested=None, transfer_speed=0)
        case FlashResumed():
            status = Status.RUNNING if job.has_begun else Status.QUEUED
            job = job.with_(status=status, requested=None)
        case FlashCompleted():
            job = _over(job, event.timestamp).with_(
                status=Status.COMPLETED,
                stage="Completed",
                progress=100.0,
                bytes_transferred=job.total_bytes,
                verification=event.verification or job.verification,
                rollback=job.rollback and job.rollback.with_(outcome="not_needed"),
            )
        case FlashFailed():
            cancelled = event.code is Code.CANCELLED
            job = _over(job, event.timestamp).with_(
                status=Status.CANCELLED if cancelled else Status.FAILED,
                stage="Cancelled" if cancelled else "Failed",
                error=event.error,
                code=event.code,
                hint=event.hint,
                details=event.details,
                device_state=event.device_state,
                rollback=event.rollback or job.rollback,
            )
    return _with_steps(job)


def _with_steps(job: Job) -> Job:
    """A message speaks of the whole job: of its only step, too, and of the end of all."""
    if len(job.steps) == 1:
        step = job.steps[0].with_(status=job.status, bytes=job.bytes_transferred)
        return job.with_(steps=(step,))
    return job.with_(steps=steps.ended(job.steps, job.status)) if job.is_final else job


def _over(job: Job, at: int) -> Job:
    return job.with_(
        requested=None,
        position=None,
        finished_at=at,
        transfer_speed=0,
        estimated_time_remaining=0,
    )


def _average(job: Job, event: FlashProgress) -> int:
    """Content bytes per second since the start: the wire's clock is enough for an average."""
    elapsed = event.timestamp - (job.started_at or event.timestamp)
    return max(event.bytes_transferred * 1000 // elapsed, 0) if elapsed > 0 else job.average_speed
