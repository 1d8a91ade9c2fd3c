"""From every schema that was released up to today's and back, with rows in each of its tables."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    NullPool,
    create_engine,
    insert,
    make_url,
    select,
    text,
)

import flashyard
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import HEAD, MIGRATIONS, downgrade, upgrade
from flashyard_bridge.history.history import History
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.standing.book import Book
from support.databases import tables
from support.records import ended_job, failed_job, past_of

PAGES = Path(__file__).parents[3]
SCHEMAS = {file.stem: file for file in sorted((PAGES / "tests/wire/schemas").glob("*.sql"))}
Rows = dict[str, list[dict[str, Any]]]


def revisions() -> list[str]:
    """Tell all of them, the oldest first."""
    return [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def rows(connection: Connection, names: set[str] | None = None) -> Rows:
    """Tell what is in some tables, or in all; not at which revision they are."""
    if names is None:
        names = set(tables(connection))
    if not (wanted := sorted(names - {"alembic_version"})):
        return {}
    metadata = MetaData()
    metadata.reflect(connection, only=wanted)
    # A column that came later holds nothing.
    return {
        name: sorted(
            (
                {column: value for column, value in row.items() if value is not None}
                for row in connection.execute(select(table)).mappings()
            ),
            key=repr,
        )
        for name, table in metadata.tables.items()
    }


def revision(connection: Connection) -> str | None:
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def load(engine: Engine, schema: str, old: Engine) -> None:
    """Make a server's tables as a released revision made them, with the rows of its dump."""
    metadata = MetaData()
    metadata.reflect(old)
    with engine.begin() as connection, old.connect() as kept:
        upgrade(connection, schema)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                held = kept.execute(select(table)).mappings()
                connection.execute(insert(table), [dict(row) for row in held])


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dump(schema: str, tmp_path: Path) -> Iterator[Engine]:
    """What a bridge kept at a released revision, in a file of its own."""
    with closing(sqlite3.connect(tmp_path / "dump.db")) as raw:
        raw.executescript(SCHEMAS[schema].read_text())
    engine = create_engine(f"sqlite:///{tmp_path / 'dump.db'}", poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def before(dump: Engine) -> Rows:
    """What was in each table of it."""
    with dump.connect() as connection:
        return rows(connection)


@pytest.fixture
async def database(
    schema: str, dump: Engine, empty_url: str, tmp_path: Path
) -> AsyncIterator[Database]:
    """One of each kind as it was then, opened as today's bridge does."""
    if empty_url.startswith("sqlite"):
        url = f"sqlite:///{shutil.copy(tmp_path / 'dump.db', tmp_path / 'flashyard.db')}"
    else:
        url = empty_url
        driver = make_url(url).set(drivername="postgresql+psycopg")
        engine = create_engine(driver, poolclass=NullPool)
        load(engine, schema, dump)
        engine.dispose()
    opened = Database(url)
    opened.open()
    yield opened
    opened.close()


def test_every_schema_that_was_released_is_kept_to_be_tried() -> None:
    known = revisions()
    assert list(SCHEMAS) == known[: len(SCHEMAS)]
    assert len(SCHEMAS) >= 3
    changes = (PAGES / "CHANGELOG.md").read_text()
    if f"## [{flashyard.__version__}]" in changes:
        missing = known[len(SCHEMAS) :]
        assert not missing, f"{missing} are released, and tests/wire/schemas has no dump of them"


def test_a_released_revision_makes_what_it_made_then(schema: str, tmp_path: Path) -> None:
    def made(raw: sqlite3.Connection) -> set[tuple[str, str]]:
        return set(raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))

    with closing(sqlite3.connect(":memory:")) as raw:
        raw.executescript(SCHEMAS[schema].read_text())
        then = made(raw)
    engine = create_engine(f"sqlite:///{tmp_path / 'now.db'}")
    with engine.begin() as connection:
        upgrade(connection, schema)
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "now.db")) as raw:
        assert made(raw) == then


def test_each_dump_has_rows_in_every_table(before: Rows) -> None:
    assert before
    assert [name for name, held in before.items() if len(held) < 2] == []


async def test_what_was_there_is_there_when_a_bridge_has_opened_it(
    database: Database, before: Rows
) -> None:
    assert await database.read(revision) == HEAD
    assert await database.read(lambda c: rows(c, set(before))) == before


async def test_what_was_there_goes_down_and_up_again_step_by_step(
    database: Database, before: Rows
) -> None:
    await History(database).store([past_of(ended_job(0)), past_of(failed_job(1))])
    for below in [*revisions()[-2::-1], "base"]:
        await database.write(partial(downgrade, to=below))
        held = await database.read(rows)
        assert {name: old for name, old in before.items() if name in held} == {
            name: now for name, now in held.items() if name in before
        }
    assert await database.read(rows) == {}
    for above in revisions():
        await database.write(partial(upgrade, to=above))
        assert await database.read(revision) == above


async def test_going_back_to_a_released_schema_leaves_its_own_rows_and_tables_alone(
    schema: str, database: Database, before: Rows
) -> None:
    await History(database).store([past_of(ended_job(0))])
    await database.write(lambda c: downgrade(c, schema))
    assert await database.read(rows) == before
    await database.write(upgrade)
    assert await database.read(lambda c: rows(c, set(before))) == before
    await History(database).store([past_of(ended_job(0))])


async def test_a_bridge_knows_what_an_older_one_kept(schema: str, database: Database) -> None:
    first, second = await Book(database, lambda: 0).all()
    assert (first.name, first.flashed, first.enabled) == ("Pixels at bench A", 2, True)
    assert (second.name, second.enabled) == (None, False)
    if schema >= "0002":
        [still] = await Batches(database, lambda: 0).under_way()
        assert still.id == "batch_2"
    if schema >= "0003":
        found = await Ledger(database).find("R5CT001X", ["system_a"])
        assert found["system_a"].sha256 == "a" * 64


async def test_a_history_is_the_same_after_its_younger_tables_were_taken_away(
    empty_url: str,
) -> None:
    """What is counted and found goes with the jobs; the trail and what was learnt begin anew."""

    def history_of(connection: Connection) -> Rows:
        held = rows(connection)
        return {name: held[name] for name in held.keys() - {"audit", "learnt"}}

    database = Database(empty_url)
    database.open()
    jobs = [ended_job(0), failed_job(1), ended_job(2, device_id="UNIT_2")]
    await History(database).store([past_of(job) for job in jobs])
    before = await database.read(history_of)
    for below in revisions()[revisions().index("0004") : -1]:
        await database.write(partial(downgrade, to=below))
        assert (await database.read(rows))["past_jobs"] == before["past_jobs"]
        await database.write(upgrade)
        assert await database.read(history_of) == before
    database.close()
