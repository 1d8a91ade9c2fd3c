"""What ended jobs add up to is told so that what fails most is seen first, and nothing lies."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import ImageRef, StepRecord
from flashyard.contract.statistics import LeftOut, Statistics
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.census import Census
from flashyard_bridge.history.statistics.question import FEW, Question
from flashyard_bridge.rest.history_sheet import SHEET
from support.records import ended_job, past_of


def after(minutes: int, **changes: Any) -> Past:
    """Make a job that ended so many minutes after the first."""
    return past_of(ended_job(minutes, **changes))


async def told(
    database: Database, pasts: list[Past], limit: int = 20, few: int = FEW, **asked: Any
) -> Statistics:
    await History(database).store(pasts)
    return await Census(database).take(Question(Sought(**asked), limit, limit, few))


FAILED = {"status": Status.FAILED, "code": Code.LINK_LOST}


@pytest.mark.parametrize("few", [FEW, 1], ids=["few", "many"])
async def test_what_failed_most_often_is_told_first_and_what_is_left_out_is_counted(
    database: Database, few: int
) -> None:
    pasts = [
        *(after(number, device_id="GOOD") for number in range(4)),
        *(after(number, device_id="BAD", **FAILED) for number in range(4, 6)),
        *(after(number, device_id="FINE") for number in range(6, 8)),
        after(8, device_id="SO_SO", **FAILED),
        after(9, device_id="SO_SO"),
    ]
    said = await told(database, pasts, limit=2, few=few)
    assert [(each.device_id, each.failed) for each in said.devices] == [("BAD", 2), ("SO_SO", 1)]
    assert said.left_out == {"devices": LeftOut(entries=2, jobs=6, failed=0)}
    assert [(each.code, each.failed) for each in said.faults] == [(Code.LINK_LOST, 3)]


async def test_what_was_cancelled_is_no_failure_and_only_all_is_all(database: Database) -> None:
    ends = [Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.CANCELLED]
    pasts = [after(number, status=end) for number, end in enumerate(ends)]
    said = await told(database, pasts)
    assert said.totals.success_rate == 0.666666
    failed = await told(database, [], status="failed")
    assert (failed.totals.jobs, failed.totals.success_rate) == (1, None)
    cancelled = await told(database, [], since=pasts[-1].record.job.finished_at)
    assert (cancelled.totals.jobs, cancelled.totals.success_rate) == (1, None)
    nothing = await told(database, [], device_id="NONE")
    assert (nothing.totals.jobs, nothing.totals.success_rate, nothing.devices) == (0, None, ())


@pytest.mark.parametrize("few", [FEW, 1], ids=["few", "many"])
async def test_of_a_job_that_failed_what_was_at_fault_counts_or_else_all_of_it(
    database: Database, few: int
) -> None:
    def step(partition: str, status: Status, image: str) -> StepRecord:
        return StepRecord(partition=partition, status=status, bytes=7, image=image * 64)

    did, did_not, was_not = Status.COMPLETED, Status.FAILED, Status.CANCELLED
    in_the_middle = (
        step("boot", did, "b"),
        step("system", did_not, "c"),
        step("dtbo", was_not, "d"),
    )
    written = (step("boot", did, "b"), step("system", did, "c"))
    pasts = [
        after(0, **FAILED, steps=in_the_middle, image=None),
        after(1, **FAILED, steps=written, image=None),  # but it did not start
    ]
    said = await told(database, pasts, few=few)
    assert [(e.partition, e.jobs, e.failed, e.bytes) for e in said.partitions] == [
        ("system", 2, 2, 14),
        ("boot", 1, 1, 14),
    ]
    assert [((each.sha256 or "")[0], each.failed) for each in said.images] == [("c", 2), ("b", 1)]
    assert said.totals.failed == 2


@pytest.mark.parametrize("few", [FEW, 1], ids=["few", "many"])
async def test_devices_and_images_are_called_what_they_were_called_last(
    database: Database, few: int
) -> None:
    named = ImageRef(sha256="e" * 64, name="new.img", size=1)
    old = named.with_(name="old.img")
    pasts = [
        after(0, device_name="Old", image=old),
        after(60 * 24 * 40, device_name="New", image=named),
    ]
    said = await told(database, pasts, few=few)
    assert [(each.device_id, each.device_name) for each in said.devices] == [("UNIT_1", "New")]
    assert [each.name for each in said.images] == ["new.img"]
    assert len(said.days) == 2
    assert said.days[0].day == "2023-12-24"


async def test_of_the_days_the_newest_are_told(database: Database) -> None:
    pasts = [after(60 * 24 * day) for day in range(5)]
    said = await told(database, pasts, limit=2)
    assert [each.day for each in said.days] == ["2023-11-18", "2023-11-17"]
    assert said.left_out["days"].jobs == 3


@pytest.mark.parametrize("few", [FEW, 1], ids=["few", "many"])
async def test_a_clock_beyond_all_calendars_spoils_nothing(database: Database, few: int) -> None:
    past = past_of(ended_job(finished_at=2**53 - 1), recorded_at=0)
    said = await told(database, [past, after(1)], few=few, until=2**53 - 1)
    assert [each.day for each in said.days] == ["9999-12-30", "2023-11-14"]
    assert said.totals.jobs == 2
    page = await History(database).page(Sought(status="completed"), None, 2)
    assert page.jobs[0].job_id == past.record.job_id
    [row] = SHEET.lines("csv", [page.jobs[0]]).decode().splitlines()
    assert "9999-12-30T23:59:59.000Z" in row
