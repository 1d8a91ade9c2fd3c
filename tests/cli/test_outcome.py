from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.cli.outcome import exit_status, fault_of, told_beside, totals
from flashyard.contract.faults import TABLE, Code, fault
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.rollback import Rollback
from support.facts import START, a_job

DONE = a_job(status="completed")
CANCELLED = a_job(status="cancelled")


def failed(code: Code) -> Job:
    return a_job(status="failed", code=code)


@pytest.mark.parametrize(
    ("jobs", "status"),
    [
        ([DONE], 0),
        ([DONE, DONE], 0),
        ([], 0),
        ([CANCELLED], 3),
        ([DONE, CANCELLED], 3),
        ([failed(Code.DEVICE_LOCKED)], 4),
        ([failed(Code.VERIFY_MISMATCH), failed(Code.IMAGE_DIGEST)], 6),
        ([failed(Code.LINK_LOST)], 1),
        ([DONE, failed(Code.LINK_LOST)], 5),
        ([DONE, failed(Code.DEVICE_LOCKED)], 5),
        ([failed(Code.LINK_LOST), failed(Code.DEVICE_LOCKED)], 5),
        ([CANCELLED, failed(Code.LINK_LOST)], 5),
    ],
)
def test_the_exit_status_says_how_it_went(jobs: list[Job], status: int) -> None:
    assert exit_status(jobs) == status


def test_a_start_that_was_refused_counts_as_failed() -> None:
    assert exit_status([DONE], [fault(Code.DEVICE_OFFLINE)]) == 5
    assert exit_status([], [fault(Code.DEVICE_OFFLINE), fault(Code.QUEUE_FULL)]) == 1


@given(st.lists(st.sampled_from(list(Code)), min_size=1))
def test_it_is_zero_only_if_nothing_went_wrong(codes: list[Code]) -> None:
    jobs = [failed(code) for code in codes]
    assert exit_status(jobs) != 0
    assert exit_status([*jobs, DONE]) != 0


def test_every_fault_has_an_exit_status_that_is_no_success() -> None:
    assert all(rule.exit in {1, 2, 3, 4, 6, 7} for rule in TABLE.values())


def test_a_completed_job_has_no_fault_and_a_cancelled_one_is_cancelled() -> None:
    assert fault_of(DONE) is None
    why = fault_of(a_job(status="cancelled", code=None, error="Cancelled by request."))
    assert why is not None
    assert why.code is Code.CANCELLED


def test_the_devices_own_words_and_what_it_is_left_as_stand_beside_the_sentence() -> None:
    job = a_job(
        status="failed",
        code=Code.DEVICE_REFUSED,
        details="low power",
        device_state="system partly written",
    )
    why = fault_of(job)
    assert why is not None
    assert told_beside(job, why)[:2] == ["details: low power", "device: system partly written"]


def test_what_came_of_a_way_back_is_told_where_there_was_one() -> None:
    way = Rollback(kind="slot", outcome="rolled_back")
    job = a_job(status="failed", code=Code.NOT_BOOTED, rollback=way)
    why = fault_of(job)
    assert why is not None
    assert "rollback: the device was brought back" in told_beside(job, why)


def test_the_last_line_counts_and_tells_the_time_from_first_to_last() -> None:
    jobs = [
        a_job(status=Status.COMPLETED, started_at=START, finished_at=START + 92_400),
        a_job(status=Status.FAILED, started_at=START + 1000, finished_at=START + 95_100),
    ]
    assert totals(jobs) == "Finished: 1 completed, 1 failed. Total time: 95.1s"
    assert totals(jobs[:1], refused=2) == "Finished: 1 completed, 2 refused. Total time: 92.4s"
