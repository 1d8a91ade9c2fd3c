"""How it went, over all devices: the exit status and the last line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.rollback import Outcome, Rollback

SOME_FAILED = 5
_WORDS = {Status.COMPLETED: "completed", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}


_ROLLED_BACK: dict[Outcome, str] = {
    "planned": "was planned; what came of it is not known",
    "not_needed": "was not needed",
    "rolled_back": "the device was brought back",
    "failed": "was tried, and did not succeed",
    "not_possible": "the device was not there for it",
}


def fault_of(job: Job) -> Fault | None:
    """Tell why a job ended as it did; None: it was completed."""
    if job.status is Status.COMPLETED:
        return None
    code = Code.CANCELLED if job.status is Status.CANCELLED else job.code or Code.INTERNAL
    return fault(code, job.error, hint=job.hint, details=job.details)


def told_beside(job: Job, why: Fault) -> list[str]:
    """Tell what belongs beside the sentence: the device's own words, its state, the ways out."""
    beside = [f"details: {why.details}"] if why.details else []
    beside += [f"device: {job.device_state}"] if job.device_state else []
    beside += [f"rollback: {rolled_back(job.rollback)}"] if job.rollback else []
    # Who cancelled knows what to do next.
    beside += [f"hint: {why.hint}"] if why.hint and why.code is not Code.CANCELLED else []
    return beside


def rolled_back(way_back: Rollback) -> str:
    """Tell what came of a way back."""
    return _ROLLED_BACK[way_back.outcome]


def exit_status(jobs: Iterable[Job], refused: Sequence[Fault] = ()) -> int:
    """Tell the exit status of jobs that ended and starts that were refused.

    0 where all is well; the fault's own where everything failed the same way; 3 where nothing
    failed but some were cancelled; else 5, some devices failed.
    """
    faults = [fault_of(job) for job in jobs]
    exits = [0 if each is None else each.rule.exit for each in (*faults, *refused)]
    bad = {status for status in exits if status}
    if not bad:
        return 0
    return bad.pop() if len(bad) == 1 and (0 not in exits or bad == {3}) else SOME_FAILED


def totals(jobs: Sequence[Job], refused: int = 0) -> str:
    """Say how many ended how, and how long it took."""
    count = Counter(_WORDS.get(job.status, "left running") for job in jobs)
    if refused:
        count["refused"] = refused
    parts = [f"{number} {word}" for word, number in count.items()]
    begun = [job.started_at or job.queued_at for job in jobs]
    ended = [job.finished_at for job in jobs if job.finished_at is not None]
    took = max(0, max(ended) - min(begun)) / 1000 if begun and ended else 0.0
    return f"Finished: {', '.join(parts)}. Total time: {took:.1f}s"
