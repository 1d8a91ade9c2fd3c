"""What is told of a batch, from what is kept of it and what its jobs say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.batches import BatchStatus, ItemStatus
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard_bridge.batches.kept import KeptBatch, KeptItem
from flashyard_bridge.batches.sights import change_of, permille, tell

SIZE = 1000


def batch(**more: Any) -> KeptBatch:
    unsaid = ("name", "idempotency_key", "max_parallel", "max_failures", "max_failure_percent")
    told: dict[str, Any] = {"id": "batch_1", "flash": {}, "fingerprint": "", "created_at": 1}
    return KeptBatch(**{**dict.fromkeys(unsaid), **told, "device_bytes": SIZE, **more})


def item(number: int, status: ItemStatus, **more: Any) -> KeptItem:
    told = {"hub_id": "a", "device_id": f"D{number}", "device_name": "D", "serial": None, **more}
    return KeptItem(number=number, status=status, job_id=job_id(number), **told)


def job(number: int, taken: int, status: Status = Status.RUNNING, **more: Any) -> Job:
    return Job(
        job_id=job_id(number),
        device_id=f"D{number}",
        device_name="D",
        hub_id="a",
        partition="boot",
        status=status,
        phase=Phase.WRITING if status is Status.RUNNING else Phase(status.value),
        stage="",
        total_bytes=SIZE,
        bytes_transferred=taken,
        queued_at=1,
        **more,
    )


def job_id(number: int) -> str:
    return f"job_0000000001_{number:06}"


@given(
    before=st.integers(0, 999),
    all_taken=st.lists(st.integers(0, 2 * SIZE), min_size=1, max_size=6),
    statuses=st.lists(st.sampled_from(ItemStatus), min_size=6, max_size=6),
)
def test_progress_never_falls_and_is_whole_only_where_all_are_completed(
    before: int, all_taken: list[int], statuses: list[ItemStatus]
) -> None:
    items = [item(number, statuses[number]) for number in range(len(all_taken))]
    jobs = {job_id(number): job(number, taken) for number, taken in enumerate(all_taken)}
    told = permille(batch(permille=before), items, jobs)
    assert before <= told <= 1000
    assert (told == 1000) is all(each.status is ItemStatus.COMPLETED for each in items)


def test_the_time_left_is_that_of_all_that_will_be_started() -> None:
    items = [item(0, ItemStatus.RUNNING), item(1, ItemStatus.WAITING)]
    jobs = {job_id(0): job(0, 500, average_speed=100, estimated_time_remaining=5)}
    assert tell(batch(), items, jobs).estimated_time_remaining == 15
    paused = batch(status=BatchStatus.PAUSED)
    assert tell(paused, items, jobs).estimated_time_remaining == 5
    assert tell(batch(), items, {}).estimated_time_remaining == 0, "nobody knows"


def test_an_image_without_content_is_no_division_by_nothing() -> None:
    items = [item(0, ItemStatus.COMPLETED), item(1, ItemStatus.RUNNING)]
    told = tell(batch(device_bytes=0), items, {})
    assert told.items is not None
    assert [told.progress, *(each.progress for each in told.items)] == [0.0, 100.0, 0.0]


def test_a_later_word_that_it_did_complete_is_believed() -> None:
    lost = item(0, ItemStatus.FAILED, code=Code.HUB_LOST)
    jobs = {job_id(0): job(0, SIZE, Status.COMPLETED)}
    change = change_of(lost, jobs, 1)
    assert change is not None
    assert change.status is ItemStatus.COMPLETED
    assert change_of(lost, {job_id(0): job(0, 1, Status.FAILED)}, 1) is None
    assert change_of(item(0, ItemStatus.SKIPPED), jobs, 1) is None


def test_a_job_that_somebody_cancelled_is_no_failure() -> None:
    running = item(0, ItemStatus.RUNNING)
    for said in (
        job(0, 1, Status.CANCELLED, code=Code.CANCELLED),
        job(0, 1, Status.FAILED, code=Code.CANCELLED),
    ):
        change = change_of(running, {job_id(0): said}, 1)
        assert change is not None
        assert (change.status, change.bytes) == (ItemStatus.CANCELLED, 1)
