"""One job as this hub tells it: its record, and every word said of it, numbered and in order.

The only place where a job's phase moves. It refuses to know when something is to be said; it sees
to it that percent never falls and that the end is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from flashyard.agent.ending import last_line, over, short, words_of
from flashyard.agent.newcomer import images_of, newcomer
from flashyard.agent.prospect import untaken
from flashyard.agent.queueing.turns import Turn
from flashyard.agent.records.course import Course, Noted
from flashyard.agent.records.record import record_of
from flashyard.agent.tally import partition_of, tallied
from flashyard.agent.telling import Hold, Teller, head, progress
from flashyard.contract.entries import QUEUED_STAGE, queue_entry, recent_entry
from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    Event,
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashQueued,
    FlashResumed,
    FlashStarted,
)
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Phase, Status, move, status_of
from flashyard.contract.records import CurrentJob, Job, QueueEntry, RecentEntry
from flashyard.contract.rollback import Outcome
from flashyard.flash.running.aftermath import in_words
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.meter import Reading
from flashyard.flash.running.run import Run, Where

_INITIALIZING = "Initializing"


class Story:
    """The story of one job.

    Args:
        order: what is asked.
        device_name: what people call the device.
        teller: what it is told with.
        turn: its place among those that wait.
        keep: has the story written down as it is now; called before each word of it.
        changed: called after each, when the device's record is due.

    Attributes:
        order: what was asked.
        turn: its place among those that wait.
        job: the job as REST shows it.
        seq: the number of the last event told; -1 before the first.
        mark: where its run stood last; None: there is nothing to go on from.
        doom: how it ends, once it was taken back; None: that is open.
        course: what happened to it on its way, the job's log with it.
    """

    def __init__(
        self,
        order: StartOrder,
        device_name: str,
        teller: Teller,
        turn: Turn,
        *,
        keep: Callable[[Story], None],
        changed: Callable[[Story], None],
    ) -> None:
        self.order = order
        self.turn = turn
        self.seq = -1
        self.mark: Mark | None = None
        self.doom: Fault | None = None
        self.course = Course(teller.clock)
        self._teller = teller
        self._keep = keep
        self._changed = changed
        self._logged = 0
        self._told_at = 0  # the newest timestamp told
        self._hold = Hold(teller.clock)
        self._images = images_of(order)
        at = teller.clock.stamp()
        self.job = newcomer(order, device_name, teller.hub_id, turn.priority, at)

    def take_over(
        self, job: Job, seq: int, mark: Mark | None, course: Iterable[Noted] = ()
    ) -> None:
        """Go on with what an earlier run of the hub had told."""
        # A safe point is newer than the last event, and so is what the device had taken by then.
        taken = max(job.bytes_transferred, sum(mark.bytes) if mark else 0)
        self.job, self.seq, self.mark = job.with_(bytes_transferred=taken), seq, mark
        self.course.restore(course)
        self._logged = self.course.lines.count
        self._hold.take()
        if job.status is Status.RUNNING:
            self.course.met(fault(Code.INTERRUPTED), mark.phase if mark else job.phase)
        elif job.status is Status.QUEUED:
            self.course.enters(Phase.QUEUED)
        self._log("The hub was restarted")

    @property
    def left_behind(self) -> str:
        """What its run has left on the device, while none is at work."""
        return in_words(self.mark.left if self.mark else {})

    def queued(self, position: int) -> None:
        """Tell that the job has to wait; ``position`` counts from 1."""
        self._hold.take()
        self.job = self.job.with_(position=position)
        self.course.enters(Phase.QUEUED)
        self._log(f"Queued at position {position}")
        self._event(
            FlashQueued,
            timestamp=self.job.queued_at,
            device_name=self.job.device_name,
            partition=self.job.partition,
            position=position,
            total_bytes=self.job.total_bytes,
        )

    def moved_up(self, position: int) -> None:
        """Note a new place in the queue; the device's record tells it."""
        self.job = self.job.with_(position=position)

    def is_due(self, now: int) -> bool:
        """May it begin: is it not on hold, and has its time come (Unix ms)?"""
        return self.job.status is Status.QUEUED and (self.order.not_before or 0) <= now

    def waits(self, stage: str) -> bool:
        """Note what it waits for, to be told; False: that was known."""
        was, self.job = self.job.stage, self.job.with_(stage=stage)
        return was != stage

    def ranks(self, priority: int) -> None:
        """Note another priority; the device's record tells it."""
        self.job = self.job.with_(priority=priority)
        self._keep(self)
        self._changed(self)

    def renew(self, sha256: str, query: str) -> None:
        """Take a fresh signature for the download of an image."""
        self.order = self.order.renewed(sha256, query)
        self._keep(self)

    def held_to(self, rate: int) -> None:
        """Note what the job may send a second, in bytes; 0: as much as it can."""
        self.job = self.job.with_(bandwidth_limit=rate or None)
        self._keep(self)
        self._changed(self)

    def started(self) -> None:
        """Tell that the job has begun."""
        self._hold.take()
        self.seq = max(self.seq, 0)  # also where it never had to wait
        self.job = self.job.with_(
            status=Status.RUNNING,
            phase=move(self.job.phase, Phase.PREPARING),
            stage=_INITIALIZING,
            position=None,
            started_at=self._teller.clock.stamp(),
        )
        self.course.enters(Phase.PREPARING)
        self._log(f"Started on hub {self._teller.hub_id}")
        self._event(
            FlashStarted,
            timestamp=self.job.started_at,
            device_name=self.job.device_name,
            partition=self.job.partition,
            stage=_INITIALIZING,
            total_bytes=self.job.total_bytes,
        )

    def note(self, run: Run, where: Where, reading: Reading) -> None:
        """Take over what the counters say, without a word."""
        self.job = tallied(self.job, self._images, run, where, reading)
        self.course.enters(where.phase, partition_of(run, where), where.at)
        if run.description is not None:
            self.course.saw(run.description)

    def turned(self, since: float | None = None) -> None:
        """Tell, as an event, where the job was noted to be: a phase or stage, or a beginning.

        ``since``: when it came there, in the clock's monotonic seconds, if that is gone by.
        """
        clock = self._teller.clock
        ago = 0.0 if since is None else clock.monotonic() - since
        at = clock.stamp() - int(ago * 1000)
        self._event(FlashProgress, timestamp=max(at, self._told_at), **progress(self.job))

    def sampled(self) -> None:
        """Tell the same as a mere sample, under the last event's number."""
        at = self._told_at = self._teller.clock.stamp()
        self._teller.post.sample(
            FlashProgress(timestamp=at, **head(self.job, self.seq), **progress(self.job))
        )

    def asked_to(self, what: Literal["cancel", "pause"] | None) -> None:
        """Note what the job is to do at its next safe point; the device's record tells it."""
        self.job = self.job.with_(requested=what)
        self._keep(self)
        self._changed(self)

    def paused(self) -> None:
        """Tell that the job stands still, or that it is not to begin yet."""
        has_begun = self.job.has_begun
        self._stands(Status.PAUSED, "Paused" if has_begun else "On hold")
        self.course.stands()
        self._log(self.job.stage)
        self._event(FlashPaused, timestamp=self._teller.clock.stamp())

    def resumed(self) -> None:
        """Tell that a paused job goes on, as soon as it can, or waits for its turn again."""
        has_begun = self.job.has_begun
        status = Status.RUNNING if has_begun else Status.QUEUED
        self._stands(status, "Going on" if has_begun else QUEUED_STAGE)
        if not has_begun:
            self.course.enters(Phase.QUEUED)
        self._log("Resumed")
        self._event(FlashResumed, timestamp=self._teller.clock.stamp())

    def goes_on(self, stage: str) -> None:
        """Tell that the job begins with its preparations again, and why."""
        self._stands(Status.RUNNING, stage)
        if self.job.phase is not Phase.PREPARING:
            self.job = self.job.with_(phase=move(self.job.phase, Phase.PREPARING))
        self.course.enters(Phase.PREPARING)
        self._log(stage)
        self.turned()

    def goes_back(self, why: Fault) -> None:
        """Tell that all there is to be done yet is to go back; then it ends as ``why`` says."""
        self.doom = why
        if self.job.status is Status.PAUSED:
            self.resumed()
        self._stands(Status.RUNNING, "Going back")
        self.course.met(why, self.job.phase)
        self._log(f"{why.sentence} The device is to be brought back")
        self.turned()

    def _stands(self, status: Status, stage: str) -> None:
        self.job = self.job.with_(
            status=status,
            stage=stage,
            requested=None,
            transfer_speed=0,
            estimated_time_remaining=0,
        )

    def tell_log(self) -> None:
        """Publish the log's new lines."""
        self._logged = self._teller.log(self.job, self.course.lines, self._logged)

    def complete(self, device_state: str | None = None) -> None:
        """Tell 100 %, and then that all of it is done."""
        self.job = self.job.with_(
            progress=100.0,
            bytes_transferred=self.job.total_bytes,
            transfer_speed=0,
            estimated_time_remaining=0,
        )
        self.turned()
        way_back = self.job.rollback and self.job.rollback.with_(outcome="not_needed")
        self._end(Phase.COMPLETED, device_state=short(device_state), rollback=way_back)
        self._event(
            FlashCompleted,
            timestamp=self.job.finished_at,
            verification=self.job.verification,
        )
        self._hold.let_go()

    def fail(self, why: Fault, device_state: str | None, rollback: Outcome = "not_needed") -> None:
        """Tell an end without success; a cancelled job's is one.

        ``rollback``: what came of its way back, if that was taken.
        """
        if rollback == "not_needed":
            rollback = untaken(self.order, self.mark, why)
        said = words_of(why, device_state)
        way_back = self.job.rollback and self.job.rollback.with_(outcome=rollback)
        self.course.ended_by(why, self.job.phase)
        end = Phase.CANCELLED if why.code is Code.CANCELLED else Phase.FAILED
        self._end(end, rollback=way_back, **said)
        self._event(FlashFailed, timestamp=self.job.finished_at, rollback=way_back, **said)
        self._hold.let_go()

    def waiting(self) -> QueueEntry:
        """The job as its device's record carries it while it waits."""
        return queue_entry(self.job, max(self.seq, 0))

    def current(self) -> CurrentJob:
        """The job as its device's record carries it while it runs."""
        return CurrentJob.model_construct(**dict(self.job), seq=self.seq)

    def recent(self) -> RecentEntry:
        """The job as its device's record carries it after its end."""
        return recent_entry(self.job, self.seq)

    def record(self) -> JobRecord:
        """The job's full record, for its history."""
        at = self._teller.clock.stamp()
        return record_of(self.job, self.seq, at, self.course, self.order.asked_by)

    def _end(self, phase: Phase, **said: Any) -> None:
        status = status_of(move(self.job.phase, phase))
        self.course.stands()
        self._log(last_line(status, said))
        self.tell_log()
        self.job = over(self.job, status, self._teller.clock.stamp(), **said)

    def _log(self, text: str) -> None:
        self.course.lines.add(text)

    def _event(self, make: Callable[..., Event], **said: Any) -> None:
        self.seq += 1
        self._told_at = said["timestamp"]
        self._keep(self)
        self._teller.post.event(make(**head(self.job, self.seq), **said))
        self._changed(self)
