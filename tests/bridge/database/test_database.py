"""What a bridge keeps: made, brought up to date, shared, and told to be gone when it is."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from flashyard.contract.faults import Code, FaultError
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import HEAD, MIGRATIONS
from flashyard_bridge.database.tables.metadata import METADATA
from support.databases import tables

_OF_SERVERS = {  # indexes
    "past_texts_by_pieces",
    *(f"past_jobs_by_{column}" for column in ("device", "hub", "port")),
}


def insert(connection: Connection) -> None:
    word = secrets.token_hex(8)
    connection.execute(text("INSERT INTO alembic_version VALUES (:word)"), {"word": word})


def count(connection: Connection) -> Any:
    return connection.scalar(text("SELECT count(*) FROM alembic_version"))


async def test_the_tables_are_those_that_the_revisions_make(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        known = {*tables(connection), *METADATA.tables}
        of_servers = _OF_SERVERS if connection.dialect.name == "sqlite" else set()

        def is_told(_what: object, name: str | None, kind: str, *_: object) -> bool:
            return name in known if kind == "table" else name not in of_servers

        context = MigrationContext.configure(connection, opts={"include_object": is_told})
        return list(compare_metadata(context, METADATA))

    assert await database.read(differences) == []
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


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


async def test_many_may_open_and_write_it_at_once(empty_url: str) -> None:
    many = [Database(empty_url) for _ in range(4)]
    await asyncio.gather(*(asyncio.to_thread(each.open) for each in many))
    await asyncio.gather(*(each.write(insert) for each in many * 5))
    assert await many[0].read(count) == 21
    for each in many:
        each.close()


async def test_whoever_writes_sees_what_all_before_it_wrote(
    database: Database, database_url: str
) -> None:
    another = Database(database_url)
    another.open()

    def one_more(connection: Connection) -> None:
        known = count(connection)
        insert(connection)
        assert count(connection) == known + 1

    await asyncio.gather(*(each.write(one_more) for each in (database, another) * 10))
    assert await database.read(count) == 21
    another.close()


async def test_a_newer_flashyards_database_is_left_alone(
    database: Database, database_url: str
) -> None:
    assert await database.answers()
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await database.write(lambda connection: connection.execute(newer).close())
    another = Database(database_url)
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


async def test_one_that_is_lost_is_said_to_be_so(database: Database) -> None:
    assert await database.answers()
    drop = text("DROP TABLE alembic_version")
    await database.write(lambda connection: connection.execute(drop).close())
    assert not await database.answers()
    with pytest.raises(FaultError) as error:
        await database.read(count)
    assert error.value.fault.code is Code.DATABASE_UNREACHABLE
