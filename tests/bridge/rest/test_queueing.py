"""Jobs that do not begin at once: by priority, at a time, for a device; and how they are listed."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.records import StartOptions
from flashyard_bridge.rest.plan import MAX_AWAY
from support.rig import Rig
from support.scripted_hub import ScriptedHub, queue
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_a_job_is_to_wait_for_travels_with_the_order_and_shows_at_once(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    soon = rig.bridge.state.now() + 60_000
    said = await rig.start(deviceId=device, priority=7, bandwidthLimit=9_000, notBefore=soon)
    [order] = rig.hub.starts
    assert (order.priority, order.bandwidth_limit, order.not_before) == (7, 9_000, soon)
    assert not order.wait_for_device
    job = (await rig.http.get(f"/api/flash/job/{said['jobId']}")).json()["job"]
    assert (job["priority"], job["bandwidthLimit"], job["notBefore"]) == (7, 9_000, soon)
    assert job["position"] == 1


async def test_a_time_that_is_past_is_now_and_one_over_a_year_away_is_a_mistake(rig: Rig) -> None:
    device, now = await rig.plug(), rig.bridge.state.now()
    for mistaken in (now + MAX_AWAY + 60_000, now // 1000 + 3600):
        answer = await rig.http.post(
            "/api/flash/start", json={"deviceId": device, "notBefore": mistaken}
        )
        said = answer.json()
        assert (answer.status_code, said["code"], said["field"]) == (
            422,
            "invalid_request",
            "notBefore",
        )
    assert not rig.hub.starts
    await rig.start(deviceId=device, notBefore=now - 1)
    assert rig.hub.starts[0].not_before is None


async def test_a_job_may_wait_for_a_device_that_is_not_there_if_its_hub_is(rig: Rig) -> None:
    device = await rig.plug(online=False)
    body = {"deviceId": device}
    answer = await rig.http.post("/api/flash/start", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "device_offline")
    rig.hub.answer = queue
    said = await rig.start(**body, waitForDevice=True)
    [order] = rig.hub.starts
    assert (said["status"], order.wait_for_device) == ("queued", True)
    assert order.options == StartOptions(wait_for_device=True)
    answer = await rig.http.post(
        "/api/flash/start", json={"deviceId": "NOBODY", "waitForDevice": True}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")


async def test_nobody_waits_for_a_device_whose_hub_is_gone(rig: Rig) -> None:
    fleet = rig.bridge.state.fleet
    async with ScriptedHub(rig.broker.url, "bench-y") as other:
        other.plug("AWAY", online=False)
        await until(lambda: fleet.find("AWAY"))
        other.say_presence(online=False)
        await until(lambda: not any(hub.online for hub in fleet.hubs() if hub.hub_id == "bench-y"))
        answer = await rig.http.post(
            "/api/flash/start", json={"deviceId": "AWAY", "waitForDevice": True}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "device_offline")
    await rig.forget(other)


async def test_the_one_that_is_there_is_meant_before_one_that_is_awaited(rig: Rig) -> None:
    fleet = rig.bridge.state.fleet
    async with ScriptedHub(rig.broker.url, "bench-x") as other:
        device = await rig.plug()
        other.plug(device, online=False)
        await until(lambda: len(fleet.find(device)) == 2)
        await rig.start(deviceId=device, waitForDevice=True)
        assert len(rig.hub.starts) == 1
        assert other.orders == []
    await rig.forget(other)


async def test_a_retry_repeats_how_it_was_to_wait_but_not_the_time(rig: Rig) -> None:
    device = await rig.plug()
    first = await rig.start(
        deviceId=device,
        priority=8,
        bandwidthLimit=4_000,
        waitForDevice=True,
        notBefore=rig.bridge.state.now() + 60_000,
    )
    job = rig.job(first["jobId"])
    rig.hub.end(device, job, Code.LINK_LOST)
    await until(lambda: rig.job(first["jobId"]).is_final)
    await rig.plug(device, online=False, recent=rig.hub.devices[device].recent)
    answer = await rig.http.post(f"/api/flash/job/{first['jobId']}/retry")
    assert answer.status_code == 200, answer.text
    again = rig.hub.starts[-1]
    assert (again.priority, again.bandwidth_limit, again.wait_for_device) == (8, 4_000, True)
    assert again.not_before is None


async def test_a_queue_is_listed_in_its_own_order_page_by_page(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    ids = [(await rig.start(deviceId=device))["jobId"] for _ in range(4)]
    other = (await rig.start(deviceId=await rig.plug()))["jobId"]
    turns = [ids[3], ids[0], ids[2], ids[1]]
    rig.hub.wait(device, *(rig.job(job_id) for job_id in turns))
    await until(lambda: rig.job(ids[3]).position == 1)
    paged: list[str] = []
    query = {"limit": "2"}
    while True:
        page = (await rig.http.get("/api/flash/jobs", params=query)).json()
        paged += [job["jobId"] for job in page["jobs"]]
        if "nextCursor" not in page:
            break
        query["cursor"] = page["nextCursor"]
    assert [job_id for job_id in paged if job_id in ids] == turns
    assert paged.count(other) == 1
    active = (await rig.http.get("/api/flash/operations/active")).json()["operations"]
    assert [job["jobId"] for job in active] == paged
