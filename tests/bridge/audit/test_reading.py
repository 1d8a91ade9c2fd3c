"""The trail is read by what is sought, a page at a time."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.requester import Requester
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.history import History
from support.records import failed_job, past_of
from support.trail import line, lines_in

JOB = "job_1700000000_aaaaaa"
ALICE = Requester(identity="alice", user="al@bench")


@pytest.fixture
async def filled(database: Database) -> Database:
    lines = [
        line(1, action="start", job_id=JOB, device_id="D1", hub_id="h1", requester=ALICE),
        line(2, action="start", device_id="D2", outcome="refused"),
        line(3, action="delete_image", subject="a" * 64, requester=ALICE),
        line(4, action="cancel", job_id=JOB, device_id="D1", hub_id="h1"),
    ]
    await database.write(lambda c: append(c, lines))
    return database


async def test_what_is_sought_is_found(filled: Database) -> None:
    asked: list[tuple[dict[str, str | int], list[int]]] = [
        ({}, [1, 2, 3, 4]),
        ({"job_id": JOB}, [1, 4]),
        ({"device_id": "D2"}, [2]),
        ({"hub_id": "h1"}, [1, 4]),
        ({"action": "start"}, [1, 2]),
        ({"identity": "alice"}, [1, 3]),
        ({"outcome": "refused"}, [2]),
        ({"subject": "a" * 64}, [3]),
        ({"since": line(2).at, "until": line(4).at}, [2, 3]),
        ({"identity": "alice", "action": "start"}, [1]),
        ({"identity": "bob"}, []),
    ]
    for sought, numbers in asked:
        assert [each.number for each in await lines_in(filled, **sought)] == numbers, sought


async def test_what_came_of_a_job_is_found_with_how_it_was_asked_for(filled: Database) -> None:
    job = failed_job(0, job_id=JOB, device_id="D1", hub_id="h1")
    past = past_of(job)
    await History(filled).store([past_of(job), past])
    asked, _, ended = await lines_in(filled, job_id=JOB)
    assert (asked.action, asked.requester) == ("start", ALICE)
    assert (ended.action, ended.outcome, ended.code) == ("job_ended", "failed", job.code)
    assert (ended.error, ended.at) == (job.error, past.recorded_at)
    assert ended.details == {"endedAt": job.finished_at, "verification": "none"}


async def test_an_end_that_a_bridge_wrote_says_so(filled: Database) -> None:
    lost = failed_job(0, code=Code.HUB_LOST)
    await History(filled).store([past_of(lost, told_by="bridge")])
    [ended] = await lines_in(filled, job_id=lost.job_id)
    assert ended.details is not None
    assert ended.details["toldBy"] == "bridge"
