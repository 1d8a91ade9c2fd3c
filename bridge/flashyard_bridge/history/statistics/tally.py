"""What some jobs came to, added up: by how they ended, with how long they took and how fast.

It knows neither rows nor what the jobs have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from flashyard.contract.phases import Status
from flashyard_bridge.history.statistics import histogram
from flashyard_bridge.history.statistics.histogram import Counted

ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
COMPLETED, FAILED, CANCELLED = range(3)  # places in ENDS


class Part(NamedTuple):
    """What a job is to an entry.

    Attributes:
        end: its place in ENDS.
        jobs: 1, or 0 where only its size is the entry's.
        size: bytes.
        duration, speed: on some scale; None where they are not known, or say nothing of the entry.
    """

    end: int
    jobs: int
    size: int
    duration: int | None = None
    speed: int | None = None


def _three() -> list[int]:
    return [0, 0, 0]


@dataclass(slots=True)
class Tally:
    """Jobs, and their sizes, by end; how long those took that completed, and how fast they were.

    ``name``: what people call what they have in common.
    """

    jobs: list[int] = field(default_factory=_three)
    sizes: list[int] = field(default_factory=_three)
    durations: Counted = field(default_factory=dict)
    speeds: Counted = field(default_factory=dict)
    name: str | None = None

    @property
    def total(self) -> int:
        """How many jobs."""
        return sum(self.jobs)

    @property
    def is_empty(self) -> bool:
        """Is nothing left in it?"""
        return not any(self.jobs) and not any(self.sizes)

    def count(self, part: Part) -> None:
        """Add what a job is to this entry."""
        end, jobs, size, duration, speed = part
        self.jobs[end] += jobs
        self.sizes[end] += size
        if duration is not None:
            self.durations[duration] = self.durations.get(duration, 0) + 1
        if speed is not None:
            self.speeds[speed] = self.speeds.get(speed, 0) + 1

    def add_packed(self, durations: bytes, speeds: bytes, listed: bytes, times: int = 1) -> None:
        """Add what was packed and listed, or with ``times`` -1 take it away."""
        if durations:
            histogram.add(self.durations, histogram.unpack(durations), times)
        if speeds:
            histogram.add(self.speeds, histogram.unpack(speeds), times)
        if listed:
            histogram.add_listed(self.durations, self.speeds, listed, times)

    def add(self, other: Tally, times: int = 1) -> None:
        """Add another, or with ``times`` -1 take it away."""
        for end in range(3):
            self.jobs[end] += other.jobs[end] * times
            self.sizes[end] += other.sizes[end] * times
        histogram.add(self.durations, other.durations.items(), times)
        histogram.add(self.speeds, other.speeds.items(), times)
        if times > 0:  # who is forgotten was not called so last
            self.name = other.name or self.name
