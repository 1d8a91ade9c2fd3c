"""The steps of a job as the job ends: the same word, whoever tells the end."""

from __future__ import annotations

from flashyard.contract.phases import FINAL_STATUS, Status
from flashyard.contract.records import StepRecord


def ended(steps: tuple[StepRecord, ...], status: Status) -> tuple[StepRecord, ...]:
    """End the step a job was at as the job ends; of one that failed the rest is cancelled."""
    done: list[StepRecord] = []
    for step in steps:
        is_open = step.status not in FINAL_STATUS
        done.append(step.with_(status=status) if is_open else step)
        if done[-1].status is not Status.COMPLETED:
            status = Status.CANCELLED
    return tuple(done)
