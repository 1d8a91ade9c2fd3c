"""An ended job's record: all that is known of it, in one message, whatever is in it.

What there is no room for is left out, the least telling first: the oldest lines of the log, then
the oldest spans, then mishaps; and at last what a device said at length.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile
from typing import TypeVar

from flashyard import __version__
from flashyard.agent.records.course import Course, Subject
from flashyard.contract.history import MAX_RECORD_LOG, JobRecord
from flashyard.contract.model import Model
from flashyard.contract.records import Job, LogLine
from flashyard.contract.requester import Requester
from flashyard.contract.topics import MAX_PAYLOAD

_SPARE = 256  # bytes for names and brackets around what is added
_SHORT = 200  # characters that are left of a sentence where those alone fill a record
_SENTENCES = ("stage", "device_state", "error", "hint", "details")

T = TypeVar("T", bound=Model)


def record_of(
    job: Job, seq: int, at: int, course: Course, asked_by: Requester | None = None
) -> JobRecord:
    """Make the record of a job that ended with this ``seq``, at Unix ms ``at``; under 64 KiB."""
    subject = course.subject or Subject()
    record = JobRecord(
        job_id=job.job_id,
        device_id=job.device_id,
        hub_id=job.hub_id,
        timestamp=at,
        seq=seq,
        job=job,
        port=subject.port,
        serial=subject.serial,
        product=subject.product,
        emulated=subject.emulated,
        version=__version__,
        asked_by=asked_by,
    )
    room = _room(record)
    if room < _size(course.mishaps[-1:]):  # what ended it is told in any case
        record = record.with_(job=_terse(job))
        room = _room(record)
    mishaps = _newest(course.mishaps, room)
    room -= _size(mishaps)
    spans = _newest(course.spans, room)
    room -= _size(spans)
    log = _log(course, min(room, MAX_RECORD_LOG))
    return record.with_(mishaps=mishaps, spans=spans, log=log)


def _room(record: JobRecord) -> int:
    return MAX_PAYLOAD - _SPARE - len(record.encode())


def _log(course: Course, room: int) -> tuple[LogLine, ...]:
    """Keep the last lines that fit; the first says so where some do not."""
    lines, count = course.lines.since(0)
    told = [LogLine(at=line.at, text=line.text) for line in lines]
    kept = _newest(told, room)
    if len(kept) == count:
        return kept
    notice = LogLine(at=2**53 - 1, text=f"{count} earlier lines were left out")
    kept = _newest(told, room - _size([notice]))
    at = kept[0].at if kept else 0
    return (LogLine(at=at, text=f"{count - len(kept)} earlier lines were left out"), *kept)


def _newest(things: Sequence[T], room: int) -> tuple[T, ...]:
    """Keep the last that fit into so many bytes."""
    sizes = accumulate(_size([thing]) for thing in reversed(things))
    kept = sum(1 for _ in takewhile(lambda size: size <= room, sizes))
    return tuple(things[len(things) - kept :])


def _size(things: Sequence[Model]) -> int:
    return sum(len(thing.encode()) + 1 for thing in things)


def _terse(job: Job) -> Job:
    """Cut the sentences of a job, and leave out what devices call its places."""
    cut = {name: told[:_SHORT] for name in _SENTENCES if (told := getattr(job, name))}
    return job.with_(
        steps=tuple(step.with_(place=None) for step in job.steps),
        rollback=job.rollback and job.rollback.with_(plan=None),
        **cut,
    )
