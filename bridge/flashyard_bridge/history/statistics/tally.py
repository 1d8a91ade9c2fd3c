"""What some jobs came to, added up: by how they ended, with how long they took and how fast.

It knows neither rows nor what the jobs have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flashyard.contract.phases import Status
from flashyard_bridge.history.statistics import histogram
from flashyard_bridge.history.statistics.histogram import Counted

ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
COMPLETED, FAILED, CANCELLED = range(3)  # places in ENDS


def _three() -> list[int]:
    return [0, 0, 0]


@dataclass(slots=True)
class Tally:
    """Jobs and their bytes by end; durations (ms) and speeds (bytes/s) of those that completed.

    ``name``: what people call what they have in common.
    """

    jobs: list[int] = field(default_factory=_three)
    bytes: list[int] = field(default_factory=_three)
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
        return not any(self.jobs) and not any(self.bytes)

    def count(self, end: int, size: int, duration: int | None, speed: int | None) -> None:
        """Add a job; of what is None there is nothing to say."""
        self.jobs[end] += 1
        self.bytes[end] += size
        if duration is not None:
            self.durations[duration] = self.durations.get(duration, 0) + 1
        if speed is not None:
            self.speeds[speed] = self.speeds.get(speed, 0) + 1

    def count_share(self, end: int, size: int, *, counts: bool) -> None:
        """Add some bytes of a job, and the job itself if it counts."""
        self.jobs[end] += counts
        self.bytes[end] += size

    def add(self, other: Tally, times: int = 1) -> None:
        """Add another, or with ``times`` -1 take it away."""
        for end in range(3):
            self.jobs[end] += other.jobs[end] * times
            self.bytes[end] += other.bytes[end] * times
        histogram.add(self.durations, other.durations.items(), times)
        histogram.add(self.speeds, other.speeds.items(), times)
        self.name = other.name or self.name
