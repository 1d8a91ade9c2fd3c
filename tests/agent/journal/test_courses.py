"""What happened to a job, on a hub's disk: along with what is written anyway, until it is over."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashyard.agent.clock import Clock
from flashyard.agent.journal import courses
from flashyard.agent.journal.file import open_file
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import Ledger
from flashyard.agent.queueing.turns import Turn
from flashyard.agent.records.course import BOUNDS, Course, Kind, Noted
from flashyard.agent.records.record import record_of
from flashyard.contract.entries import recent_entry
from flashyard.contract.faults import Code, fault
from flashyard.contract.phases import Phase
from flashyard.contract.records import LogLine
from flashyard.flash.running.mark import Mark
from support.facts import START, a_job
from support.told import ORDER

TURN = Turn(ORDER.job_id, 5, 1)
MARK = Mark(bytes=(0,))


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    journal.open()
    journal.begin()
    yield journal
    await journal.close()


def line(number: int) -> Noted:
    return Noted(Kind.LINE, number, LogLine(at=number, text=f"line {number}"))


async def lines(journal: Journal) -> list[int]:
    """The numbers of the lines that are on the disk."""
    return await journal.ask(
        lambda connection: [noted.number for noted in courses.read(connection).get(TURN.job_id, ())]
    )


async def test_it_is_written_with_how_a_job_stands_and_where_its_run_does(
    journal: Journal,
) -> None:
    ledger = Ledger(journal)
    ledger.keep(ORDER, a_job(ORDER.job_id), 1, TURN, port="tcp:x", news=[line(0), line(1)])
    ledger.mark(ORDER.job_id, MARK, [line(1), line(2)])
    assert await lines(journal) == [0, 1, 2], "written twice is written once"


async def test_of_a_job_that_is_not_there_or_over_nothing_is_left_behind(
    journal: Journal,
) -> None:
    ledger, job = Ledger(journal), a_job(ORDER.job_id)
    ledger.mark(ORDER.job_id, MARK, [line(0)])
    assert await lines(journal) == []
    ledger.keep(ORDER, job, 1, TURN, port="tcp:x", news=[line(0)])
    over = a_job(ORDER.job_id, status="completed", finished_at=START)
    ledger.end(recent_entry(over, 2), record_of(over, 2, START, Course(Clock())))
    ledger.keep(ORDER, job, 3, TURN, port="tcp:x", news=[line(1)])
    ledger.mark(ORDER.job_id, MARK, [line(2)])
    assert await lines(journal) == []


def test_no_more_is_kept_of_each_kind_than_is_told(tmp_path: Path) -> None:
    course = Course(Clock())
    connection = open_file(tmp_path / "journal.db")
    with connection:
        connection.execute("BEGIN")
        for number in range(600):
            course.lines.add("line")
            course.enters(Phase.WRITING, f"p{number}")
            course.met(fault(Code.LINK_LOST), Phase.WRITING)
            courses.note(connection, "job", course.news())
    counted = dict(connection.execute("SELECT kind, count(*) FROM courses GROUP BY kind"))
    assert counted == {kind.value: BOUNDS[kind] for kind in (Kind.LINE, Kind.SPAN, Kind.MISHAP)}
    connection.close()


@pytest.mark.parametrize(
    "row", [("word", '{"at":1,"text":"x"}'), ("line", '{"at":-1}'), ("span", "?")]
)
def test_what_makes_no_sense_is_a_value_error(tmp_path: Path, row: tuple[str, str]) -> None:
    connection: sqlite3.Connection = open_file(tmp_path / "journal.db")
    connection.execute("INSERT INTO courses VALUES ('job', ?, 0, ?)", row)
    with pytest.raises(ValueError, match=r".*"):
        courses.read(connection)
    connection.close()
