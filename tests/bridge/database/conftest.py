"""Databases as bridges left them at each revision that was released."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import MIGRATIONS
from support.databases import KINDS
from support.postgres import Postgres
from support.rows import Rows, rows
from support.schemas import Pin, dump_of, engine_of, load, released


@pytest.fixture(scope="session")
def revisions() -> list[str]:
    """All there are, the oldest first."""
    return [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, pinned_as: tuple[str, str], tmp_path: Path) -> str:
    """Where another database of the same kind is that has nothing in it."""
    if pinned_as[0] == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create()


@pytest.fixture(params=[(kind, each) for kind in KINDS for each in released(kind)], ids="-".join)
def pinned_as(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Which kind of database, at which revision."""
    kind, revision = request.param
    return kind, revision


@pytest.fixture
def pin(request: pytest.FixtureRequest, pinned_as: tuple[str, str], tmp_path: Path) -> Pin:
    """It, as it was then."""
    kind, revision = pinned_as
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'flashyard.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create()
    load(url, dump_of(kind, revision).read_text())
    return Pin(kind, revision, url)


@pytest.fixture
def before(pin: Pin) -> Rows:
    """What was in each table of it."""
    with engine_of(pin.url).connect() as connection:
        return rows(connection)


@pytest.fixture
async def opened(pin: Pin, before: Rows) -> AsyncIterator[Database]:
    """It, opened as today's bridge does, once it was looked at."""
    assert before
    database = Database(pin.url)
    await asyncio.to_thread(database.open)
    yield database
    await asyncio.to_thread(database.close)
