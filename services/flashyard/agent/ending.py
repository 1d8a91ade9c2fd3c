"""What is said of a job's end: the job as it is then, and the words for why. It ends none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flashyard.contract import steps
from flashyard.contract.faults import Fault
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job

_LONGEST = 1000  # characters of a sentence


def over(job: Job, status: Status, at: int, **said: Any) -> Job:
    """Tell a job that ended so at this Unix ms; ``said``: what else there is to say of its end."""
    return job.with_(
        status=status,
        phase=Phase(status.value),
        stage=status.capitalize(),
        steps=steps.ended(job.steps, status),
        requested=None,
        position=None,
        transfer_speed=0,
        estimated_time_remaining=0,
        finished_at=at,
        **said,
    )


def words_of(why: Fault, device_state: str | None) -> dict[str, Any]:
    """Tell why a job ended without success, as messages and the job itself say it."""
    return {
        "error": short(why.sentence),
        "code": why.code,
        "hint": short(why.hint),
        "details": short(why.details),
        "device_state": short(device_state),
    }


def short(text: str | None) -> str | None:
    """Cut what is longer than a sentence may be."""
    return text and text[:_LONGEST]


def last_line(status: Status, said: Mapping[str, Any]) -> str:
    """Say in one line how a job ended, and why."""
    words = [said.get("error"), said.get("details")]
    why = "; ".join(word for word in words if word)
    return f"Failed: {why}" if status is Status.FAILED else why or status.capitalize()
