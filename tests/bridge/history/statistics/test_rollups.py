"""What jobs add up to is kept as they come, and gone when they go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history import store
from flashyard_bridge.history.history import History
from support.records import ended_job, past_of


def rows(connection: Connection) -> list[tuple[Any, ...]]:
    """Tell all rows, but for the names: they may be those of jobs that are gone."""
    kept = [column for column in ROLLUPS.c if column.name != "name"]
    return [tuple(row) for row in connection.execute(select(*kept).order_by(*kept[:6]))]


async def test_nothing_is_left_of_jobs_that_are_all_forgotten(database: Database) -> None:
    def forget(connection: Connection) -> list[Any]:
        numbers = connection.scalars(select(PAST_JOBS.c.number)).all()
        store.forget(connection, numbers[:2])
        assert rows(connection)
        store.forget(connection, numbers[2:])
        return rows(connection)

    await History(database).store([past_of(ended_job(number)) for number in range(3)])
    assert await database.write(forget) == []
