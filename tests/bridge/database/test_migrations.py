"""From every schema that was released up to today's and back, with rows in each of its tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import gettempdir

from sqlalchemy import Connection, text

import flashyard
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import HEAD, downgrade, upgrade
from flashyard_bridge.history.history import History
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.standing.book import Book
from support.records import ended_job, failed_job, past_of
from support.rows import Rows, narrowed, rows
from support.schemas import Pin, dump, dump_of, engine_of, grow, load, released

CHANGES = Path(__file__).parents[3] / "CHANGELOG.md"
FIRST = {"sqlite": "0001", "postgresql": "0004"}  # that was released for databases of that kind
SINGLE = {"history"}  # tables that never have more than one row


def revision(connection: Connection) -> str | None:
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def test_every_schema_that_was_released_is_kept_to_be_tried(
    empty_url: str, revisions: list[str], *, golden_update: bool
) -> None:
    kind = empty_url.partition(":")[0]
    if golden_update and released(kind)[-1] != HEAD:
        grow(kind, HEAD, empty_url)
    known = revisions[revisions.index(FIRST[kind]) :]
    pinned = released(kind)
    assert pinned == known[: len(pinned)]
    assert pinned[-1] >= "0006"
    if f"## [{flashyard.__version__}]" in CHANGES.read_text():
        missing = known[len(pinned) :]
        assert not missing, f"{missing} are released and not pinned: --golden-update"


def test_a_released_revision_makes_what_it_made_then(
    pinned_as: tuple[str, str], pin: Pin, new_url: str
) -> None:
    load(new_url, "")
    engine = engine_of(new_url)
    with engine.begin() as connection:
        upgrade(connection, pin.revision)
    then, now = (dump(url, with_rows=False) for url in (pin.url, new_url))
    assert sorted(then.split(";\n")) == sorted(now.split(";\n")), pinned_as


def test_each_dump_has_rows_in_every_table(before: Rows) -> None:
    assert before
    assert [name for name, held in before.items() if len(held) < 2 - (name in SINGLE)] == []


def test_a_dump_is_small_and_knows_nothing_of_the_host_it_was_made_on(
    pinned_as: tuple[str, str],
) -> None:
    said = dump_of(*pinned_as).read_text()
    assert len(said) < 64 * 1024
    assert not [word for word in (gettempdir(), "OWNER") if word in said]


async def test_what_was_there_is_there_when_a_bridge_has_opened_it(
    opened: Database, before: Rows
) -> None:
    assert await opened.read(revision) == HEAD
    assert await opened.read(lambda c: rows(c, set(before))) == before


async def test_what_was_there_goes_down_and_up_again_step_by_step(
    opened: Database, before: Rows, revisions: list[str]
) -> None:
    await History(opened).store([past_of(ended_job(0)), past_of(failed_job(1))])
    was = await opened.read(rows)
    assert [row for name in before for row in before[name] if row not in was[name]] == []
    for below in [*revisions[-2::-1], "base"]:
        await opened.write(partial(downgrade, to=below))
        assert await opened.read(rows) == await opened.read(partial(narrowed, was=was)), below
    assert await opened.read(rows) == {}
    for above in revisions:
        await opened.write(partial(upgrade, to=above))
        assert await opened.read(revision) == above


async def test_going_back_to_a_released_schema_leaves_its_own_rows_and_tables_alone(
    pin: Pin, opened: Database, before: Rows, revisions: list[str]
) -> None:
    await opened.write(partial(downgrade, to=pin.revision))
    assert await opened.read(rows) == before
    for above in revisions[revisions.index(pin.revision) + 1 :]:
        await opened.write(partial(upgrade, to=above))
        assert await opened.read(lambda c: rows(c, set(before))) == before
    await History(opened).store([past_of(ended_job(0))])
    was = await opened.read(rows)
    await opened.write(partial(downgrade, to=pin.revision))
    assert await opened.read(rows) == await opened.read(partial(narrowed, was=was))
    await opened.write(upgrade)
    await History(opened).store([past_of(ended_job(0)), past_of(ended_job(1))])


async def test_a_bridge_knows_what_an_older_one_kept(pin: Pin, opened: Database) -> None:
    first, second = await Book(opened, lambda: 0).all()
    assert (first.name, first.flashed, first.enabled) == ("Pixels at bench A", 2, True)
    assert (second.name, second.enabled) == (None, False)
    if pin.revision >= "0002":
        [still] = await Batches(opened, lambda: 0).under_way()
        assert still.id == "batch_2"
    if pin.revision >= "0003":
        found = await Ledger(opened).find("R5CT001X", ["system_a"])
        assert found["system_a"].sha256 == "a" * 64
    if pin.revision >= "0005":
        assert first.asked_by is not None
        assert first.asked_by.identity == "alice"
    if pin.revision >= "0006":
        batch = await Batches(opened, lambda: 0).tell("batch_1", {})
        assert [item.slow and item.slow.factor for item in batch.items or ()] == [None, 3.2]
