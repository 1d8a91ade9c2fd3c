"""Jobs are gathered into segments as they come, and each is counted once whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import Connection, select, update

from flashyard.contract.history import Teller
from flashyard.contract.phases import Status
from flashyard.contract.records import StepRecord
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.segments import PAST_SEGMENTS
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past, row_of, steps_of
from flashyard_bridge.history.sought import Sought
from flashyard_bridge.history.statistics.facts import facts_of
from flashyard_bridge.history.statistics.histogram import EXACT
from flashyard_bridge.history.statistics.segments import gatherer
from flashyard_bridge.history.statistics.segments import ranges as range_of
from flashyard_bridge.history.statistics.segments.kept import gather, some
from flashyard_bridge.history.statistics.segments.ranges import newest
from flashyard_bridge.history.statistics.segments.segment import (
    Segment,
    joined,
    segment_of,
    unpack,
)
from flashyard_bridge.history.store import forget
from support.records import ended_job, past_of
from support.waiting import until_told

SMALL, JOINED = 2, 3
STEPS = 16
TELLERS: tuple[Teller, ...] = ("bridge", "hub")
EVERY = 2**31


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_of, "SMALL", SMALL)
    monkeypatch.setattr(range_of, "JOINED", JOINED)


def pasts(numbers: Sequence[int]) -> list[Past]:
    return [past_of(ended_job(number)) for number in numbers]


def ranges(connection: Connection) -> list[tuple[int, int]]:
    found = select(PAST_SEGMENTS.c.first, PAST_SEGMENTS.c.last).order_by(PAST_SEGMENTS.c.first)
    return [(first, last) for first, last in connection.execute(found)]


def numbers(connection: Connection) -> list[int]:
    return list(connection.scalars(select(PAST_JOBS.c.number).order_by(PAST_JOBS.c.number)))


def told(connection: Connection) -> list[int]:
    """Go through all as a count does."""
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        segments, after = some(connection, Sought(), after, EVERY, 1)
        found += [number for each in segments for number in each.jobs["number"].tolist()]
    return found


async def gather_all(database: Database) -> None:
    while await database.write(gather):
        pass


async def test_small_segments_become_a_large_one(database: Database) -> None:
    history = History(database)
    for number in range(9):
        await history.store(pasts([number]))
        await database.write(gather)
    await gather_all(database)
    large = SMALL * JOINED
    assert await database.read(ranges) == [(1, large), (large + 1, large + SMALL)]
    assert await database.read(told) == await database.read(numbers) == list(range(1, 10))


async def test_what_was_there_before_is_gathered_and_then_what_is_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatherer, "SMALL", SMALL)
    history = History(database)
    await history.store(pasts(range(9)))
    await database.write(partial(forget, numbers=[1]))

    async def are_gathered(expected: list[tuple[int, int]]) -> None:
        async def is_so() -> bool:
            return await database.read(ranges) == expected

        await until_told(is_so)

    gathering = asyncio.create_task(history.gatherer.run())
    try:
        await are_gathered([(2, 7), (8, 9)])
        await history.store(pasts([9]))
        await history.store(pasts([10]))
        await are_gathered([(2, 7), (8, 9), (10, 11)])
    finally:
        gathering.cancel()
    assert await database.read(told) == list(range(2, 12))


async def test_who_is_forgotten_is_in_no_segment_and_its_number_is_nobody_elses(
    database: Database,
) -> None:
    history = History(database)
    await history.store(pasts(range(4)))
    await gather_all(database)
    await database.write(partial(forget, numbers=[2, 3, 4]))
    assert await database.read(ranges) == [(1, 2)]
    await history.store(pasts([4, 5]))
    assert await database.read(told) == await database.read(numbers) == [1, 3, 4]


async def test_what_is_joined_or_gathered_while_somebody_counts_is_counted_once(
    database: Database,
) -> None:
    await History(database).store(pasts(range(9)))
    while await database.read(lambda connection: len(ranges(connection))) < JOINED:
        await database.write(gather)
    first, last = await database.read(partial(some, sought=Sought(), after=0, upto=EVERY, most=1))
    assert last == SMALL
    await gather_all(database)
    assert await database.read(ranges) == [(1, 6), (7, 8)]
    rest, end = await database.read(partial(some, sought=Sought(), after=last, upto=EVERY, most=9))
    counted = [number for each in [*first, *rest] for number in each.jobs["number"].tolist()]
    assert (counted, end) == (list(range(1, 10)), None)


async def test_segments_of_other_times_are_not_read(database: Database) -> None:
    await History(database).store(pasts(range(9)))
    await gather_all(database)
    at = ended_job(8).finished_at or 0
    segments, _ = await database.read(
        partial(some, sought=Sought(since=at), after=0, upto=EVERY, most=9)
    )
    assert [each.jobs["number"].tolist() for each in segments] == [[9]]


async def test_a_damaged_segment_loses_no_job_and_keeps_none_from_being_forgotten(
    database: Database,
) -> None:
    await History(database).store(pasts(range(4)))
    await gather_all(database)
    damaged = update(PAST_SEGMENTS).where(PAST_SEGMENTS.c.first == 1)
    for harm in ({"jobs": b"\xff" * 51 * SMALL}, {"jobs": b"?"}, {"texts": b""}):
        await database.write(lambda c, harm=harm: c.execute(damaged.values(**harm)))  # type: ignore[misc]
        assert await database.read(told) == [1, 2, 3, 4]
    await database.write(partial(forget, numbers=[2]))
    assert await database.read(told) == [1, 3, 4]


async def test_who_is_overridden_while_somebody_counts_is_not_counted_twice(
    database: Database,
) -> None:
    history = History(database)
    by_bridge, by_hub = (Past(past_of(ended_job(0)).record, told, 1) for told in TELLERS)
    await history.store([by_bridge, *pasts(range(1, 5))])
    await gather_all(database)
    count = partial(some, sought=Sought(words=("job",)), upto=await database.read(newest))
    first, last = await database.read(partial(count, after=0, most=1))
    await history.store([by_hub])
    rest, _ = await database.read(partial(count, after=last or 0, most=9))
    ids = [line for each in [*first, *rest] for line in each.ids.split()]
    assert len(ids) == len(set(ids)) == 5


def test_segments_that_have_more_images_than_jobs_are_joined_without_a_loss() -> None:
    def steps(number: int) -> tuple[StepRecord, ...]:
        return tuple(
            StepRecord(
                partition=f"p{step}",
                status=Status.COMPLETED,
                bytes=1,
                image=f"{number:058x}{step:06x}",
            )
            for step in range(STEPS)
        )

    def segment(number: int) -> Segment:
        row = {"number": number, **row_of(past_of(ended_job(0)))}
        job = ended_job(0, steps=steps(number), image=None)
        return segment_of(facts_of([(row, steps_of(job))], EXACT))

    many = (1 << 16) // STEPS + 1
    large = unpack(joined([segment(number) for number in range(many)]).pack())
    values = list(zip(large.texts("kind"), large.texts("value"), strict=True))
    told = Counter(values[share] for share in large.shares["value"].tolist())
    assert {told["partitions", f"p{step}"] for step in range(STEPS)} == {many}
    assert sum(kind == "images" for kind, _ in told) == many * STEPS
    assert large.shares["job"].tolist() == [at for at in range(many) for _ in range(2 * STEPS)]
