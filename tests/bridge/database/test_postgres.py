"""A server that is gone, stopped, full, or closed to us; and the same one when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from flashyard.contract.faults import Code, FaultError
from flashyard_bridge.database import database as database_module
from flashyard_bridge.database import postgres as kind
from flashyard_bridge.database.access import Access
from flashyard_bridge.database.database import THREADS, Database
from support.broker_process import free_port
from support.postgres import PASSWORD, USER, Postgres
from support.waiting import until_told

_SLEEPS = "SELECT pg_sleep(60)"


@pytest.fixture
def server(postgres: Postgres) -> Postgres:
    return postgres


@pytest.fixture
async def database(server: Postgres) -> AsyncIterator[Database]:
    opened = Database(server.create(), patience=0.5)
    opened.open()
    yield opened
    opened.close()


def ask(connection: Connection) -> Any:
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def is_locked(connection: Connection) -> bool:
    locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    return bool(connection.scalar(locks))


async def refused(database: Database, statement: str = "SELECT 1", *, reads: bool = False) -> str:
    """Have a statement refused because of the database; tell why."""
    run = database.read if reads else database.write
    with pytest.raises(FaultError) as caught:
        await run(lambda connection: connection.execute(text(statement)).close())
    assert caught.value.fault.code is Code.DATABASE_UNREACHABLE
    return caught.value.fault.details or ""


def not_opened(url: str, patience: float = 0.0) -> FaultError:
    database = Database(url, patience=patience)
    with pytest.raises(FaultError) as caught:
        database.open()
    database.close()
    assert PASSWORD not in f"{caught.value} {caught.value.fault}"
    return caught.value


async def test_one_that_was_killed_is_used_again_once_it_is_back(
    server: Postgres, database: Database
) -> None:
    assert await database.answers()
    await server.kill()
    assert not await database.answers()
    await refused(database)
    await server.start()
    await until_told(database.answers)
    assert await database.write(ask)


async def test_one_that_stands_still_holds_no_thread_for_ever(
    server: Postgres, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kind._SAID, "connect_timeout", 2)
    monkeypatch.setattr(kind, "SILENCE", 0.5)
    monkeypatch.setattr(database_module, "HEALTH", 0.2)
    await asyncio.gather(*(database.read(ask) for _ in range(THREADS)))  # all connections know it
    server.freeze()
    said = await asyncio.gather(*(refused(database, reads=True) for _ in range(2 * THREADS)))
    assert len(said) == 2 * THREADS
    assert not await database.answers()
    server.thaw()
    await until_told(database.answers)
    assert await asyncio.gather(*(database.read(ask) for _ in range(2 * THREADS)))


async def test_a_start_waits_a_while_for_one_that_comes_up(server: Postgres) -> None:
    url = server.create()
    await server.stop()
    database = Database(url, patience=20)
    opening = asyncio.create_task(asyncio.to_thread(database.open))
    await server.start()
    await opening
    assert await database.answers()
    database.close()


async def test_who_sleeps_while_nobody_else_may_write_is_thrown_out(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bridge that is stopped in a transaction holds up the others no longer than this."""
    monkeypatch.setattr(kind, "_LIMITS", "SET idle_in_transaction_session_timeout = 200")
    url = server.create()
    one, two = Database(url), Database(url)
    one.open()
    two.open()
    loop, go, begun = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def sleep(connection: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result(10)
        ask(connection)

    sleeping = asyncio.create_task(one.write(sleep))
    await begun.wait()
    assert await two.write(ask)
    go.set()
    with pytest.raises(FaultError):
        await sleeping
    assert await one.write(ask), "it goes on"
    one.close()
    two.close()


async def test_a_statement_and_a_wait_for_others_end(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = "SET statement_timeout = 1000; SET lock_timeout = 50"
    monkeypatch.setattr(kind, "_LIMITS", limits)
    database = Database(server.create())
    database.open()
    slow = asyncio.create_task(refused(database, _SLEEPS))
    await until_told(lambda: database.read(is_locked))
    waited = await refused(database)
    slept = await slow
    assert "statement timeout" in slept
    assert "lock timeout" in waited
    database.close()


async def test_who_only_reads_sees_one_moment_and_cannot_write(database: Database) -> None:
    def look_twice(connection: Connection) -> tuple[Any, Any]:
        first = ask(connection)
        done = asyncio.run_coroutine_threadsafe(database.write(change), loop)
        done.result(10)
        return first, ask(connection)

    def change(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))

    loop = asyncio.get_running_loop()
    first, second = await database.read(look_twice)
    assert first == second
    assert await database.read(ask) == "other"
    assert "read-only" in await refused(database, "DELETE FROM alembic_version", reads=True)


async def test_no_plan_outlives_the_size_of_its_tables(database: Database) -> None:
    def ask_often(connection: Connection) -> Any:
        for number in range(20):
            wanted = text("SELECT 1 FROM past_jobs WHERE number = :number")
            connection.execute(wanted, {"number": number}).close()
        kept = text("SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements")
        return connection.execute(kept).one()

    custom, generic = await database.read(ask_often)
    assert custom > 10
    assert generic == 0


async def test_what_the_operator_can_mend_is_said_to_be_the_databases_and_no_bug_of_ours(
    database: Database,
) -> None:
    await database.write(lambda c: c.execute(text("DROP TABLE alembic_version")).close())
    assert "does not exist" in await refused(database, "SELECT * FROM alembic_version")
    with pytest.raises(ProgrammingError):
        await database.read(lambda connection: connection.execute(text("SELECT nonsense")))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 / 0",
        """CREATE TABLE words (word text UNIQUE); INSERT INTO words
        SELECT string_agg(md5(n::text), '') FROM generate_series(1, 999) n""",
    ],
)
async def test_what_no_server_would_take_is_not_said_to_be_the_databases_fault(
    database: Database, statement: str
) -> None:
    with pytest.raises(DBAPIError):
        await database.write(lambda connection: connection.execute(text(statement)).close())
    assert await database.answers()


async def test_a_connection_that_is_lost_at_its_beginning_is_one_that_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(connection: Connection) -> Access:
        raw: Any = connection.connection.dbapi_connection
        raw.close()
        return Access.READS

    with monkeypatch.context() as patched:
        patched.setattr(Access, "of", lose)
        assert "closed" in await refused(database)
    assert await database.write(ask)


async def test_a_start_that_cannot_be_says_why_and_tells_no_password(server: Postgres) -> None:
    url = server.create()
    gone = url.replace(str(server.port), str(free_port()))
    assert not_opened(gone).fault.code is Code.DATABASE_UNREACHABLE
    wrong = not_opened(url.replace(PASSWORD, "wrong")).fault
    assert wrong.code is Code.DATABASE_UNREACHABLE
    assert "password authentication failed" in (wrong.details or "")
    assert "wrong" not in (wrong.details or "")
    for odd in ("?sslmode=sometimes", "?colour=red"):
        assert not_opened(url + odd).fault.code in {
            Code.INVALID_REQUEST,
            Code.DATABASE_UNREACHABLE,
        }
    assert not_opened(url + "?colour=red").fault.code is Code.INVALID_REQUEST


async def test_the_password_may_be_left_to_a_file(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    url = server.create().replace(f":{PASSWORD}", "").replace("postgresql:", "postgres:")
    database = Database(url)
    database.open()
    assert await database.answers()
    database.close()


async def test_a_text_that_no_server_can_keep_is_kept_as_far_as_it_can(database: Database) -> None:
    def store(connection: Connection) -> Any:
        odd = text("UPDATE alembic_version SET version_num = :word")
        connection.execute(odd, {"word": "a\0b\U0001f600"})
        return ask(connection)

    assert await database.write(store) == "a\ufffdb\U0001f600"
