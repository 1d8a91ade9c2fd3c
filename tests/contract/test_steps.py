"""However a job ends, none of its steps is left as if it went on."""

from __future__ import annotations

import pytest

from flashyard.contract.phases import Status
from flashyard.contract.records import StepRecord
from flashyard.contract.steps import ended

C, R, Q, F, X = (
    Status.COMPLETED,
    Status.RUNNING,
    Status.QUEUED,
    Status.FAILED,
    Status.CANCELLED,
)


@pytest.mark.parametrize(
    ("were", "end", "are"),
    [
        ([C, R, Q, Q], X, [C, X, X, X]),
        ([C, R, Q, Q], F, [C, F, X, X]),
        ([C, F, Q], F, [C, F, X]),
        ([Q, Q], F, [F, X]),
        ([C, R], C, [C, C]),
        ([], F, []),
    ],
)
def test_the_step_it_was_at_ends_as_the_job_and_the_rest_is_cancelled(
    were: list[Status], end: Status, are: list[Status]
) -> None:
    steps = tuple(StepRecord(partition="boot", status=each, bytes=0) for each in were)
    assert [step.status for step in ended(steps, end)] == are
