"""Jobs as plain lines, one per phase, in fastboot's cadence: for pipes, files and CI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TextIO

from flashyard.cli.outcome import fault_of, told_beside
from flashyard.cli.talk import printable, say
from flashyard.client.follow import Caught, Changed, Gap, News
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job

_PHASE_WIDTH = max(len(phase) for phase in Phase)
_PER_STEP = {Phase.ERASING, Phase.WRITING, Phase.SYNCING, Phase.VERIFYING}
_NO_QUEUE = 50  # ms


class _Met(NamedTuple):
    """Where a job was seen to be, and since when (ms); None: its beginning was not seen."""

    job: Job
    since: int | None

    @property
    def step(self) -> str:
        """Of a job with several partitions: which one it is at."""
        is_one = self.job.phase not in _PER_STEP or len(self.job.steps) < 2
        return "" if is_one else f"  {self.job.stage}"

    def goes_on(self, job: Job) -> bool:
        """Is there nothing new?"""
        return job.phase is self.job.phase and _Met(job, None).step == self.step


class Lines:
    """Writes ``PIXEL6_001  writing   OKAY [ 92.4s]`` when a phase is over.

    Args:
        jobs: those that will be shown; the longest device id sets the column.
        out: where to.
    """

    def __init__(self, jobs: Iterable[Job], out: TextIO) -> None:
        self._out = out
        self._width = max((len(job.device_id) for job in jobs), default=16)
        self._met: dict[str, _Met] = {}
        self._lost: set[str] = set()

    def show(self, news: News) -> None:
        """Write what is over."""
        match news:
            case Gap(reason):
                say(f"The bridge is out of reach ({reason}); looking for it. The jobs go on.")
            case Caught():
                say("The bridge is back; caught up.")
            case Changed(job, at):
                self._note_silence(job)
                self._write(job, at)

    def _write(self, job: Job, at: int) -> None:
        met = self._met.get(job.job_id)
        if met is not None and _turned(met.job, job):
            self._line(job, job.phase, "PAUSED" if job.status is Status.PAUSED else "RESUMED")
        if met is not None and met.goes_on(job):
            self._met[job.job_id] = met._replace(job=job)
            return
        self._met[job.job_id] = _Met(job, _began(job, at) if met is None else at)
        phase, since, step = (met.job.phase, met.since, met.step) if met else (job.phase, None, "")
        why = fault_of(job) if job.is_final else None
        if why is not None and phase is Phase.ROLLING_BACK:
            self._line(job, phase, _way_back(job, since, at))
            phase = job.phase
        if why is not None:
            word = "CANCELLED" if job.status is Status.CANCELLED else "FAILED"
            self._line(job, phase, f"{word} ({why.sentence})")
            for more in told_beside(job, why):
                self._line(job, phase, f"  {more}")
            return
        if met is not None and not _was_no_queue(phase, since, at):
            self._line(job, phase, f"{_left(job, phase, since, at)}{step}")
        if job.is_final:
            self._line(
                job, job.phase, _okay(job.started_at or job.queued_at, job.finished_at or at)
            )

    def _line(self, job: Job, phase: Phase, text: str) -> None:
        name = f"{job.device_id:<{self._width}}"
        self._out.write(f"{name}  {phase:<{_PHASE_WIDTH}}  {printable(text)}\n")
        self._out.flush()

    def _note_silence(self, job: Job) -> None:
        if job.lost and job.job_id not in self._lost:
            self._lost.add(job.job_id)
            say(f"{job.device_id}: its hub {job.hub_id} is not heard from; waiting for it.")
        elif not job.lost:
            self._lost.discard(job.job_id)


def _turned(was: Job, job: Job) -> bool:
    """Was it paused, or let go on, between the two?"""
    return not job.is_final and (was.status is Status.PAUSED) is not (job.status is Status.PAUSED)


def _began(job: Job, at: int) -> int | None:
    """Tell when the phase began that a job is first seen in; None: nobody has said."""
    return {Phase.QUEUED: at, Phase.PREPARING: job.started_at}.get(job.phase)


def _was_no_queue(phase: Phase, since: int | None, at: int) -> bool:
    """Was it one that was left at once?"""
    return phase is Phase.QUEUED and since is not None and at - since < _NO_QUEUE


def _left(job: Job, phase: Phase, since: int | None, at: int) -> str:
    """Tell how a phase was left: before another attempt, or the way back, it was not done."""
    is_again = job.phase is Phase.PREPARING and phase is not Phase.QUEUED
    is_broken = is_again or job.phase is Phase.ROLLING_BACK
    return _timed("BROKEN OFF", since, at) if is_broken else _okay(since, at)


def _way_back(job: Job, since: int | None, at: int) -> str:
    is_back = job.rollback is not None and job.rollback.outcome == "rolled_back"
    return _timed("OKAY" if is_back else "FAILED", since, at)


def _okay(since: int | None, until: int) -> str:
    return _timed("OKAY", since, until)


def _timed(word: str, since: int | None, until: int) -> str:
    return word if since is None else f"{word} [{max(0, until - since) / 1000:5.1f}s]"
