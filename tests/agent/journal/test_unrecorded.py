"""Records on a hub's disk: each once, the oldest first, so many and so long, and all counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashyard.agent.journal import unrecorded
from flashyard.agent.journal.file import open_file
from flashyard.contract.records import Unrecorded


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_file(tmp_path / "journal.db")
    yield connection
    connection.close()


def add(journal: sqlite3.Connection, *numbers: int) -> None:
    with journal:
        journal.execute("BEGIN")
        for number in numbers:
            unrecorded.add(journal, f"job {number}", 1000 + number, b"record %d" % number)


def jobs(found: unrecorded.Found) -> list[str]:
    return [row.job_id for row in found.rows]


def test_what_is_read_is_what_was_added_the_oldest_first(journal: sqlite3.Connection) -> None:
    add(journal, 3, 1, 2)
    told, rows = unrecorded.find(journal, room=2)
    assert told == Unrecorded(waiting=3, since=1003, lost=0)
    assert [(row.number, row.job_id, row.payload) for row in rows] == [
        (1, "job 3", b"record 3"),
        (2, "job 1", b"record 1"),
    ]


def test_those_that_are_due_come_with_others_beside_them_and_after_the_last(
    journal: sqlite3.Connection,
) -> None:
    add(journal, *range(1, 8))
    assert jobs(unrecorded.find(journal, [2], beside=[2, 3, 5], after=5, room=3)) == [
        "job 2",
        "job 6",
        "job 7",
        "job 1",
    ]
    assert jobs(unrecorded.find(journal, [9], beside=[9], after=9)) == [], "it is not there"


def test_one_that_was_dropped_is_gone_and_others_ids_are_nobodys(
    journal: sqlite3.Connection,
) -> None:
    add(journal, 1, 2)
    unrecorded.drop(journal, ["job 1", "job 1", "job 9"])
    assert unrecorded.find(journal).told == Unrecorded(waiting=1, since=1002, lost=0)
    add(journal, 3)
    assert [row.number for row in unrecorded.find(journal, room=9).rows] == [2, 3]


def test_ten_thousand_are_kept_and_the_oldest_beyond_are_counted(
    journal: sqlite3.Connection,
) -> None:
    add(journal, *range(10_003))
    told, rows = unrecorded.find(journal, room=1)
    assert told == Unrecorded(waiting=10_000, since=1003, lost=3)
    assert rows[0].job_id == "job 3"


def test_thirty_days_of_a_hub_at_work_they_are_kept_and_then_counted(
    journal: sqlite3.Connection,
) -> None:
    add(journal, 1)
    ticks = 30 * 24 * 3600 / unrecorded.TICK
    with journal:
        journal.execute("BEGIN")
        for _ in range(int(ticks) - 1):
            unrecorded.tick(journal)
    add(journal, 2)
    assert unrecorded.find(journal).told.lost == 0
    unrecorded.tick(journal)
    assert unrecorded.find(journal).told == Unrecorded(waiting=1, since=1002, lost=1)


def test_one_that_the_disk_has_spoilt_is_counted_and_keeps_nobody_waiting(
    journal: sqlite3.Connection,
) -> None:
    add(journal, 1, 2)
    journal.execute("UPDATE records SET record = x'00ff' WHERE number = 1")
    assert jobs(unrecorded.find(journal, room=2)) == ["job 2"]
    assert unrecorded.find(journal).told == Unrecorded(waiting=1, since=1002, lost=1)
