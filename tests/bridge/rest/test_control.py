"""Cancelling over REST, and the honest refusal of what cannot be done yet."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import CancelOrder
from flashyard.contract.phases import Status
from support.rig import Rig
from support.scripted_hub import accept, queue, refuse_with
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "job_1700000000_aaaaaaaa"


@pytest.mark.parametrize("path", ["/api/flash/job/{}/cancel", "/api/flash/cancel/{}"])
async def test_a_cancel_says_the_status_as_it_is_now_and_what_was_asked(
    rig: Rig, path: str
) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    answer = await rig.http.post(path.format(said["jobId"]))
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "jobId": said["jobId"],
        "status": "running",
        "requested": "cancel",
    }
    order = rig.hub.orders[-1]
    assert isinstance(order, CancelOrder)
    assert (order.job_id, order.session) == (said["jobId"], rig.hub.session)
    assert rig.job(said["jobId"]).requested == "cancel"


async def test_a_waiting_job_is_cancelled_at_once(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    said = await rig.start(deviceId=device)
    rig.hub.answer = lambda order: accept(order).with_(status=Status.CANCELLED)
    answer = await rig.http.post(f"/api/flash/job/{said['jobId']}/cancel")
    assert answer.json() == {"success": True, "jobId": said["jobId"], "status": "cancelled"}


async def test_a_cancel_too_late_is_refused_in_the_hubs_words(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    rig.hub.answer = refuse_with(Code.ILLEGAL_STATE)
    answer = await rig.http.post(f"/api/flash/job/{said['jobId']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    assert rig.job(said["jobId"]).requested is None


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
@pytest.mark.parametrize("path", ["/api/flash/job/{job}/{verb}", "/api/flash/{verb}/{job}"])
async def test_steering_needs_a_job_that_is_there_and_has_not_ended(
    rig: Rig, path: str, verb: str
) -> None:
    answer = await rig.http.post(path.format(job=NOBODY, verb=verb))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    rig.hub.end(device, rig.job(said["jobId"]))
    await until(lambda: rig.job(said["jobId"]).is_final)
    answer = await rig.http.post(path.format(job=said["jobId"], verb=verb))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_final")


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize("path", ["/api/flash/job/{job}/{verb}", "/api/flash/{verb}/{job}"])
async def test_a_job_cannot_be_paused_yet_and_is_told_so(rig: Rig, path: str, verb: str) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    answer = await rig.http.post(path.format(job=said["jobId"], verb=verb))
    assert (answer.status_code, answer.json()["code"]) == (422, "not_supported")
    assert len(rig.hub.orders) == 1
    assert rig.job(said["jobId"]).requested is None


async def test_a_job_cannot_be_changed_yet(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    answer = await rig.http.patch(f"/api/flash/job/{said['jobId']}", json={"priority": 9})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_supported")
    answer = await rig.http.patch(f"/api/flash/job/{NOBODY}", json={"priority": 9})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")


async def test_a_job_of_a_silent_hub_cannot_be_cancelled(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    fleet = rig.bridge.state.fleet
    rig.hub.say_presence(online=False)
    await until(lambda: not any(hub.online for hub in fleet.hubs()))
    answer = await rig.http.post(f"/api/flash/job/{said['jobId']}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "device_offline")
    rig.hub.say_presence()
    await until(lambda: any(hub.online for hub in fleet.hubs()))
