"""What jobs add up to is kept as they come, and gone when they go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Select, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.rollups import ROLLUPS
from flashyard_bridge.history import store
from flashyard_bridge.history.history import History
from flashyard_bridge.history.statistics import rollups, table
from flashyard_bridge.history.statistics.table import ALL_KITS, BLOCK, Key
from support.records import ended_job, past_of


async def test_nothing_is_left_of_jobs_that_are_all_forgotten(database: Database) -> None:
    def forget(connection: Connection) -> list[Any]:
        numbers = connection.scalars(select(PAST_JOBS.c.number)).all()
        store.forget(connection, numbers[:2])
        assert connection.execute(select(ROLLUPS)).all()
        store.forget(connection, numbers[2:])
        return list(connection.execute(select(ROLLUPS)))

    await History(database).store([past_of(ended_job(number)) for number in range(3)])
    assert await database.write(forget) == []


@pytest.mark.parametrize("chance", [0.0, 1.0], ids=["merged", "appended"])
async def test_rows_add_up_whether_they_are_merged_or_only_appended_to(
    database: Database, monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    monkeypatch.setattr(rollups, "random", lambda: chance)
    for number in range(5):
        await History(database).store([past_of(ended_job(number, average_speed=100 * number))])
    key: Key = ("devices", BLOCK, ALL_KITS, 19_648, "hub-1", "UNIT_1")
    tally = (await database.read(lambda connection: table.read(connection, [key])))[key]
    assert (tally.jobs, tally.sizes, tally.name) == ([5, 0, 0], [5000, 0, 0], "Unit 1")
    assert (sum(tally.durations.values()), sum(tally.speeds.values())) == (5, 4)
    [row] = await database.read(lambda connection: connection.execute(one_of(key)).all())
    assert (row.durations == b"", row.recent == b"") == (bool(chance), not chance)


@pytest.mark.parametrize("chance", [0.0, 1.0], ids=["merged", "appended"])
async def test_a_port_with_a_nul_in_its_name_is_one_port(
    database: Database, monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    monkeypatch.setattr(rollups, "random", lambda: chance)
    for number in range(3):
        past = past_of(ended_job(number))
        odd = replace(past, record=past.record.with_(port="usb\x00 1"))
        await History(database).store([odd])
    ports = select(ROLLUPS.c.item, ROLLUPS.c.completed).where(
        ROLLUPS.c.view == "ports", ROLLUPS.c.days == 1
    )
    rows = await database.read(lambda connection: connection.execute(ports).all())
    assert [tuple(row) for row in rows] == [("usb\N{REPLACEMENT CHARACTER} 1", 3)]


async def test_a_name_that_was_given_up_does_not_come_back_as_its_jobs_go(
    database: Database,
) -> None:
    for number, name in enumerate(("Old", "New")):
        await History(database).store([past_of(ended_job(number, device_name=name))])
    oldest = select(PAST_JOBS.c.number).order_by(PAST_JOBS.c.number).limit(1)

    def forget(connection: Connection) -> set[str]:
        store.forget(connection, connection.scalars(oldest).all())
        return set(connection.scalars(names))

    names = select(ROLLUPS.c.name).where(ROLLUPS.c.view == "devices", ROLLUPS.c.name.is_not(None))
    assert await database.write(forget) == {"New"}


def one_of(key: Key) -> Select[Any]:
    return select(ROLLUPS).where(
        *(column == value for column, value in zip(ROLLUPS.primary_key, key, strict=True))
    )
