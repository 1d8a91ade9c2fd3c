"""What ended is stored once, by its hub's word where there is one."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, func, select

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord, PastJob
from flashyard.contract.phases import Status
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.audit import AUDIT
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_STEPS
from flashyard_bridge.history.history import History
from support.records import ended_job, failed_job, past_of, record_of


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


def counts(connection: Connection) -> tuple[int, int]:
    jobs, steps = (select(func.count()).select_from(each) for each in (PAST_JOBS, PAST_STEPS))
    return connection.scalar(jobs) or 0, connection.scalar(steps) or 0


async def test_what_was_stored_is_found_as_its_hub_told_it(history: History) -> None:
    job = ended_job()
    await history.store([past_of(job)])
    found = await history.job(job.job_id)
    assert isinstance(found, PastJob)
    assert {name: getattr(found, name) for name in type(job).model_fields} == dict(job)
    record = record_of(job)
    assert (found.serial, found.port, found.spans) == (record.serial, record.port, record.spans)
    assert found.duration_ms == 10_000
    assert await history.log(job.job_id) == list(record.log)
    assert await history.job("job_1700000000_zzzzzz") is None
    assert await history.log("job_1700000000_zzzzzz") is None


async def test_a_record_that_comes_again_changes_nothing(
    history: History, database: Database
) -> None:
    await history.store([past_of(ended_job(number)) for number in (0, 1, 0)])
    await history.store([past_of(failed_job(0)), past_of(ended_job(2))])
    assert await database.read(counts) == (3, 3)
    found = await history.job(ended_job(0).job_id)
    assert found is not None
    assert found.status is Status.COMPLETED


async def test_a_hubs_later_word_overrides_a_bridges_and_the_audit_has_both(
    history: History, database: Database
) -> None:
    lost = failed_job(0, code=Code.HUB_LOST, error="Outcome unknown.")
    await history.store([past_of(lost, told_by="bridge")])
    await history.store([past_of(ended_job(0))])
    await history.store([past_of(lost, told_by="bridge")])
    found = await history.job(lost.job_id)
    assert found is not None
    assert (found.status, found.told_by) == (Status.COMPLETED, "hub")
    assert await database.read(counts) == (1, 1)
    first, line = await database.read(lambda c: c.execute(select(AUDIT)).mappings().all())
    assert (first["action"], first["outcome"], first["code"]) == ("job_ended", "failed", "hub_lost")
    assert (line["action"], line["job_id"]) == ("end_overridden", lost.job_id)
    assert line["details"]["before"]["code"] == "hub_lost"
    assert line["details"]["now"]["status"] == "completed"
    assert line["details"]["now"]["verification"] == found.verification
    assert (line["outcome"], line["requester"]) == ("completed", first["requester"])


async def test_both_ends_are_in_the_audit_where_they_are_stored_at_once(
    history: History, database: Database
) -> None:
    lost = failed_job(0, code=Code.HUB_LOST, error="Outcome unknown.")
    await history.store([past_of(lost, told_by="bridge"), past_of(ended_job(0))])
    assert await database.read(counts) == (1, 1)
    first, line = await database.read(lambda c: c.execute(select(AUDIT)).mappings().all())
    assert (first["action"], first["code"]) == ("job_ended", "hub_lost")
    assert first["details"]["toldBy"] == "bridge"
    assert line["action"] == "end_overridden"
    assert line["details"]["before"]["error"] == "Outcome unknown."


async def test_a_history_keeps_its_id(history: History, database_url: str) -> None:
    again = Database(database_url)
    again.open()
    assert await History(again).store([]) == await history.store([])
    again.close()


def test_a_record_is_read_as_it_was_written() -> None:
    record = record_of(ended_job())
    assert JobRecord.decode(record.encode()) == record
