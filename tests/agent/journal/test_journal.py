"""The journal: what is said waits for what is written, in order, however long that takes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from flashyard.agent.journal.file import VERSION
from flashyard.agent.journal.journal import Journal
from flashyard.contract.faults import Code
from support.faults import refused
from support.waiting import until

LIMIT = "INSERT INTO limits VALUES (?, ?)"


@pytest_asyncio.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "journal.db", retry=0.02)
    journal.open()
    journal.begin()
    yield journal
    await journal.close()


def rows(path: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT scope, value FROM limits ORDER BY rowid").fetchall()
    connection.close()
    return found


def limit(scope: str, value: int = 1) -> Callable[[sqlite3.Connection], object]:
    return lambda connection: connection.execute(LIMIT, (scope, value))


class FullDisk:
    """A disk that takes nothing until there is room."""

    def __init__(self) -> None:
        self.is_full = True
        self.tries = 0

    def work(self, connection: sqlite3.Connection) -> None:
        self.tries += 1
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        connection.execute(LIMIT, ("late", 1))


async def test_what_follows_a_write_comes_after_it_is_on_the_disk(
    journal: Journal, tmp_path: Path
) -> None:
    seen: list[int] = []
    for number in range(50):
        journal.write(limit(f"hub-{number}", number))
        journal.after(lambda: seen.append(len(rows(tmp_path / "journal.db"))))
    await until(lambda: len(seen) == 50)
    assert all(count > number for number, count in enumerate(seen))


async def test_what_follows_nothing_comes_at_once(journal: Journal) -> None:
    seen: list[str] = []
    journal.after(partial(seen.append, "now"))
    assert seen == ["now"]


async def test_nothing_overtakes_what_waits(journal: Journal) -> None:
    seen: list[int] = []
    for number in range(9):
        if number % 3 == 0:
            journal.write(limit(f"n{number}"))
        journal.after(partial(seen.append, number))
    await until(lambda: len(seen) == 9)
    assert seen == sorted(seen)


async def test_on_a_full_disk_all_waits_says_so_and_goes_on_by_itself(
    journal: Journal, tmp_path: Path
) -> None:
    disk, seen, told = FullDisk(), list[str](), list[Code | None]()
    journal.on_trouble = lambda: told.append(journal.trouble.code if journal.trouble else None)
    done = journal.write(disk.work)
    journal.after(partial(seen.append, "event"))
    journal.after(partial(seen.append, "record 1"), "record")
    await until(lambda: told == [Code.DISK_FULL])
    journal.after(partial(seen.append, "record 2"), "record")
    await until(lambda: disk.tries > 3)
    assert not done.is_set()
    assert seen == []
    disk.is_full = False
    await until(lambda: len(seen) == 2)
    assert seen == ["event", "record 2"], "of what only the newest matters, the older is dropped"
    assert told == [Code.DISK_FULL, None]
    assert done.is_set()
    assert rows(tmp_path / "journal.db") == [("late", 1)]


async def test_all_of_a_commit_is_written_or_nothing(journal: Journal, tmp_path: Path) -> None:
    disk = FullDisk()
    journal.write(limit("first"))
    journal.write(disk.work)
    last = journal.write(limit("last"))
    await until(lambda: disk.tries > 2)
    assert [scope for scope, _ in rows(tmp_path / "journal.db")] in ([], ["first"])
    disk.is_full = False
    await until(last.is_set)
    assert [scope for scope, _ in rows(tmp_path / "journal.db")] == ["first", "late", "last"]


async def test_the_end_waits_for_the_last_words_but_not_for_a_full_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", retry=0.02)
    journal.open()
    journal.begin()
    journal.write(limit("last"))
    assert await journal.settled(5)
    disk = FullDisk()
    journal.write(disk.work)
    assert not await journal.settled(0.05)
    await journal.close()
    assert rows(tmp_path / "journal.db") == [("last", 1)]


def test_a_damaged_journal_is_put_aside_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    asyncio.run(_opened(path))
    assert rows(path) == []
    [aside] = tmp_path.glob("journal.db.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
    assert "put aside" in caplog.text


def test_a_newer_flashyards_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    asyncio.run(_opened(path))
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with refused(Code.INVALID_REQUEST) as refusal:
        asyncio.run(_opened(path))
    assert "newer flashyard" in refusal.fault.sentence
    assert path.exists()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    asyncio.run(_opened(tmp_path / "journal.db"))
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


async def _opened(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    await journal.close()
