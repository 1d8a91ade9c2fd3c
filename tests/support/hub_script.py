"""A hub that says true things: what it publishes for the life of jobs on one device, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flashyard.contract.entries import queue_entry, recent_entry
from flashyard.contract.faults import Code, fault
from flashyard.contract.history import JobRecord
from flashyard.contract.limits import Limits
from flashyard.contract.messages import (
    DeviceChanged,
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashQueued,
    FlashResumed,
    FlashStarted,
    HubChanged,
    Report,
)
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.contract.records import (
    CurrentJob,
    Device,
    Hub,
    Job,
    QueueEntry,
    RecentEntry,
)
from flashyard.contract.rollback import Rollback
from flashyard.contract.topics import MANNERS, Kind, Topic

START = 1_703_001_234_000  # Unix ms
TOTAL = 1_000_000


class Published(NamedTuple):
    """One MQTT message as it leaves the hub."""

    topic: Topic
    report: Report

    @property
    def payload(self) -> bytes:
        return self.report.encode()


@dataclass
class HubScript:
    """Each verb moves the world on and returns what the hub publishes for it, event first."""

    hub_id: str = "bench-a"
    device_id: str = "PIXEL6_001"
    device_name: str = "Google Pixel 6"
    session: str = "s1"
    now: int = START
    rev: int = 0
    online: bool = True
    current: Job | None = None
    seqs: dict[str, int] = field(default_factory=dict)
    waiting: list[Job] = field(default_factory=list)
    ended: list[RecentEntry] = field(default_factory=list)

    def presence(
        self, *, online: bool = True, announced: int | None = None, since: int = START
    ) -> Published:
        hub = Hub(
            hub_id=self.hub_id,
            online=online,
            session=self.session,
            since=since,
            version="0.1.0",
            limits=Limits(max_parallel=8),
            announced=announced,
        )
        said = HubChanged(hub_id=self.hub_id, timestamp=self.now, hub=hub)
        return Published(Topic(Kind.PRESENCE, self.hub_id), said)

    def record(self) -> Published:
        self.rev += 1
        current = None
        if self.current is not None:
            seq = self.seqs[self.current.job_id]
            current = CurrentJob(**dict(self.current), seq=seq)
        queue: list[QueueEntry] = [queue_entry(job, self.seqs[job.job_id]) for job in self.waiting]
        device = Device(
            device_id=self.device_id,
            device_name=self.device_name,
            hub_id=self.hub_id,
            session=self.session,
            rev=self.rev,
            serial=self.device_id,
            transport="tcp",
            mode="fastboot",
            online=self.online,
            last_seen=self.now,
            emulated=True,
            slots=("a", "b"),
            current_slot="a",
            partitions={"system_a": 8 << 30, "system_b": 8 << 30},
            current_job=current,
            queue=tuple(queue),
            recent=tuple(self.ended[-16:]),
        )
        said = DeviceChanged(
            device_id=self.device_id, hub_id=self.hub_id, timestamp=self.now, device=device
        )
        return Published(Topic(Kind.DEVICE, self.hub_id, self.device_id), said)

    def queue(self, job_id: str) -> Iterator[Published]:
        job = self._job(job_id).with_(position=len(self.waiting) + 1)
        self.waiting.append(job)
        self.seqs[job_id] = 0
        yield self._event(
            FlashQueued(
                **self._head(job, Phase.QUEUED),
                device_name=self.device_name,
                partition="system",
                position=len(self.waiting),
                total_bytes=TOTAL,
            )
        )
        yield self.record()

    def start(self, job_id: str) -> Iterator[Published]:
        waited = [job for job in self.waiting if job.job_id == job_id]
        self.waiting = [job for job in self.waiting if job.job_id != job_id]
        job = waited[0] if waited else self._job(job_id)
        self.seqs[job_id] = self.seqs.get(job_id, 0) + 1
        self.current = job.with_(
            status=Status.RUNNING,
            phase=Phase.PREPARING,
            stage="Initializing",
            position=None,
            started_at=self.now,
        )
        yield self._event(
            FlashStarted(
                **self._head(self.current, Phase.PREPARING),
                device_name=self.device_name,
                partition="system",
                total_bytes=TOTAL,
            )
        )
        yield self.record()

    def phase(self, phase: Phase, stage: str, done: int) -> Iterator[Published]:
        """Tell a new phase or stage, as an event."""
        self._advance(done, phase, stage)
        yield self._event(self._progress(bump=True))
        yield self.record()

    def sample(self, done: int) -> Published:
        """Tell how far it is, as a sample."""
        assert self.current is not None
        self._advance(done, self.current.phase, self.current.stage)
        return Published(
            Topic(Kind.PROGRESS, self.hub_id, self.device_id), self._progress(bump=False)
        )

    def pause(self) -> Iterator[Published]:
        yield from self._turn(FlashPaused, Status.PAUSED)

    def resume(self) -> Iterator[Published]:
        yield from self._turn(FlashResumed, Status.RUNNING)

    def begin_again(self, stage: str = "Going on") -> Iterator[Published]:
        """Tell that a job that was paused or interrupted is looked at from its beginning."""
        assert self.current is not None
        yield from self.phase(Phase.PREPARING, stage, self.current.bytes_transferred)

    def hold(self, job_id: str) -> Iterator[Published]:
        """Pause a job that waits."""
        yield from self._turn_waiting(job_id, FlashPaused, Status.PAUSED)

    def let_go(self, job_id: str) -> Iterator[Published]:
        """Resume one that was held."""
        yield from self._turn_waiting(job_id, FlashResumed, Status.QUEUED)

    def plan_rollback(self) -> Iterator[Published]:
        """Have the current job one that is rolled back where it fails."""
        assert self.current is not None
        self.current = self.current.with_(rollback=Rollback(kind="slot"))
        yield self.record()

    def complete(self) -> Iterator[Published]:
        self._advance(TOTAL, Phase.FINISHING, "Restarting the device")
        assert self.current is not None
        self.current = self.current.with_(progress=100.0)
        yield self._event(self._progress(bump=True))
        job = self.current.with_(
            status=Status.COMPLETED,
            phase=Phase.COMPLETED,
            verification=Verification.TRANSPORT,
            rollback=self.current.rollback and self.current.rollback.with_(outcome="not_needed"),
        )
        self.seqs[job.job_id] += 1
        yield self._event(
            FlashCompleted(**self._head(job, Phase.COMPLETED), verification=Verification.TRANSPORT)
        )
        yield from self._over(job)

    def fail(
        self,
        code: Code = Code.DEVICE_REFUSED,
        job_id: str | None = None,
        rollback: Rollback | None = None,
    ) -> Iterator[Published]:
        """End a job without success: the current one, or one that waits."""
        cancelled = code is Code.CANCELLED
        phase = Phase.CANCELLED if cancelled else Phase.FAILED
        job = self.current if job_id is None else None
        if job is None:
            job = next(each for each in self.waiting if job_id in {None, each.job_id})
            self.waiting.remove(job)
        else:
            self.current = None
        why = fault(code)
        job = job.with_(
            status=Status(phase.value),
            phase=phase,
            error=why.sentence,
            code=code,
            hint=why.hint,
            position=None,
            rollback=rollback or job.rollback,
        )
        self.seqs[job.job_id] += 1
        yield self._event(
            FlashFailed(
                **self._head(job, phase),
                error=why.sentence,
                code=code,
                hint=why.hint,
                rollback=job.rollback,
            )
        )
        yield from self._over(job)

    def die_and_return(self) -> None:
        """Be a new process that knows nothing of what was going on."""
        self.session = f"s{int(self.session[1:]) + 1}"
        self.rev = 0
        self.current = None
        self.waiting = []
        self.ended = []

    def die_and_go_on(self, safe: int = 0) -> None:
        """Be a new process that found its jobs in its journal, the running one ``safe`` bytes far.

        What was told since its last safe point is sent to the device again.
        """
        self.session = f"s{int(self.session[1:]) + 1}"
        self.rev = 0
        if self.current is None:
            return
        is_paused = self.current.status is Status.PAUSED
        done = min(safe, self.current.bytes_transferred)
        self.current = self.current.with_(
            phase=self.current.phase if is_paused else Phase.PREPARING,
            stage=self.current.stage if is_paused else "Going on",
            bytes_transferred=done,
            progress=min(done * 1000 // TOTAL / 10, 99.9),
            transfer_speed=0,
        )

    def _turn_waiting(
        self, job_id: str, kind: type[FlashPaused | FlashResumed], status: Status
    ) -> Iterator[Published]:
        place = next(n for n, job in enumerate(self.waiting) if job.job_id == job_id)
        self.waiting[place] = job = self.waiting[place].with_(status=status)
        self.seqs[job_id] += 1
        yield self._event(kind(**self._head(job, Phase.QUEUED)))
        yield self.record()

    def _turn(self, kind: type[FlashPaused | FlashResumed], status: Status) -> Iterator[Published]:
        assert self.current is not None
        self.current = self.current.with_(status=status)
        self.seqs[self.current.job_id] += 1
        yield self._event(kind(**self._head(self.current, self.current.phase)))
        yield self.record()

    def _over(self, job: Job) -> Iterator[Published]:
        seq = self.seqs[job.job_id]
        job = job.with_(finished_at=self.now)
        self.current = self.current if self.current and self.current.job_id != job.job_id else None
        self.ended.append(recent_entry(job, seq))
        yield self.record()
        yield Published(
            Topic(Kind.RECORD, self.hub_id),
            JobRecord(
                job_id=job.job_id,
                device_id=self.device_id,
                hub_id=self.hub_id,
                timestamp=self.now,
                seq=seq,
                job=job,
            ),
        )

    def _advance(self, done: int, phase: Phase, stage: str) -> None:
        assert self.current is not None
        done = max(done, self.current.bytes_transferred)
        self.current = self.current.with_(
            phase=phase,
            stage=stage,
            bytes_transferred=done,
            progress=min(done * 1000 // TOTAL / 10, 99.9),
            transfer_speed=20_000_000,
            estimated_time_remaining=(TOTAL - done) // 100_000,
        )

    def _progress(self, *, bump: bool) -> FlashProgress:
        job = self.current
        assert job is not None
        self.seqs[job.job_id] += bump
        return FlashProgress(
            **self._head(job, job.phase),
            progress=job.progress,
            stage=job.stage,
            bytes_transferred=job.bytes_transferred,
            total_bytes=TOTAL,
            transfer_speed=job.transfer_speed,
            estimated_time_remaining=job.estimated_time_remaining,
        )

    def _head(self, job: Job, phase: Phase) -> dict[str, Any]:
        return {
            "job_id": job.job_id,
            "device_id": self.device_id,
            "timestamp": self.now,
            "hub_id": self.hub_id,
            "seq": self.seqs[job.job_id],
            "phase": phase,
        }

    def _event(self, message: Report) -> Published:
        return Published(Topic(Kind.EVENT, self.hub_id, self.device_id), message)

    def _job(self, job_id: str) -> Job:
        return Job(
            job_id=job_id,
            device_id=self.device_id,
            device_name=self.device_name,
            hub_id=self.hub_id,
            partition="system",
            status=Status.QUEUED,
            phase=Phase.QUEUED,
            stage="Queued",
            total_bytes=TOTAL,
            queued_at=self.now,
        )


def is_retained(published: Published) -> bool:
    return MANNERS[published.topic.kind].retain
