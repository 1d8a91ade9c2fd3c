"""The trail only grows, whoever writes to its table; but at its old end, which it tells."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import Connection, Executable, delete, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from flashyard_bridge.audit import pruning
from flashyard_bridge.audit.lines import append
from flashyard_bridge.audit.pruning import Pruner, prune
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.upkeep import DAY
from support.trail import line, lines_in
from support.waiting import until_told

YOUNG = line(100).at


@pytest.fixture
async def filled(database: Database) -> Database:
    """Its lines have the numbers 1 to 10."""
    await database.write(lambda c: append(c, [line(number) for number in range(1, 11)]))
    return database


def execute(connection: Connection, statement: Executable) -> None:
    connection.execute(statement)


def _is_sqlite(database: Database) -> bool:
    return database._url.startswith("sqlite")


async def test_no_line_is_changed(filled: Database) -> None:
    before = await lines_in(filled)
    for change in (
        update(AUDIT).values(outcome="refused"),
        update(AUDIT).where(AUDIT.c.number == 3).values(details=None),
    ):
        with pytest.raises(IntegrityError, match="only grows"):
            await filled.write(partial(execute, statement=change))
    assert await lines_in(filled) == before


async def test_no_line_is_removed(filled: Database) -> None:
    with pytest.raises(IntegrityError, match="only grows"):
        await filled.write(partial(execute, statement=delete(AUDIT)))
    with pytest.raises(IntegrityError, match="only grows"):
        await filled.write(partial(execute, statement=delete(AUDIT).where(AUDIT.c.number == 10)))
    if not _is_sqlite(filled):
        with pytest.raises(IntegrityError, match="only grows"):
            await filled.write(partial(execute, statement=text("TRUNCATE audit")))
    assert len(await lines_in(filled)) == 10


async def test_no_line_takes_another_ones_place(filled: Database) -> None:
    verbs = ["INSERT", "INSERT OR REPLACE", "REPLACE"] if _is_sqlite(filled) else ["INSERT"]
    before = await lines_in(filled)
    for verb in verbs:
        words = text(f"{verb} INTO audit (number, at, action, outcome) VALUES (3, 0, 'x', 'y')")
        with pytest.raises((IntegrityError, ProgrammingError)):
            await filled.write(partial(execute, statement=words))
    assert await lines_in(filled) == before


async def test_what_is_too_old_goes_once_the_trail_says_so(filled: Database) -> None:
    removed = await filled.write(lambda c: prune(c, before=line(5).at, now=YOUNG))
    assert removed == 4
    *kept, told = await lines_in(filled)
    assert [each.number for each in kept] == [5, 6, 7, 8, 9, 10]
    assert (told.at, told.action, told.outcome) == (YOUNG, "trail_pruned", "noted")
    assert told.details == {
        "lines": 4,
        "through": 4,
        "since": line(1).at,
        "until": line(4).at,
    }
    assert await filled.write(lambda c: prune(c, before=line(5).at, now=YOUNG)) == 0
    with pytest.raises(IntegrityError, match="only grows"):
        await filled.write(partial(execute, statement=delete(AUDIT).where(AUDIT.c.number == 5)))


async def test_a_young_line_keeps_what_came_after_it_whatever_its_clock_said(
    database: Database,
) -> None:
    await database.write(lambda c: append(c, [line(1), line(50), line(2)]))
    assert await database.write(lambda c: prune(c, before=line(10).at, now=YOUNG)) == 1
    assert [each.at for each in await lines_in(database)] == [line(50).at, line(2).at, YOUNG]


async def test_a_number_is_used_once_also_where_all_lines_are_gone(filled: Database) -> None:
    await filled.write(lambda c: prune(c, before=YOUNG, now=line(11).at))
    assert [each.number for each in await lines_in(filled)] == [11]
    await filled.write(lambda c: prune(c, before=YOUNG, now=YOUNG))
    await filled.write(lambda c: append(c, [line(200)]))
    assert [each.number for each in await lines_in(filled)] == [12, 13]


async def test_a_bridge_removes_what_is_older_than_it_is_to_keep(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 3)
    monkeypatch.setattr(pruning, "SOON", 0.0)

    def now() -> int:
        return line(8).at + 30 * DAY

    pruner = asyncio.create_task(Pruner(filled, now, keep=30).run())
    await until_told(lambda: _has_only(filled, since=8))
    pruner.cancel()
    assert len(await lines_in(filled, action="trail_pruned")) == 3


async def _has_only(database: Database, since: int) -> bool:
    return min(each.number for each in await lines_in(database)) == since
