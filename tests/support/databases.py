"""The databases a bridge may have: the fixture `database_url` runs a test once with each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import Connection, inspect

from flashyard_bridge.database.database import Database
from support.postgres import Postgres, cluster, initdb

__all__ = [
    "KINDS",
    "database",
    "database_url",
    "empty_url",
    "postgres",
    "postgres_files",
    "rig_database",
    "rig_database_of_each_kind",
    "tables",
]

KINDS = ["sqlite", "postgresql"]
_UP_TO_DATE = "up_to_date"
_OF_INDEX = {"past_index", *(f"past_index_{part}" for part in ("config", "data", "idx"))}


@pytest.fixture(scope="session")
def postgres_files(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The files of a server that never ran, made once for all who test at the same time."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    with FileLock(shared / "postgres.lock"):
        if not (shared / "postgres").exists():
            initdb(shared / "postgres")
    return shared / "postgres"


@pytest.fixture(scope="session")
def postgres(postgres_files: Path) -> Iterator[Postgres]:
    """A server for all tests, each with a database of its own."""
    with cluster(postgres_files) as directory:
        server = Postgres(directory)
        asyncio.run(server.start())
        server.ask(f"CREATE DATABASE {_UP_TO_DATE}")
        first = Database(server.url(_UP_TO_DATE))
        first.open()
        first.close()
        yield server
        asyncio.run(server.stop())


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is that has nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'flashyard.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database is that may be up to date already."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'flashyard.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(_UP_TO_DATE)


@pytest.fixture(scope="module")
def rig_database() -> str | None:
    """The URL of the rig's; None: a file of its own."""
    return None


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)],
)
def rig_database_of_each_kind(request: pytest.FixtureRequest) -> str | None:
    """In the place of `rig_database`: in the long runs, the tests run with a server, too."""
    if request.param == "sqlite":
        return None
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(_UP_TO_DATE)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """One that is open, with no rows in it."""
    opened = Database(database_url)
    await asyncio.to_thread(opened.open)
    yield opened
    await asyncio.to_thread(opened.close)


def tables(connection: Connection) -> list[str]:
    """The tables there are, but for those that SQLite's full-text index is made of."""
    return [name for name in inspect(connection).get_table_names() if name not in _OF_INDEX]
