"""The book of jobs: those that run or wait, the last that ended, and what else is known of them.

All bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from flashyard.contract.fold import Step
from flashyard.contract.records import Job, LogLine
from flashyard.contract.requester import Requester
from flashyard.contract.tracked import Frame, Tracked

LOG_LINES = 500
MAX_FINISHED = 1_000


class JobBook:
    """Jobs by id, in the order they became known.

    Args:
        clock: the bridge's clock, Unix ms.
        max_finished: how many ended jobs are kept; the oldest go first.
    """

    def __init__(self, clock: Callable[[], int], max_finished: int = MAX_FINISHED) -> None:
        self._clock = clock
        self._max_finished = max_finished
        self._jobs: dict[str, Tracked] = {}
        # Those that have not ended: hub -> device -> ids in the order they became known.
        self._active: dict[str, dict[str, dict[str, None]]] = {}
        self._finished: deque[str] = deque()
        self._logs: dict[str, deque[LogLine]] = {}
        self._asked_by: dict[str, Requester] = {}

    def get(self, job_id: str) -> Tracked | None:
        """One job as it is followed, or None."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """All jobs, ended ones too."""
        return [known.job for known in self._jobs.values()]

    def active(self, hub_id: str, device_id: str | None = None) -> list[Tracked]:
        """The jobs of a hub, or of one device of it, that have not ended."""
        devices = [device_id] if device_id is not None else self._active.get(hub_id, {})
        ids = [i for each in devices for i in self._active.get(hub_id, {}).get(each, ())]
        return [self._jobs[job_id] for job_id in ids]

    def take(self, step: Step) -> list[Frame]:
        """Keep what a fold came to, and hand on its frames."""
        known = step.tracked
        if known is None:
            return step.frames
        job_id = known.job.job_id
        was = self._jobs.get(job_id)
        self._jobs[job_id] = replace(known, job=known.job.with_(received_at=self._clock()))
        job = known.job
        if not job.is_final:
            hub = self._active.setdefault(job.hub_id, {})
            hub.setdefault(job.device_id, {})[job_id] = None
        elif was is None or not was.job.is_final:
            self._retire(job)
        return step.frames

    def change(self, job_id: str, **fields: object) -> None:
        """Change what only the bridge knows of a job."""
        known = self._jobs.get(job_id)
        if known is not None:
            self._jobs[job_id] = replace(known, job=known.job.with_(**fields))

    def replay(self) -> list[Frame]:
        """Tell every active job."""
        return [frame for known in self._jobs.values() for frame in known.replay()]

    def last_words(self, *, began_before: int, ended_since: int) -> list[Frame]:
        """Tell the ends of jobs that began before a Unix ms and ended since another."""
        return [
            frame
            for known in self._jobs.values()
            if known.job.queued_at < began_before and (known.job.finished_at or 0) >= ended_since
            for frame in known.last_word()
        ]

    def log(self, job_id: str) -> list[LogLine] | None:
        """The last 500 lines of a job's log, or None for an unknown job."""
        return list(self._logs.get(job_id, ())) if job_id in self._jobs else None

    def write_log(self, job_id: str, lines: Iterable[LogLine]) -> None:
        """Add lines to a known job's log."""
        if job_id in self._jobs:
            self._logs.setdefault(job_id, deque(maxlen=LOG_LINES)).extend(lines)

    def asked_by(self, job_id: str) -> Requester | None:
        """Who had a job started; None: nobody said so here."""
        return self._asked_by.get(job_id)

    def note_asker(self, job_id: str, requester: Requester | None) -> None:
        """Note who had a known job started."""
        if requester is not None and job_id in self._jobs:
            self._asked_by[job_id] = requester

    def _retire(self, job: Job) -> None:
        devices = self._active.get(job.hub_id, {})
        ids = devices.get(job.device_id, {})
        ids.pop(job.job_id, None)
        if not ids:
            devices.pop(job.device_id, None)
        if not devices:
            self._active.pop(job.hub_id, None)
        self._finished.append(job.job_id)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._finished) > self._max_finished:
            oldest = self._finished.popleft()
            known = self._jobs.get(oldest)
            if known is not None and known.job.is_final:  # a revived job stays
                del self._jobs[oldest]
                self._logs.pop(oldest, None)
                self._asked_by.pop(oldest, None)
