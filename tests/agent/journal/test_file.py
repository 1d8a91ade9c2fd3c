"""A journal that is damaged, strange, or on a disk that has no room: one clear sentence each."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from flashyard.agent.journal import unrecorded
from flashyard.agent.journal.file import VERSION, open_file
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import Ledger
from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import Unrecorded
from support.faults import refused
from support.old_journal import lay_down
from support.small_disk import small_disk

LIMIT = "INSERT INTO limits VALUES ('hub', 7)"


def made(path: Path) -> None:
    connection = open_file(path)
    connection.execute(LIMIT)
    connection.close()


def another_programs(version: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE jobs (what TEXT)")
        connection.execute(f"PRAGMA user_version={version}")
        connection.close()

    return make


def cut_short(path: Path) -> None:
    made(path)
    os.truncate(path, 5000)


def without_its_head(path: Path) -> None:
    made(path)
    with path.open("r+b") as file:
        file.write(bytes(4096))


def scribbled_over(path: Path) -> None:
    made(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def test_a_journal_of_version_1_that_is_in_use_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    lay_down(path)
    journal = Journal(path)
    journal.open()
    kept = Ledger(journal).kept()
    asyncio.run(journal.close())
    assert [(each.job.status, each.seq) for each in kept.jobs] == [
        (Status.RUNNING, 5),
        (Status.QUEUED, 0),
        (Status.PAUSED, 1),
    ]
    assert kept.jobs[0].mark is not None
    assert (kept.jobs[0].mark.parts, list(kept.jobs[0].course)) == (2, [])
    assert [entry.status for _, entry in kept.ended] == [Status.COMPLETED]
    assert kept.limits == {"jobs at once": 3}
    connection = open_file(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert unrecorded.find(connection).told == Unrecorded(waiting=0), "its hub told that once"
    new = open_file(tmp_path / "new.db")
    shape = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    assert connection.execute(shape).fetchall() == new.execute(shape).fetchall()
    for each in (connection, new):
        each.close()


def test_one_that_cannot_be_brought_up_to_date_for_want_of_room_is_as_it_was(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        path = disk.path / "journal.db"
        lay_down(path)
        disk.fill()
        with refused(Code.INVALID_REQUEST) as refusal:
            Journal(path).open()
        assert "full" in refusal.fault.sentence
        disk.clear()
        connection = open_file(path)
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (3,)
        connection.close()


@pytest.mark.parametrize("damage", [cut_short, without_its_head, scribbled_over])
def test_a_damaged_one_is_put_aside_whole_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "journal.db"
    damage(path)
    before = path.read_bytes()
    connection = open_file(path)
    assert connection.execute("SELECT count(*) FROM limits").fetchone() == (0,)
    connection.close()
    [aside] = tmp_path.glob("journal.db.damaged-*")
    assert aside.read_bytes() == before
    [said] = [record.getMessage() for record in caplog.records]
    assert aside.name in said
    assert "is damaged" in said


@pytest.mark.parametrize("version", [0, 1, 99])
def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "journal.db"
    another_programs(version)(path)
    with refused(Code.INVALID_REQUEST) as refusal:
        open_file(path)
    assert "another program's file" in refusal.fault.sentence
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
    connection.close()


def test_an_empty_file_is_one_that_was_just_made(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    made(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with refused(Code.INVALID_REQUEST) as refusal:
        Journal(tmp_path).open()
    assert "cannot be used" in refusal.fault.sentence


def test_on_a_full_disk_what_is_there_can_be_read_and_written_to_once_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        path = disk.path / "journal.db"
        made(path)
        disk.fill()
        connection = open_file(path)
        assert connection.execute("SELECT value FROM limits").fetchone() == (7,)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM limits")
        disk.clear()
        connection.execute("DELETE FROM limits")
        connection.close()
        connection = open_file(path)
        assert connection.execute("SELECT count(*) FROM limits").fetchone() == (0,)
        connection.close()


def test_on_a_full_disk_none_is_begun(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        disk.fill()
        with refused(Code.INVALID_REQUEST) as refusal:
            Journal(disk.path / "journal.db").open()
        assert "full" in refusal.fault.sentence


def test_rows_that_make_no_sense_are_left_alone_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    connection = open_file(path)
    row = ("job_1703001234_abc123", "DEVICE_1", '{"status":"flying"}')
    connection.execute("INSERT INTO ended (job_id, device_id, entry) VALUES (?, ?, ?)", row)
    connection.close()
    journal = Journal(path)
    journal.open()
    with refused(Code.INVALID_REQUEST) as refusal:
        Ledger(journal).kept()
    asyncio.run(journal.close())
    assert "cannot read" in refusal.fault.sentence
    connection = open_file(path)
    assert connection.execute("SELECT count(*) FROM ended").fetchone() == (1,)
    connection.close()
