"""What the jobs of a hub are told with, and the words that are said of a job as it is.

It knows neither when something is to be said nor what becomes of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from flashyard.agent.clock import Clock
from flashyard.agent.joblog import batches
from flashyard.agent.post import Post
from flashyard.contract.messages import FlashLog
from flashyard.contract.records import Job
from flashyard.flash.running.lines import Lines


class Teller(NamedTuple):
    """What every story of a hub is told with."""

    hub_id: str
    clock: Clock
    post: Post

    def log(self, job: Job, lines: Lines, told: int) -> int:
        """Publish the lines of a job's log from a number on; return the next number."""
        new, count = lines.since(told)
        for batch in batches(new):
            self.post.log(
                FlashLog(
                    job_id=job.job_id,
                    device_id=job.device_id,
                    hub_id=job.hub_id,
                    timestamp=self.clock.stamp(),
                    lines=batch,
                )
            )
        return count


class Hold:
    """A job's hold on the clock: all of its times are to be of one, from first word to last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_held = False

    def take(self) -> None:
        """Have no announce move the clock; taken twice is taken once."""
        if not self._is_held:
            self._is_held = True
            self._clock.freeze()

    def let_go(self) -> None:
        """The job is over."""
        if self._is_held:
            self._is_held = False
            self._clock.thaw()


def head(job: Job, seq: int) -> dict[str, Any]:
    """Tell what every message says, but for its time."""
    return {
        "job_id": job.job_id,
        "device_id": job.device_id,
        "hub_id": job.hub_id,
        "seq": seq,
        "phase": job.phase,
    }


def progress(job: Job) -> dict[str, Any]:
    """Tell what a `flash_progress` says beside that."""
    return {
        "progress": job.progress,
        "stage": job.stage,
        "bytes_transferred": job.bytes_transferred,
        "total_bytes": job.total_bytes,
        "transfer_speed": job.transfer_speed,
        "estimated_time_remaining": job.estimated_time_remaining,
    }
