"""Jobs that end, and how a hub tells their records: with a real journal, and a link on paper."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from flashyard.agent.clock import Clock
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import Ledger
from flashyard.agent.records.course import Course
from flashyard.agent.records.record import record_of
from flashyard.agent.records.repeater import Repeater
from flashyard.agent.recovery.backoff import RECORD
from flashyard.contract.entries import recent_entry
from flashyard.contract.history import JobRecord
from flashyard.contract.orders import Recorded
from flashyard.contract.records import Job, Unrecorded
from support.facts import START, a_job
from support.waiting import until

_FILES = ("journal.db", "journal.db-wal")


def job_id_of(number: int) -> str:
    return f"job_1703001234_{number:06d}"


def ended(number: int) -> Job:
    """A job that ended; each number is another one."""
    return a_job(job_id_of(number), status="completed", finished_at=START + number)


class EndedJobs:
    """A hub that has nothing but jobs that end. ``now``: its monotonic seconds.

    Attributes:
        ends: the jobs whose end was told, in order.
        sent: the jobs whose records went out over the present connection, in order, and when.
        told: what the hub says of its records now.
        is_up: does the link take anything?
        tries: how often it was asked to.
    """

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.ends: list[int] = []
        self.sent: list[tuple[int, float]] = []
        self.told: Unrecorded | None = None
        self.is_up = False
        self.tries = 0
        self._folder = folder
        self._lives = 0
        self._found: list[int] = []  # by the present process, in its journal

    async def begin(self) -> None:
        """Be a hub's process that finds what an earlier one has left."""
        self._lives += 1
        self._path = self._folder / str(self._lives)
        self.journal = Journal(self._path / _FILES[0])
        self.repeater = Repeater(
            self.journal, self._send, self._tell, RECORD, clock=lambda: self.now
        )
        self.journal.open()
        self._tell(self.repeater.restore())
        self.journal.begin()
        self._found = await self.waiting()

    def end(self, number: int) -> None:
        """End a job; its event goes out once the journal has it, and then the record may."""
        job = ended(number)
        record = record_of(job, 5, START, Course(Clock()))
        Ledger(self.journal).end(recent_entry(job, 5), record)
        self.journal.after(partial(self.ends.append, number))
        self.repeater.ended()

    async def settle(self) -> None:
        """Do all there is to be done now."""
        for _ in range(3):
            await self.repeater.look()

    async def connect(self) -> None:
        self.is_up = True
        self.sent.clear()
        self.repeater.begin_anew()
        await self.settle()

    def disconnect(self) -> None:
        self.is_up = False
        self.repeater.link_down()

    def acknowledge(self, *numbers: int) -> None:
        word = Recorded(job_ids=tuple(map(job_id_of, numbers)), history_id="h1")
        self.repeater.acknowledged(word)

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        await self.settle()

    async def kill(self, in_vain: Callable[[], None] = lambda: None) -> None:
        """Die, and have another process go on with what is on the disk.

        ``in_vain``: what is done then is given to the journal, and never written.
        """
        is_busy, may_go_on = Event(), Event()

        def keep_busy(_connection: sqlite3.Connection) -> None:
            is_busy.set()
            may_go_on.wait()

        self.journal.write(keep_busy)
        await until(is_busy.is_set)
        in_vain()
        after = self._folder / str(self._lives + 1)
        after.mkdir()
        told: list[int] = []

        def die(_connection: sqlite3.Connection) -> None:
            told[:] = self.ends
            for name in _FILES:
                shutil.copy(self._path / name, after / name)

        self.journal.write(die)
        may_go_on.set()
        await self.journal.settled(10.0)
        self.disconnect()
        self.ends = told  # what the old process has still said nobody heard
        await self.journal.close()
        await self.begin()

    async def stop(self) -> None:
        await self.journal.close()

    async def waiting(self) -> list[int]:
        """The jobs whose records are in the journal, in order."""
        return await self.journal.ask(
            lambda connection: [
                int(job_id[-6:])
                for (job_id,) in connection.execute("SELECT job_id FROM records ORDER BY number")
            ]
        )

    async def lost(self) -> int:
        return await self.journal.ask(_lost)

    def _send(self, payload: bytes) -> bool:
        self.tries += 1
        if self.is_up:
            number = int(JobRecord.decode(payload).job_id[-6:])
            assert number in {*self.ends, *self._found}, "the event comes first"
            self.sent.append((number, self.now))
        return self.is_up

    def _tell(self, unrecorded: Unrecorded | None) -> None:
        self.told = unrecorded


def _lost(connection: sqlite3.Connection) -> int:
    (lost,) = connection.execute("SELECT value FROM totals WHERE what = 'lost'").fetchone()
    return int(lost)
