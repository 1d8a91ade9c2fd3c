"""Cancelling, pausing and resuming over REST: what is asked, and what has happened."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashPaused, FlashResumed
from flashyard.contract.orders import CancelOrder, PauseOrder, ResumeOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import CurrentJob
from flashyard.contract.tracked import started
from support.rig import Rig
from support.scripted_hub import accept, answer_with, queue, refuse_with
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


def turn(
    rig: Rig, device: str, job_id: str, kind: type[FlashPaused | FlashResumed], seq: int
) -> FlashPaused | FlashResumed:
    """Make a hub's word that a running job stands, or goes on."""
    return kind(
        job_id=job_id,
        device_id=device,
        hub_id=rig.hub.hub_id,
        timestamp=rig.bridge.state.now(),
        seq=seq,
        phase=Phase.WRITING,
    )


@pytest.mark.parametrize("path", ["/api/flash/job/{job}/{verb}", "/api/flash/{verb}/{job}"])
async def test_a_running_job_is_paused_at_its_next_safe_point_and_says_requested_until_then(
    rig: Rig, path: str
) -> None:
    device = await rig.plug()
    job_id = (await rig.start(deviceId=device))["jobId"]
    rig.hub.say(started(rig.job(job_id), 1).message)  # type: ignore[arg-type]
    answer = await rig.http.post(path.format(job=job_id, verb="pause"))
    assert answer.json() == {
        "success": True,
        "jobId": job_id,
        "status": "running",
        "requested": "pause",
    }
    assert isinstance(rig.hub.orders[-1], PauseOrder)
    assert rig.job(job_id).requested == "pause"
    rig.hub.say(turn(rig, device, job_id, FlashPaused, 2))
    await until(lambda: rig.job(job_id).status is Status.PAUSED)
    assert rig.job(job_id).requested is None
    rig.hub.answer = answer_with(Status.PAUSED)
    answer = await rig.http.post(path.format(job=job_id, verb="pause"))
    assert answer.json() == {"success": True, "jobId": job_id, "status": "paused"}
    assert rig.job(job_id).requested is None, "it stands already"
    answer = await rig.http.post(path.format(job=job_id, verb="resume"))
    assert answer.json()["requested"] == "resume"
    assert isinstance(rig.hub.orders[-1], ResumeOrder)
    assert rig.job(job_id).requested == "resume"
    rig.hub.say(turn(rig, device, job_id, FlashResumed, 3))
    await until(lambda: rig.job(job_id).status is Status.RUNNING)
    assert rig.job(job_id).requested is None


async def test_a_pause_that_has_not_come_can_be_taken_back(rig: Rig) -> None:
    job_id = (await rig.start(deviceId=await rig.plug()))["jobId"]
    await rig.http.post(f"/api/flash/job/{job_id}/pause")
    assert rig.job(job_id).requested == "pause"
    answer = await rig.http.post(f"/api/flash/job/{job_id}/resume")
    assert answer.json() == {"success": True, "jobId": job_id, "status": "running"}
    assert rig.job(job_id).requested is None


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_what_cannot_be_now_is_refused_in_the_hubs_words(rig: Rig, verb: str) -> None:
    job_id = (await rig.start(deviceId=await rig.plug()))["jobId"]
    rig.hub.answer = refuse_with(Code.ILLEGAL_STATE)
    answer = await rig.http.post(f"/api/flash/job/{job_id}/{verb}")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    assert rig.job(job_id).requested is None


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


async def test_what_was_asked_is_forgotten_once_the_hubs_record_says_nothing_of_it(
    rig: Rig,
) -> None:
    device = await rig.plug()
    job_id = (await rig.start(deviceId=device))["jobId"]
    asked = rig.job(job_id).with_(requested="pause", started_at=1, phase=Phase.WRITING)
    await rig.plug(device, current_job=CurrentJob(**dict(asked), seq=2))
    assert rig.job(job_id).requested == "pause", "another bridge asked for it"
    taken_back = asked.with_(requested=None)
    await rig.plug(device, current_job=CurrentJob(**dict(taken_back), seq=2))
    assert rig.job(job_id).requested is None
