"""What takes long to read is in nobody's way, and ends when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, text

from flashyard.contract.faults import FaultError
from flashyard_bridge.database import database as module
from flashyard_bridge.database.database import READERS, Database

_FOR_EVER = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT max(n) FROM n"


def in_one(connection: Connection) -> None:
    connection.execute(text(_FOR_EVER)).close()


def in_many(connection: Connection) -> None:
    while True:
        connection.execute(text("SELECT 1")).close()


def little(connection: Connection) -> int:
    return len(connection.execute(text("SELECT version_num FROM alembic_version")).all())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'flashyard.db'}")
    await asyncio.to_thread(opened.open)
    yield opened
    await asyncio.to_thread(opened.close)


async def test_readers_hold_up_no_writer_nor_health(database: Database) -> None:
    is_over = Event()
    slow = [database.read(lambda _: is_over.wait(30.0)) for _ in range(READERS)]
    reading = asyncio.gather(*slow)
    await asyncio.sleep(0.01)
    assert await database.write(little) == 1
    assert await database.answers()
    assert not reading.done()
    is_over.set()
    assert all(await reading)


async def test_what_nobody_waits_for_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.2)
    for work in (in_one, in_many):
        with pytest.raises(FaultError):
            await database.read(work)
    monkeypatch.setattr(module, "DEADLINE", 15.0)
    assert await database.read(little) == 1  # closing waits for both
