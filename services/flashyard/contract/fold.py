"""The fold: what a bridge knows of a job + what it hears -> what it knows now and has to say.

Pure and idempotent. Topics overtake each other, messages are doubled and lost, bridges and hubs
restart: the frames that come out are in the contract's order, and every end comes out once.

Three things are heard of a job: its *events* (numbered by ``seq``), *samples* (carrying the seq
of the last event), and *records* (carrying it too). An event is old against the last event told;
a sample ahead of its event is held, one behind it dropped; a record tells what was missed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from flashyard.contract import missed, steps
from flashyard.contract import tracked as say
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
)
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard.contract.tracked import SILENT_STAGE, Frame, Tracked


class Step(NamedTuple):
    """The job as it is known now (None: still unknown), and the frames to send, in order."""

    tracked: Tracked | None
    frames: list[Frame]


def hear(known: Tracked | None, event: Event, payload: bytes, session: str) -> Step:
    """Fold an event. One that cannot be told in order waits for the record that follows it."""
    frame = Frame(event, payload)
    if known is None:
        if not isinstance(event, FlashQueued | FlashStarted):
            return Step(None, [])
        known = Tracked(_first_seen(event), session)
    if known.job.is_final or event.seq <= known.seq or not _is_in_turn(known, event):
        return Step(known, [])
    frames = missed.before(known.job, event)
    if frames and isinstance(event, FlashProgress):
        known = replace(known, job=known.job.with_(status=Status.RUNNING))
    if isinstance(event, FlashCompleted) and not known.full:
        frames.append(say.full(known.job, event.seq))
    if isinstance(event, FlashProgress) and _is_behind(event, known.job):
        # Its hub came back, and sends again what was sent since the last safe point.
        frames.append(say.progress(say.told(known.job, event), event.seq, event.timestamp))
    else:
        frames.append(frame)
    known = replace(
        known,
        job=say.told(known.job, event),
        seq=event.seq,
        session=session,
        heard_at=event.timestamp,
    )
    if isinstance(event, FlashQueued | FlashStarted):
        known = replace(known, opening=frame)
    return _tell(known, frames)


def glimpse(known: Tracked | None, sample: FlashProgress, payload: bytes) -> Step:
    """Fold a sample: told if it belongs to the last event told, held if its event is to come."""
    if known is None or known.job.is_final or sample.seq < known.seq:
        return Step(known, [])
    frame = Frame(sample, payload)
    if sample.seq > known.seq or not known.has_begun:
        return Step(replace(known, held=_newer(known.held, frame)), [])
    if _is_behind(sample, known.job):
        return Step(known, [])
    return _tell(replace(known, job=say.told(known.job, sample)), [frame])


def settle(known: Tracked | None, job: Job, seq: int, session: str, at: int) -> Step:
    """Fold what a record of the time ``at`` (Unix ms) says of a job with its last ``seq``.

    What was missed is told, once and in order.
    """
    if known is None:
        known = Tracked(job, session, recorded=True)
        if job.is_final:
            return Step(replace(known, seq=seq), [])  # nobody was told that it began
    elif known.job.is_final:
        return _settle_ended(known, job, seq, session, at)
    elif seq < known.seq:
        return Step(known, [])
    # Of a job seen for the first time nothing was told yet, also not that it is paused.
    was = known if known.seq >= 0 else replace(known, job=job.with_(status=Status.QUEUED))
    job = _merge(known.job, job)
    known = replace(known, job=job, session=session, recorded=True, seq=seq)
    frames = missed.opening(was, job)
    if frames:
        known = replace(known, opening=frames[-1])
    if known.has_begun and not job.is_final:
        word = say.progress(job, seq, at)
        # A late event makes a lost one found, a hub goes on after a kill: the stage alone tells.
        news = seq > was.seq or was.job.lost or was.job.stage != job.stage
        frames += missed.turn(was.job, job, seq)
        if news and not known.full:
            frames.append(word)
        elif news or job.progress > was.job.progress:
            known = replace(known, latest=word)  # for new connections; the others soon are told
    elif not job.is_final:
        frames += missed.turn(was.job, job, seq)
    return _tell(known, frames + missed.end(was, job, seq))


def lose(known: Tracked, at: int) -> Step:
    """The hub went silent: the job keeps its status, and says that nobody knows more."""
    if known.job.is_final or known.job.lost:
        return Step(known, [])
    known = replace(known, job=known.job.with_(lost=True, stage=SILENT_STAGE, transfer_speed=0))
    if not known.has_begun:
        return Step(known, [])
    word = say.progress(known.job, known.seq, at)
    if known.full:  # only the end may follow the one 100 %; a new connection is told
        return Step(replace(known, latest=word), [])
    return _tell(known, [word])


def end(known: Tracked, code: Code, at: int) -> Step:
    """End a job in the hub's place: ``interrupted`` by its new session, or ``hub_lost``."""
    if known.job.is_final:
        return Step(known, [])
    why = fault(code)
    frames: list[Frame] = []
    if not known.is_shown:
        frames.append(say.started(known.job) if known.job.has_begun else say.queued(known.job))
    job = known.job.with_(
        status=Status.FAILED,
        phase=Phase.FAILED,
        stage="Failed",
        steps=steps.ended(known.job.steps, Status.FAILED),
        requested=None,
        position=None,
        transfer_speed=0,
        estimated_time_remaining=0,
        finished_at=at,
        error=why.sentence,
        code=why.code,
        hint=why.hint,
    )
    seq = max(known.seq, 0) + 1
    frames.append(say.ended(job, seq))
    return _tell(replace(known, job=job, seq=seq, ended_by_bridge=True), frames)


def _is_in_turn(known: Tracked, event: Event) -> bool:
    match event:
        case FlashQueued() | FlashStarted():
            return not known.has_begun
        case FlashFailed() if known.is_shown and not known.has_begun:
            return event.seq == known.seq + 1  # it ended while it waited
        case FlashPaused() | FlashResumed() if event.phase is Phase.QUEUED:
            return known.is_shown and not known.has_begun  # it is held, or not any more
        case _:
            return known.has_begun


def _first_seen(event: FlashQueued | FlashStarted) -> Job:
    return Job(
        job_id=event.job_id,
        device_id=event.device_id,
        device_name=event.device_name,
        hub_id=event.hub_id,
        partition=event.partition,
        status=Status.QUEUED,
        phase=Phase.QUEUED,
        stage="Queued",
        total_bytes=event.total_bytes,
        queued_at=event.timestamp,
    )


def _is_behind(said: FlashProgress, job: Job) -> bool:
    return said.progress < job.progress or said.bytes_transferred < job.bytes_transferred


def _newer(held: Frame | None, frame: Frame) -> Frame:
    if held is None:
        return frame
    old, new = held.message, frame.message
    assert isinstance(old, FlashProgress)  # noqa: S101 - only samples are held
    assert isinstance(new, FlashProgress)  # noqa: S101
    return frame if (new.seq, new.progress) >= (old.seq, old.progress) else held


def _tell(known: Tracked, frames: list[Frame]) -> Step:
    """Note what is told, let a held sample follow its event, and mark a revived job's frames."""
    for frame in frames:
        if isinstance(frame.message, FlashProgress):
            known = replace(
                known, latest=frame, full=known.full or frame.message.progress >= missed.FULL
            )
    held = known.held
    if held is not None and isinstance(held.message, FlashProgress):
        if known.job.is_final or held.message.seq < known.seq:
            known = replace(known, held=None)
        elif held.message.seq == known.seq and known.has_begun:
            known = replace(known, held=None)
            if not _is_behind(held.message, known.job):
                job = say.told(known.job, held.message)
                known = replace(known, job=job, latest=held)
                frames = [*frames, held]
    if known.revived:
        frames = [frame._replace(revived=True) for frame in frames]
    return Step(known, frames)


def _merge(known: Job, said: Job) -> Job:
    """Let the hub's record win, but for what only the bridge knows, and for high-water marks."""
    return said.with_(
        progress=max(known.progress, said.progress),
        bytes_transferred=max(known.bytes_transferred, said.bytes_transferred),
        received_at=known.received_at,
        started_at=said.started_at or known.started_at,
        device_name=said.device_name or known.device_name,
        details=said.details or known.details,
        steps=said.steps or known.steps,
        average_speed=said.average_speed or known.average_speed,
    )


def _settle_ended(known: Tracked, job: Job, seq: int, session: str, at: int) -> Step:
    """A record of a job that has ended here: the hub's own word overrides an end of ours."""
    if not known.ended_by_bridge:
        if job.steps and job.status is known.job.status:  # the full record: how each step ended
            known = replace(known, job=_merge(known.job, job))
        return Step(known, [])
    if job.is_final:
        job = _merge(known.job, job)
        return Step(replace(known, job=job, seq=max(seq, known.seq), ended_by_bridge=False), [])
    if known.job.code is not Code.HUB_LOST:
        return Step(known, [])
    back = Tracked(_merge(known.job, job), session, seq=seq, recorded=True, revived=True)
    opening = say.started(job) if job.has_begun else say.queued(job)
    back = replace(back, opening=opening)
    # Nobody hears the first frame of a revival: it parts the connections before from those since.
    return _tell(back, [say.progress(back.job, seq, at) if back.has_begun else opening])
