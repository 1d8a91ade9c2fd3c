"""What of a job's story was missed, told by what came after it, in the bridge's words. Pure."""

from __future__ import annotations

from flashyard.contract import tracked as say
from flashyard.contract.messages import (
    Event,
    FlashCompleted,
    FlashPaused,
    FlashProgress,
    FlashResumed,
    FlashStarted,
)
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.tracked import Frame, Tracked

FULL = 100.0  # percent; told once, before the completion


def before(job: Job, event: Event) -> list[Frame]:
    """Tell what must lie between the job as it was known and an event that was heard.

    A job stands from a pause to a resume; where only one of the two was heard, both are told.
    """
    stands = job.status is Status.PAUSED
    match event:
        case FlashPaused() | FlashStarted() | FlashCompleted() if stands:
            return [say.made(job, FlashResumed, event.seq - 1)]
        case FlashProgress() if stands and event.progress >= FULL:
            return [say.made(job, FlashResumed, event.seq - 1)]
        case FlashResumed() if not stands:
            return [say.made(job, FlashPaused, event.seq - 1)]
        case _:
            return []


def opening(was: Tracked, job: Job) -> list[Frame]:
    """Tell that a record's job waits or has begun."""
    if not job.has_begun:
        return [] if was.is_shown else [say.queued(job)]
    if was.has_begun:
        return []
    if was.is_shown and was.job.status is Status.PAUSED:  # it was held, and then begun
        return [say.made(was.job, FlashResumed, was.seq), say.started(job, was.seq)]
    return [say.started(job, was.seq)]  # which is no longer 0 where it was held in between


def turn(was: Job, job: Job, seq: int) -> list[Frame]:
    """Tell that a record's job stands, or does not any more."""
    if job.status is was.status or Status.PAUSED not in {job.status, was.status}:
        return []
    if job.status is Status.RUNNING and not was.has_begun:
        return []  # told before its beginning
    return [say.made(job, FlashPaused if job.status is Status.PAUSED else FlashResumed, seq)]


def end(was: Tracked, job: Job, seq: int) -> list[Frame]:
    """Tell the end a record's job has had."""
    if not job.is_final:
        return []
    frames: list[Frame] = []
    if job.status is Status.COMPLETED and not was.full:
        if was.job.status is Status.PAUSED:  # and cannot have come to this end without a resume
            frames.append(say.made(was.job, FlashResumed, max(seq - 2, 1)))
        frames.append(say.full(job, seq))
    return [*frames, say.ended(job, seq)]
