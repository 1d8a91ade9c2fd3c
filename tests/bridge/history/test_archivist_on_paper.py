"""What the archivist takes, keeps and gives up, told without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import pytest
from sqlalchemy import Connection

from flashyard.contract.orders import Recorded
from flashyard.contract.phases import Status
from flashyard.contract.records import StepRecord
from flashyard_bridge.database.database import Database
from flashyard_bridge.history import store as storing
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import START, HubScript
from support.paper_link import PaperLink
from support.records import ended_job, failed_job, record_of
from support.waiting import until

ENOUGH = 600  # steps; two jobs' are more bytes than 64 bits tell


class Desk:
    """An archivist on paper."""

    def __init__(self, database: Database) -> None:
        self.link = PaperLink()
        self.fleet = Fleet(lambda: START, lambda: 0.0)
        self.archivist = Archivist(
            History(database), self.fleet, self.link.as_link(), lambda: START
        )

    @property
    def recorded(self) -> set[str]:
        words = [Recorded.decode(sheet.payload) for sheet in self.link.sheets]
        return {job_id for word in words for job_id in word.job_ids}


@pytest.fixture
def idle_desk() -> Desk:
    """One that stores nothing."""
    return Desk(Database("sqlite:///none.db"))


@contextmanager
def at_work(archivist: Archivist) -> Iterator[asyncio.Task[object]]:
    task = asyncio.create_task(archivist.run())
    try:
        yield task
    finally:
        task.cancel()


async def test_numbers_that_no_database_adds_up_cost_their_record_alone(database: Database) -> None:
    desk = Desk(database)
    step = StepRecord(partition="boot", status=Status.FAILED, bytes=2**53 - 1)
    many = [failed_job(number, steps=(step,) * ENOUGH) for number in (0, 1)]
    for job in (*many, ended_job(2)):
        desk.archivist.take(record_of(job))
    with at_work(desk.archivist) as task:
        await until(lambda: desk.archivist.waiting == 0)
        assert not task.done()
    assert desk.recorded == {many[0].job_id, ended_job(2).job_id}


async def test_a_bad_record_among_many_good_ones_is_found_in_a_few_looks(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, plain, looks = Desk(database), storing.store, count()
    jobs = [ended_job(number) for number in range(64)]

    def picky(connection: Connection, pasts: Sequence[Past]) -> None:
        next(looks)
        if jobs[40].job_id in {past.record.job_id for past in pasts}:
            raise ValueError("not this one")
        plain(connection, pasts)

    monkeypatch.setattr(storing, "store", picky)
    for job in jobs:
        desk.archivist.take(record_of(job))
    with at_work(desk.archivist):
        await until(lambda: desk.archivist.waiting == 0)
    assert desk.recorded == {job.job_id for job in jobs} - {jobs[40].job_id}
    assert next(looks) == 13, "all, and at each of six halvings two"


def test_another_hubs_word_on_a_job_is_not_taken(idle_desk: Desk) -> None:
    script, job_id = HubScript("hub-1"), ended_job().job_id
    for said in (script.presence(), script.record(), *script.start(job_id)):
        idle_desk.fleet.report(said.topic, said.report, said.payload, retained=False)
    idle_desk.archivist.take(record_of(ended_job(hub_id="hub-2")))
    assert idle_desk.archivist.waiting == 0
    idle_desk.archivist.take(record_of(ended_job()))
    assert idle_desk.archivist.waiting == 1
