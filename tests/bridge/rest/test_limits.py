"""What jobs, devices and hubs are held to, changed over REST; and the release of a device."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.limits import Limits
from flashyard.contract.orders import LimitsOrder, ReleaseOrder
from flashyard.contract.troubles import Quarantine
from support.rig import Rig
from support.scripted_hub import refuse_with, stay_silent
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROKEN = Quarantine(since=1, faults=3, code=Code.USB_UNPLUGGED, error="The device was unplugged.")


def asked(rig: Rig) -> dict[str, Any]:
    """The last order, by what it changes."""
    order = rig.hub.orders[-1]
    assert isinstance(order, LimitsOrder)
    head = {"order_id", "session", "issued_at", "ttl_ms", "kind"}
    return order.model_dump(exclude_none=True, exclude=head)


async def test_a_jobs_priority_and_bandwidth_are_changed_and_shown_as_agreed(rig: Rig) -> None:
    job_id = (await rig.start(deviceId=await rig.plug(), bandwidthLimit=1_000))["jobId"]
    assert rig.job(job_id).bandwidth_limit == 1_000
    path = f"/api/flash/job/{job_id}"
    answer = await rig.http.patch(path, json={"priority": 9, "bandwidthLimit": 2_000, "x": 1})
    said = answer.json()
    assert answer.status_code == 200
    assert (said["job"]["priority"], said["job"]["bandwidthLimit"]) == (9, 2_000)
    assert said["ignored"] == ["x"]
    assert asked(rig) == {"job_id": job_id, "priority": 9, "bandwidth_limit": 2_000}
    said = (await rig.http.patch(path, json={"bandwidthLimit": None, "priority": None})).json()
    assert asked(rig) == {"job_id": job_id, "bandwidth_limit": 0}
    assert "bandwidthLimit" not in said["job"], "null lifts a limit"
    assert said["job"]["priority"] == 9, "and of what has no none it means nothing"
    assert (await rig.http.get(path)).json()["job"] == said["job"]
    assert (await rig.http.patch(path, json={"priority": 0})).json()["job"]["priority"] == 0


async def test_nothing_to_change_is_asked_of_nobody(rig: Rig) -> None:
    job_id = (await rig.start(deviceId=await rig.plug()))["jobId"]
    rig.hub.orders.clear()
    answer = await rig.http.patch(f"/api/flash/job/{job_id}", json={"speed": 3})
    assert (answer.status_code, answer.json()["ignored"]) == (200, ["speed"])
    assert rig.hub.orders == []


async def test_a_device_is_limited_whatever_its_job(rig: Rig) -> None:
    device = await rig.plug()
    path = f"/api/devices/{device}"
    said = (await rig.http.patch(path, json={"bandwidthLimit": 5_000})).json()
    assert said["device"]["bandwidthLimit"] == 5_000
    assert asked(rig) == {"device_id": device, "bandwidth_limit": 5_000}
    said = (await rig.http.patch(path, json={"bandwidthLimit": None})).json()
    assert "bandwidthLimit" not in said["device"]


async def test_a_hub_is_limited_in_jobs_and_bytes(rig: Rig) -> None:
    body = {"maxParallel": 2, "bandwidthLimit": 7_000, "downloadLimit": 8_000}
    said = (await rig.http.patch("/api/hubs/bench-a", json=body)).json()
    assert said["hub"]["limits"] == {"maxQueue": 50, **body}
    assert asked(rig) == {"max_parallel": 2, "bandwidth_limit": 7_000, "download_limit": 8_000}
    [hub] = (await rig.http.get("/api/hubs")).json()["hubs"]
    assert hub["limits"] == said["hub"]["limits"]
    rig.hub.limits = Limits(max_parallel=3)
    rig.hub.say_presence()
    fleet = rig.bridge.state.fleet
    await until(lambda: [hub.limits for hub in fleet.hubs()] == [Limits(max_parallel=3)])


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/flash/job/{job}", {"priority": 10}, "priority"),
        ("/api/flash/job/{job}", {"priority": "9"}, "priority"),
        ("/api/flash/job/{job}", {"bandwidthLimit": 0}, "bandwidthLimit"),
        ("/api/flash/job/{job}", [], "body"),
        ("/api/devices/{device}", {"bandwidthLimit": "fast"}, "bandwidthLimit"),
        ("/api/hubs/bench-a", {"maxParallel": 0}, "maxParallel"),
        ("/api/hubs/bench-a", {"downloadLimit": -1}, "downloadLimit"),
    ],
)
async def test_a_bad_limit_is_refused_by_its_fields_name(
    rig: Rig, path: str, body: Any, field: str
) -> None:
    device = await rig.plug()
    job_id = (await rig.start(deviceId=device))["jobId"]
    answer = await rig.http.patch(path.format(job=job_id, device=device), json=body)
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "invalid_request", field)
    assert len(rig.hub.orders) == 1


async def test_a_limit_the_hub_refuses_is_not_shown(rig: Rig) -> None:
    job_id = (await rig.start(deviceId=await rig.plug()))["jobId"]
    rig.hub.answer = refuse_with(Code.ALREADY_FINAL)
    answer = await rig.http.patch(f"/api/flash/job/{job_id}", json={"priority": 9})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_final")
    assert rig.job(job_id).priority == 5
    rig.hub.answer = stay_silent
    rig.bridge.state.orders._deadline = 0.2
    try:
        answer = await rig.http.patch(f"/api/flash/job/{job_id}", json={"priority": 9})
    finally:
        rig.bridge.state.orders._deadline = 5.0
    said = answer.json()
    assert (answer.status_code, said["code"], said["jobId"]) == (504, "hub_no_answer", job_id)


async def test_what_is_not_there_cannot_be_changed(rig: Rig) -> None:
    for path, code in (
        ("/api/flash/job/job_1700000000_aaaaaaaa", "unknown_job"),
        ("/api/devices/NOBODY", "unknown_device"),
        ("/api/hubs/nobody", "unknown_hub"),
    ):
        answer = await rig.http.patch(path, json={"bandwidthLimit": 1_000})
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_a_quarantined_device_says_why_and_is_released(rig: Rig) -> None:
    device = await rig.plug(quarantine=BROKEN)
    said = (await rig.http.get(f"/api/devices/{device}")).json()
    assert said["device"]["quarantine"] == {
        "since": 1,
        "faults": 3,
        "code": "usb_unplugged",
        "error": "The device was unplugged.",
    }
    answer = await rig.http.post(f"/api/devices/{device}/release")
    assert answer.status_code == 200
    assert "quarantine" not in answer.json()["device"]
    [order] = rig.hub.orders
    assert isinstance(order, ReleaseOrder)
    assert order.device_id == device


async def test_a_device_that_may_take_jobs_needs_no_release(rig: Rig) -> None:
    device = await rig.plug()
    answer = await rig.http.post(f"/api/devices/{device}/release")
    assert (answer.status_code, answer.json()["device"]["deviceId"]) == (200, device)
    assert rig.hub.orders == []
    answer = await rig.http.post("/api/devices/NOBODY/release")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")
