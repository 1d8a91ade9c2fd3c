"""Of a job that a bridge gave up, too, it is on record who had it started; or that nobody knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import Code
from flashyard.contract.history import PastJob
from flashyard.contract.requester import USER_HEADER, Requester
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.database import Database
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from support.brokers import Broker
from support.records import failed_job, past_of, record_of
from support.scripted_hub import ScriptedHub
from support.served import ServedBridge, served_bridge
from support.trail import lines_in
from support.waiting import until, until_told

DEVICE = "UNIT_1"
LOST = failed_job(0, code=Code.HUB_LOST, error="Outcome unknown.")
ALICE, BOB = (Requester(identity=name, address="127.0.0.1") for name in ("alice", "bob"))
WORD = Past(record_of(LOST), "bridge", 1)


def start(who: Requester | None, action: str = "start", outcome: str = "accepted") -> AuditEntry:
    return AuditEntry(at=1, action=action, requester=who, job_id=LOST.job_id, outcome=outcome)


async def named(database: Database) -> Requester | None:
    """Who is on record, once the bridge's word is stored; the trail's last line says the same."""
    history = History(database)
    await history.store([WORD])
    job = await history.job(LOST.job_id)
    assert job is not None
    [ended] = await lines_in(database, action="job_ended")
    assert ended.requester == job.asked_by
    return job.asked_by


@pytest.mark.parametrize("action", ["start", "retry", "demo"])
async def test_who_had_it_started_is_whom_the_audit_trail_names(
    database: Database, action: str
) -> None:
    await database.write(lambda c: append(c, [start(ALICE, action), start(BOB, "cancel")]))
    assert await named(database) == ALICE


async def test_who_asks_for_the_same_once_more_has_not_started_it(database: Database) -> None:
    await database.write(lambda c: append(c, [start(ALICE), start(BOB)]))
    assert await named(database) == ALICE


async def test_nobody_is_named_for_what_was_refused_or_asked_of_the_job_later(
    database: Database,
) -> None:
    refused = start(BOB, "retry", "refused")  # of an old job: the line has its id
    await database.write(lambda c: append(c, [refused, start(BOB, "cancel"), start(None)]))
    assert await named(database) is None


async def test_what_a_bridge_knows_itself_and_what_a_hub_tells_is_left_as_it_is(
    database: Database,
) -> None:
    await database.write(lambda c: append(c, [start(BOB)]))
    history = History(database)
    await history.store([Past(record_of(LOST, asked_by=ALICE), "bridge", 1)])
    job = await history.job(LOST.job_id)
    assert job is not None
    assert job.asked_by == ALICE
    await history.store([past_of(LOST)])
    told = await history.job(LOST.job_id)
    assert told is not None
    assert (told.told_by, told.asked_by) == ("hub", None)


async def given_up(served: ServedBridge, job_id: str) -> PastJob:
    async def is_stored() -> bool:
        return await served.state.history.job(job_id) is not None

    await until_told(is_stored, within=20)
    job = await served.state.history.job(job_id)
    assert job is not None
    assert (job.code, job.told_by) == (Code.HUB_LOST, "bridge")
    return job


async def start_job(served: ServedBridge) -> str:
    await until(lambda: any(each.online for each in served.state.fleet.find(DEVICE)))
    body = {"deviceId": DEVICE, "partition": "system", "imageSize": 4096}
    headers = {USER_HEADER: "kim@bench"}
    answer = await served.http.post("/api/flash/start", json=body, headers=headers)
    return str(answer.raise_for_status().json()["jobId"])


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_the_history_tells_who_had_a_job_started_whose_hub_was_never_heard_again(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path, lost_after=0.5) as served,
    ):
        hub.plug(DEVICE)
        job_id = await start_job(served)
        hub.say_presence(online=False)
        job = await given_up(served, job_id)
        assert job.asked_by == hub.starts[0].asked_by
        assert job.asked_by is not None
        assert (job.asked_by.user, job.asked_by.address) == ("kim@bench", "127.0.0.1")


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_so_does_one_that_a_bridge_gives_up_which_had_not_started_it(
    broker: Broker, tmp_path: Path
) -> None:
    async with ScriptedHub(broker.url) as hub:
        hub.plug(DEVICE)
        async with served_bridge(broker.url, tmp_path) as served:
            job_id = await start_job(served)
            await until(lambda: served.state.fleet.job(job_id) is not None)
            running = served.state.fleet.job(job_id)
            assert running is not None
        hub.run(DEVICE, running)
        async with served_bridge(broker.url, tmp_path, lost_after=0.5) as other:
            await until(lambda: other.state.fleet.job(job_id) is not None)
            assert other.state.fleet.asked_by(job_id) is None
            await other.state.pictured()
            hub.say_presence(online=False)
            job = await given_up(other, job_id)
        assert job.asked_by is not None
        assert job.asked_by == hub.starts[0].asked_by
