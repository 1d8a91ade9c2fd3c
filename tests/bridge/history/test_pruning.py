"""What is too old or too much leaves the history, a little at a time, and the trail says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, func, select, text

from flashyard_bridge.database import upkeep
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import upgrade
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_LOGS, PAST_STEPS
from flashyard_bridge.database.upkeep import DAY
from flashyard_bridge.history import pruning
from flashyard_bridge.history.history import History
from flashyard_bridge.history.pruning import Bounds, Pruner, prune
from flashyard_bridge.history.store import store
from support.postgres import Postgres
from support.records import ENDED, ended_job, past_of
from support.waiting import until, until_told

NOW = ENDED + 100 * DAY


def fill(connection: Connection, recorded: Sequence[int]) -> None:
    """Store a job for each of these times, in their order."""
    jobs = [ended_job(number) for number in range(len(recorded))]
    told = zip(jobs, recorded, strict=True)
    store(connection, [past_of(job, recorded_at=at) for job, at in told])


def left(connection: Connection) -> list[int]:
    """Tell when the jobs that are left were recorded, the longest there first."""
    return list(connection.scalars(select(PAST_JOBS.c.recorded_at).order_by(PAST_JOBS.c.number)))


def sizes(connection: Connection) -> list[int]:
    tables = (PAST_JOBS, PAST_STEPS, PAST_LOGS)
    return [connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables]


def noted(connection: Connection) -> list[dict[str, Any]]:
    query = select(AUDIT.c.details).where(AUDIT.c.action == "history_pruned")
    return list(connection.scalars(query.order_by(AUDIT.c.number)))


async def pruned(database: Database, **bounds: int) -> None:
    """Go round once."""
    pruner = Pruner(database, lambda: NOW, Bounds(**{"days": 0, "jobs": 0, **bounds}))
    await pruner._go_round()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "SOON", 0.0)
    monkeypatch.setattr(pruning, "BATCH", 4)


async def test_what_is_too_old_goes_with_all_that_belongs_to_it(database: Database) -> None:
    await database.write(lambda c: fill(c, [NOW - age * DAY for age in range(40, 0, -1)]))
    await pruned(database, days=30)
    assert await database.read(sizes) == [30, 30, 30]
    told = await database.read(noted)
    assert [each["jobs"] for each in told] == [4, 4, 2]
    assert sum(each["tooOld"] for each in told) == 10
    assert told[0]["recordedSince"] == NOW - 40 * DAY
    assert told[-1]["recordedUntil"] == NOW - 31 * DAY
    await pruned(database, days=30)
    assert len(await database.read(noted)) == 3, "nothing went, and nothing is said"


async def test_of_too_many_the_longest_on_record_go_and_some_more_so_that_it_is_rarely_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "SPARE", 0.2)
    await database.write(lambda c: fill(c, range(30)))
    await pruned(database, jobs=30)
    assert await database.read(sizes) == [30, 30, 30]
    await pruned(database, jobs=20)
    assert await database.read(left) == list(range(14, 30))
    assert sum(each["tooMany"] for each in await database.read(noted)) == 14


async def test_a_bound_of_0_is_none(database: Database) -> None:
    await database.write(lambda c: fill(c, range(9)))
    await pruned(database)
    assert await database.read(sizes) == [9, 9, 9]


async def test_several_bridges_at_once_remove_no_more_than_one(
    database: Database, database_url: str
) -> None:
    others = [Database(database_url) for _ in range(2)]
    for each in others:
        each.open()
    await database.write(lambda c: fill(c, range(60)))
    await asyncio.gather(*(pruned(each, jobs=20) for each in (database, *others)))
    assert await database.read(left) == list(range(40, 60))
    assert sum(each["jobs"] for each in await database.read(noted)) == 40
    for each in others:
        each.close()


async def test_it_goes_on_after_the_database_was_gone(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "HOUR", 0.05)
    database = Database(postgres.create())
    database.open()
    await database.write(lambda c: fill(c, range(9)))
    await postgres.kill()
    running = asyncio.create_task(Pruner(database, lambda: NOW, Bounds(days=1, jobs=0)).run())
    await until(lambda: "not pruned for now" in caplog.text)
    await postgres.start()

    async def is_empty() -> bool:
        return await database.read(sizes) == [0, 0, 0]

    await until_told(is_empty)
    running.cancel()
    await asyncio.wait([running])
    database.close()


async def test_a_job_that_cannot_leave_ends_no_bridge_and_goes_once_it_can(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stuck(connection: Connection, _numbers: Sequence[int]) -> None:
        connection.execute(text("INSERT INTO alembic_version VALUES (NULL)"))

    monkeypatch.setattr(upkeep, "HOUR", 0.05)
    await database.write(lambda c: fill(c, range(9)))
    with monkeypatch.context() as patched:
        patched.setattr(pruning, "forget", stuck)
        pruner = Pruner(database, lambda: NOW, Bounds(days=1, jobs=0))
        running = asyncio.create_task(pruner.run())
        await until(lambda: "not pruned for now" in caplog.text or running.done())
    assert not running.done()

    async def is_empty() -> bool:
        return await database.read(sizes) == [0, 0, 0]

    await until_told(is_empty)
    running.cancel()
    await asyncio.wait([running])


async def test_what_the_history_counted_before_stays_found(database: Database) -> None:
    history = History(database)
    await database.write(lambda c: fill(c, range(9)))
    await pruned(database, jobs=3)
    assert await history.job(ended_job(0).job_id) is None
    assert await history.job(ended_job(8).job_id) is not None
    await history.store([past_of(ended_job(100))])
    assert await history.job(ended_job(100).job_id) is not None


@pytest.fixture(scope="module")
def empty() -> Iterator[Engine]:
    """A history with nothing in it; who fills it takes that back."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
    yield engine
    engine.dispose()


@given(
    recorded=st.lists(st.integers(0, 60), max_size=30),
    before=st.integers(0, 60),
    most=st.integers(0, 30),
    batch=st.integers(1, 40),
)
def test_what_goes_is_what_is_longest_on_record_and_no_more_than_is_due(
    empty: Engine, recorded: list[int], before: int, most: int, batch: int
) -> None:
    with empty.connect() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pruning, "BATCH", batch)
        pasts = enumerate(recorded)
        store(connection, [past_of(ended_job(n), recorded_at=at) for n, at in pasts])
        gone = 0
        while removed := prune(connection, before=before, most=most, now=NOW):
            assert removed <= batch
            gone += removed
        stay = recorded[gone:]
        assert left(connection) == stay
        assert not stay or stay[0] >= before
        assert not most or len(stay) <= most
        # One less, and something that is due would have stayed.
        assert gone == 0 or recorded[gone - 1] < before or (most and len(stay) < most + 1)
        assert sum(each["jobs"] for each in noted(connection)) == gone
        connection.rollback()
