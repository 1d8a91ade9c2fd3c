"""Many rows at once are there as if each had been inserted, or none of them is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.requester import Requester
from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history.past import row_of
from support.postgres import Postgres
from support.records import ended_job, past_of

ODD = "tab\t, line\nend, \\N, \\., \N{SNOWMAN}, '\"`"


def job(number: int, **changes: Any) -> dict[str, Any]:
    row = row_of(past_of(ended_job(number, **changes)))
    return {"number": number, **row}


def line(**more: Any) -> dict[str, Any]:
    """A row of the table with most kinds of columns."""
    empty = dict.fromkeys(("job_id", "device_id", "hub_id", "subject", "code", "error"))
    rest: dict[str, Any] = {"requester": None, "details": None, "identity": None}
    return {"at": 1, "action": "start", "outcome": "accepted", **empty, **rest, **more}


def jobs(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(PAST_JOBS)) or 0


async def test_a_row_is_what_it_would_be_had_it_been_inserted(database: Database) -> None:
    rows = [
        line(error=ODD, details={"said": ODD, "list": [1, None, True]}),
        line(requester=Requester(user=ODD, address="::1")),
        line(job_id="job_1700000000_000000", code="cancelled"),
    ]

    def both(connection: Connection) -> list[list[Any]]:
        query = select(*(each for each in AUDIT.c if each.name != "number")).order_by(
            AUDIT.c.number
        )
        load(connection, AUDIT, rows)
        loaded = connection.execute(query).all()
        connection.execute(insert(AUDIT), rows)
        every = connection.execute(query).all()
        return [list(loaded), list(every[len(loaded) :])]

    loaded, inserted = await database.write(both)
    assert loaded == inserted
    assert len(loaded) == 3


async def test_bytes_and_odd_texts_come_back(database: Database) -> None:
    rows = [job(number, device_name=ODD) for number in range(1, 4)]
    await database.write(lambda connection: load(connection, PAST_JOBS, rows))
    found = await database.read(lambda c: c.execute(select(PAST_JOBS)).mappings().all())
    assert [dict(each) for each in found] == rows


async def test_all_or_none_are_there_and_what_was_wrong_is_ours(database: Database) -> None:
    twice = [job(1), job(2), job(1)]
    with pytest.raises(IntegrityError):
        await database.write(lambda connection: load(connection, PAST_JOBS, twice))
    assert await database.read(jobs) == 0
    await database.write(lambda connection: load(connection, PAST_JOBS, []))
    await database.write(lambda connection: load(connection, PAST_JOBS, twice[:2]))
    assert await database.read(jobs) == 2


async def test_a_server_that_dies_in_the_midst_of_it_is_unreachable_and_used_again(
    postgres: Postgres,
) -> None:
    database = Database(postgres.create("up_to_date"))
    database.open()
    loop = asyncio.get_running_loop()

    def lose(connection: Connection) -> None:
        asyncio.run_coroutine_threadsafe(postgres.kill(), loop).result(20)
        load(connection, PAST_JOBS, [job(1)])

    with pytest.raises(FaultError) as caught:
        await database.write(lose)
    assert caught.value.fault.code is Code.DATABASE_UNREACHABLE
    await postgres.start()
    await database.write(lambda connection: load(connection, PAST_JOBS, [job(1)]))
    assert await database.read(jobs) == 1
    database.close()
