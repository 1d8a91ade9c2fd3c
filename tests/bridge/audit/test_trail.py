"""The trail is written soon, without anybody waiting for it, and says what it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import Connection

from flashyard.contract.audit import AuditEntry
from flashyard.contract.requester import Requester
from flashyard_bridge.audit import trail as keeping
from flashyard_bridge.audit.lines import append_once
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.database import upkeep
from flashyard_bridge.database.database import Database
from support.postgres import Postgres
from support.trail import bring_back, line, lines_in, take_away
from support.waiting import until

NOW = 1_700_000_000_500


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETRY", 0.05)
    monkeypatch.setattr(upkeep, "RETRY_MOST", 0.1)


@pytest.fixture
def trail(database: Database) -> Trail:
    return Trail(database, lambda: NOW)


@pytest.fixture
async def running(trail: Trail) -> AsyncIterator[Trail]:
    writing = asyncio.create_task(trail.run())
    yield trail
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_a_line_is_there_soon_as_it_was_noted(running: Trail, database: Database) -> None:
    asked = Requester(identity="alice", user="al@bench", address="192.0.2.7", agent="curl")
    noted = line(requester=asked, job_id="job_1700000000_aaaaaa", details={"limit": None})
    running.note(noted)
    await until(lambda: running.waiting == 0)
    [found] = await lines_in(database)
    assert found.number == 1
    assert AuditEntry(**{name: getattr(found, name) for name in AuditEntry.model_fields}) == noted


async def test_lines_keep_their_order(running: Trail, database: Database) -> None:
    for number in range(1200):
        running.note(line(number))
    await until(lambda: running.waiting == 0)
    found = await lines_in(database)
    assert [each.at for each in found] == [line(number).at for number in range(1200)]
    assert [each.number for each in found] == sorted({each.number for each in found})


async def test_while_the_database_is_gone_lines_wait_and_too_many_are_counted(
    running: Trail, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST", 50)
    await take_away(database)
    for number in range(70):
        running.note(line(number))
    await until(lambda: running.trouble is not None)
    assert (running.waiting, running.lost) == (50, 20)
    await bring_back(database)
    await until(lambda: running.waiting == 0)
    *kept, lost = await lines_in(database)
    assert [each.at for each in kept] == [line(number).at for number in range(50)]
    assert (lost.action, lost.outcome) == ("lines_lost", "noted")
    assert lost.details == {"lines": 20, "since": line(50).at, "until": NOW}
    assert (running.trouble, running.lost) == (None, 20)


async def test_a_bridge_that_stops_writes_what_waits(trail: Trail, database: Database) -> None:
    for number in range(1200):
        trail.note(line(number))
    await trail.finish()
    assert len(await lines_in(database)) == 1200


async def test_a_bridge_that_stops_without_its_database_says_what_is_lost(
    trail: Trail, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await take_away(database)
    trail.note(line())
    await trail.finish()
    assert "1 lines of the audit trail are lost" in caplog.text


async def test_a_write_that_was_done_though_it_broke_off_is_not_done_again(
    trail: Trail, database: Database
) -> None:
    trail.note(line(1))
    await database.write(partial(append_once, entries=dict(trail._waiting)))
    trail.note(line(2))
    await trail.finish()
    assert [each.at for each in await lines_in(database)] == [line(1).at, line(2).at]


async def test_a_line_the_database_takes_for_none_holds_up_no_other_and_is_told_as_lost(
    trail: Trail, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def guard(connection: Connection) -> None:
        check = "SELECT 1 WHERE NEW.action = 'odd'"
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER odd BEFORE INSERT ON audit WHEN EXISTS ({check})"
                " BEGIN SELECT RAISE(ABORT, 'odd'); END"
            )
        else:
            connection.exec_driver_sql("ALTER TABLE audit ADD CHECK (action <> 'odd')")

    await database.write(guard)
    for number, action in enumerate(("cancel", "odd", "pause")):
        trail.note(line(number, action=action))
    await trail.finish()
    *kept, lost = await lines_in(database)
    assert [each.action for each in kept] == ["cancel", "pause"]
    assert (lost.action, (lost.details or {})["lines"]) == ("lines_lost", 1)
    assert "is refused" in caplog.text
    assert trail.lost == 1


@pytest.mark.long
async def test_a_server_that_is_killed_again_and_again_costs_no_line_and_doubles_none(
    postgres: Postgres,
) -> None:
    database = Database(postgres.create("up_to_date"))
    await asyncio.to_thread(database.open)
    trail = Trail(database, lambda: NOW)
    writing = asyncio.create_task(trail.run())
    for number in range(2_000):
        trail.note(line(number))
        if number % 400 == 399:
            await postgres.kill()
            await postgres.start()
        elif number % 20 == 0:
            await asyncio.sleep(0.01)  # it is written while more comes
    await until(lambda: trail.waiting == 0, 60)
    writing.cancel()
    assert [each.at for each in await lines_in(database)] == [line(n).at for n in range(2_000)]
    await asyncio.to_thread(database.close)
