"""Jobs as plain lines, one per phase, in fastboot's cadence: for pipes, files and CI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from flashyard.cli.outcome import fault_of, told_beside
from flashyard.cli.talk import printable, say
from flashyard.client.follow import Caught, Changed, Gap, News
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job

_PHASE_WIDTH = max(len(phase) for phase in Phase)


class Lines:
    """Writes ``PIXEL6_001  writing   OKAY [ 92.4s]`` when a phase is over.

    Args:
        jobs: those that will be shown; the longest device id sets the column.
        out: where to.
    """

    def __init__(self, jobs: Iterable[Job], out: TextIO) -> None:
        self._out = out
        self._width = max((len(job.device_id) for job in jobs), default=16)
        self._phases: dict[str, tuple[Phase, int]] = {}  # where each job is, since when (ms)
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
        phase, since = self._phases.get(job.job_id, (job.phase, job.started_at or at))
        if job.phase is phase and job.job_id in self._phases:
            return
        self._phases[job.job_id] = (job.phase, at)
        took = max(0, at - since) / 1000
        why = fault_of(job) if job.is_final else None
        if why is not None:
            word = "CANCELLED" if job.status is Status.CANCELLED else "FAILED"
            self._line(job, phase, f"{word} ({why.sentence})")
            for more in told_beside(job, why):
                self._line(job, phase, f"  {more}")
            return
        # A queue that was left at once was none.
        if job.phase is not phase and (phase is not Phase.QUEUED or took >= 0.05):
            self._line(job, phase, f"OKAY [{took:5.1f}s]")
        if job.is_final:
            whole = (job.finished_at or at) - (job.started_at or job.queued_at)
            self._line(job, job.phase, f"OKAY [{max(0, whole) / 1000:5.1f}s]")

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
