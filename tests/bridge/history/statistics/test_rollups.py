"""What jobs add up to is kept as they come, and gone when they go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import downgrade, upgrade
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.rollups import KITS, ROLLUPS
from flashyard_bridge.history import store
from flashyard_bridge.history.history import History
from support.records import IMAGE, ended_job, past_of


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


async def test_those_that_were_stored_before_there_were_any_are_added_up(
    database: Database,
) -> None:
    await History(database).store([past_of(ended_job(number, image=IMAGE)) for number in range(3)])
    before = await database.read(rows)
    await database.write(lambda connection: downgrade(connection, "0005"))
    await database.write(upgrade)
    assert await database.read(rows) == before
    assert await database.read(lambda c: c.execute(select(KITS)).all()) == [("system", "system")]
