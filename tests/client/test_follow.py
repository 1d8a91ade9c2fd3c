from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from flashyard.client.bridge import Bridge
from flashyard.client.follow import Caught, Changed, Gap, News, follow
from flashyard.client.overhear import overhear
from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.tracked import started
from support.broker_process import free_port
from support.facts import a_job
from support.learnt import DEVICE, FLASH, teach
from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def begun(rig: Rig, device: str) -> Job:
    said = await rig.start(deviceId=device, partition="boot")
    return rig.job(said["jobId"])


async def ends(news: AsyncGenerator[News]) -> list[Job]:
    async with aclosing(news) as told, asyncio.timeout(30):
        return [each.job async for each in told if isinstance(each, Changed) and each.job.is_final]


async def test_each_job_is_followed_to_its_one_end_with_all_its_facts(rig: Rig) -> None:
    devices = [await rig.plug(), await rig.plug()]
    jobs = [await begun(rig, device) for device in devices]
    async with Bridge(str(rig.http.base_url)) as bridge:
        following = asyncio.create_task(ends(follow(bridge, jobs)))
        rig.hub.end(devices[0], jobs[0])
        rig.hub.end(devices[1], jobs[1], Code.LINK_LOST)
        ended = {job.job_id: job for job in await following}
    assert len(ended) == 2
    assert ended[jobs[0].job_id].status is Status.COMPLETED
    assert ended[jobs[1].job_id].code is Code.LINK_LOST
    assert all(job.finished_at is not None for job in ended.values())


async def test_a_job_that_ended_before_anyone_looked_is_seen_to_end(rig: Rig) -> None:
    device = await rig.plug()
    job = await begun(rig, device)
    rig.hub.end(device, job)
    async with Bridge(str(rig.http.base_url)) as bridge:
        (ended,) = await ends(follow(bridge, [job]))
    assert ended.status is Status.COMPLETED


async def test_jobs_that_have_ended_already_are_not_followed(rig: Rig) -> None:
    async with Bridge(str(rig.http.base_url)) as bridge:
        assert await ends(follow(bridge, [a_job(status="completed")])) == []


async def test_a_job_the_bridge_never_heard_of_ends_as_unknown(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashyard.client.follow._YOUNG", 0.0)
    async with Bridge(str(rig.http.base_url)) as bridge:
        (ended,) = await ends(follow(bridge, [a_job("job_1703001234_nobody")]))
    assert ended.code is Code.UNKNOWN_JOB
    assert "outcome is unknown" in (ended.error or "")


async def test_that_the_bridge_is_back_is_told_though_all_ended_before_the_connection_was(
    rig: Rig,
) -> None:
    device = await rig.plug()
    job = await begun(rig, device)
    async with Bridge(str(rig.http.base_url)) as bridge:
        bridge.url = f"http://127.0.0.1:{free_port()}"  # REST answers, and the WebSocket does not
        async with aclosing(follow(bridge, [job])) as news, asyncio.timeout(30):
            assert isinstance(await anext(news), Gap)
            rig.hub.end(device, job)
            *_, end, last = [each async for each in news]
    assert isinstance(end, Changed)
    assert end.job.status is Status.COMPLETED
    assert isinstance(last, Caught)


async def test_whatever_runs_is_overheard_while_one_listens(rig: Rig) -> None:
    device, other = await rig.plug(), await rig.plug()
    before = await begun(rig, device)
    async with (
        Bridge(str(rig.http.base_url)) as bridge,
        aclosing(overhear(bridge, [device])) as news,
        asyncio.timeout(30),
    ):
        first = await anext(news)
        assert isinstance(first, Changed)
        assert first.job.job_id == before.job_id
        await begun(rig, other)
        rig.hub.end(device, before)
        async for each in news:
            assert isinstance(each, Changed)
            assert each.job.device_id == device
            if each.job.is_final:
                break


async def test_what_is_usual_for_a_job_is_known_as_it_begins(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(**DEVICE)
    said = await rig.start(deviceId=device, **FLASH)
    job = rig.job(said["jobId"]).with_(started_at=1_700_000_000_000)
    async with (
        Bridge(str(rig.http.base_url)) as bridge,
        aclosing(follow(bridge, [job.with_(started_at=None)])) as followed,
        aclosing(overhear(bridge, [device])) as overheard,
        asyncio.timeout(30),
    ):
        rig.hub.say(started(job).message)  # type: ignore[arg-type]
        for news in (followed, overheard):
            async for each in news:
                assert isinstance(each, Changed)
                if each.job.expected is not None:
                    assert each.job.expected.duration_ms == 9_500
                    break
