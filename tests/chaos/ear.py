"""What is said on MQTT of the jobs: where each is, how it ended, and every job there ever was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    DeviceChanged,
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashQueued,
    FlashResumed,
    FlashStarted,
    decode_message,
)
from flashyard.contract.phases import FINAL_STATUS, Phase, Status
from flashyard.contract.topics import bridge_filters
from flashyard.link import Link
from support.waiting import until


class End(NamedTuple):
    """How a job ended, whoever says so."""

    status: str
    code: str | None

    def __str__(self) -> str:
        return self.status if self.code is None else f"{self.status} {self.code}"


class Ear:
    """Hears what any viewer may, and the records of ended jobs.

    Attributes:
        ends: how a job ended, by job id, in all ways that were said.
        sequences: the `seq` of these.
        phases: where each job was when last heard of; `paused` where it stood.
    """

    def __init__(self) -> None:
        self.ends: defaultdict[str, set[End]] = defaultdict(set)
        self.sequences: defaultdict[str, set[int]] = defaultdict(set)
        self.phases: dict[str, Phase | Status] = {}
        self.partitions: dict[str, str] = {}  # the first one a job was heard of with, by job id

    def hear(self, _topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001
        if not payload:
            return
        match decode_message(payload):
            case JobRecord() as record:
                self._end(record.job_id, End(record.job.status, record.job.code), record.seq)
                self.partitions.setdefault(record.job_id, record.job.partition)
            case FlashCompleted() as end:
                self._end(end.job_id, End(Status.COMPLETED, None), end.seq)
            case FlashFailed() as end:
                status = Status.CANCELLED if end.phase is Phase.CANCELLED else Status.FAILED
                self._end(end.job_id, End(status, end.code), end.seq)
            case DeviceChanged(device=device):
                if job := device.current_job:
                    self.partitions.setdefault(job.job_id, job.partition)
                for entry in (*device.queue, *device.recent):
                    self.partitions.setdefault(entry.job_id, entry.partition)
                for over in device.recent:  # of which nothing else was heard, it may be
                    self._end(over.job_id, End(over.status, over.code), over.seq)
            case FlashPaused() as paused:
                is_held = paused.phase is Phase.QUEUED
                self._is_at(paused.job_id, Phase.QUEUED if is_held else Status.PAUSED)
            case FlashQueued() | FlashStarted() | FlashProgress() | FlashResumed() as event:
                self._is_at(event.job_id, event.phase)
            case _:
                pass

    def any_in(self, where: str) -> bool:
        """Is any job there?"""
        return where in self.phases.values()

    def jobs_of(self, name: str) -> Iterable[str]:
        """The ids of all jobs ever heard of that were for an errand."""
        return [
            job_id
            for job_id, partition in self.partitions.items()
            if partition.partition(".")[0] == name
        ]

    def _is_at(self, job_id: str, where: Phase | Status) -> None:
        if job_id not in self.ends:
            self.phases[job_id] = where

    def _end(self, job_id: str, end: End, seq: int) -> None:
        self.ends[job_id].add(end)
        self.sequences[job_id].add(seq)
        self.phases.pop(job_id, None)
        assert end.status in FINAL_STATUS, end


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Ear]:
    """Listen on a broker; it may be killed meanwhile."""
    ear = Ear()
    topics = [pair for pair in bridge_filters() if pair[0].endswith(("/+", "/event", "/record"))]
    async with Link(url, "viewer-chaos", on_message=ear.hear, subscriptions=topics) as link:
        await until(lambda: link.is_up)
        yield ear
