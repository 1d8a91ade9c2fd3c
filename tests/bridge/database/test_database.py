"""What a bridge keeps: made, brought up to date, shared, and told to be gone when it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from flashyard.contract.faults import Code, FaultError
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import HEAD, MIGRATIONS, downgrade, upgrade
from flashyard_bridge.database.tables.metadata import METADATA


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "flashyard.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{file}")
    opened.open()
    yield opened
    opened.close()


def insert(connection: Connection) -> None:
    connection.execute(text("INSERT INTO alembic_version VALUES (hex(randomblob(8)))"))


def count(connection: Connection) -> Any:
    return connection.scalar(text("SELECT count(*) FROM alembic_version"))


async def test_the_tables_are_those_that_the_revisions_make(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    assert await database.read(differences) == []
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


async def test_revisions_go_up_and_down_with_what_is_in_the_tables(database: Database) -> None:
    def rows(connection: Connection) -> list[Any]:
        ours = "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        return list(connection.execute(text(ours)))

    order = (
        "INSERT INTO standing_orders VALUES"
        " ('a', NULL, '{}', '{}', 3, NULL, 0, 1, 0, 0, 0, NULL, NULL)"
    )
    await database.write(lambda connection: connection.execute(text(order)).close())
    await database.write(lambda connection: downgrade(connection, "base"))
    assert await database.read(rows) == [("alembic_version",)]
    await database.write(upgrade)
    assert ("standing_orders",) in await database.read(rows)


async def test_what_fails_in_the_middle_has_not_happened(database: Database) -> None:
    def fails(connection: Connection) -> None:
        insert(connection)
        raise KeyError("in the middle")

    with pytest.raises(KeyError):
        await database.write(fails)
    assert await database.read(count) == 1


async def test_a_reader_does_not_wait_for_a_writer_nor_see_its_half(database: Database) -> None:
    loop, go, begun = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def slow(connection: Connection) -> None:
        insert(connection)
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(10)

    writing = asyncio.create_task(database.write(slow))
    await begun.wait()
    assert await database.read(count) == 1
    go.set()
    await writing
    assert await database.read(count) == 2


async def test_many_may_open_and_write_it_at_once(file: Path) -> None:
    many = [Database(f"sqlite:///{file}") for _ in range(4)]
    await asyncio.gather(*(asyncio.to_thread(each.open) for each in many))
    await asyncio.gather(*(each.write(insert) for each in many * 5))
    assert await many[0].read(count) == 21
    for each in many:
        each.close()


async def test_a_newer_flashyards_database_is_left_alone(file: Path, database: Database) -> None:
    assert await database.answers()
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    another = Database(f"sqlite:///{file}")
    with pytest.raises(FaultError, match="newer flashyard") as refused:
        another.open()
    assert refused.value.fault.code is Code.INVALID_REQUEST
    another.close()


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.db").write_text("a letter to my mother, " * 100)
    (tmp_path / "folder.db").mkdir()
    for name in ("none.db", "folder.db", "none.db/below.db"):
        refused = Database(f"sqlite:///{tmp_path / name}")
        with pytest.raises(FaultError) as error:
            refused.open()
        assert error.value.fault.code is Code.DATABASE_UNREACHABLE
        refused.close()


async def test_one_that_is_lost_is_said_to_be_so(file: Path, database: Database) -> None:
    assert await database.answers()
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("DROP TABLE alembic_version")
    assert not await database.answers()
    with pytest.raises(FaultError) as error:
        await database.read(count)
    assert error.value.fault.code is Code.DATABASE_UNREACHABLE
