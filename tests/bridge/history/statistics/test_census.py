"""Who has many jobs counted one by one keeps nobody waiting, and only a few do so at a time."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.history import History
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.census import MOST, Census
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.segments import passage, ranges
from flashyard_bridge.history.statistics.segments.kept import gather
from support.records import ended_job, past_of

MANY = Question(Sought(device_id="UNIT_1"), 20, 20, few=1)
JOBS = 5


@pytest.fixture
async def stored(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(passage, "AT_ONCE", 1)
    monkeypatch.setattr(ranges, "SMALL", 2)
    await History(database).store([past_of(ended_job(number)) for number in range(JOBS)])
    await database.write(gather)
    return database


async def test_many_are_counted_a_few_at_a_time_and_none_twice(stored: Database) -> None:
    said = await Census(stored).take(MANY)
    assert (said.totals.jobs, said.quantiles) == (JOBS, "within 2 %")


async def test_of_long_counts_only_so_many_are_under_way_and_then_there_is_room_again(
    stored: Database,
) -> None:
    counting = Census(stored)
    with ExitStack() as busy:
        for _ in range(MOST):
            busy.enter_context(counting._long_count())
        with pytest.raises(FaultError) as refused:
            await counting.take(MANY)
        assert refused.value.fault.code is Code.RATE_LIMITED
        assert (await counting.take(Question(Sought(), 20, 20, few=1))).totals.jobs == JOBS
    both = await asyncio.gather(*(counting.take(MANY) for _ in range(MOST)))
    assert [said.totals.jobs for said in both] == [JOBS] * MOST
