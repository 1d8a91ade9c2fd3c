"""One job for several partitions: from the request to the order, and again for a retry."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.plans import Requirement
from support.rig import Rig
from support.scripted_hub import queue
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOOT = b"boot" * 1024
SYSTEM = b"system" * 4096
REQUIRED = {"variable": "product", "values": ["oriole", "raven"]}


async def asked(rig: Rig, **more: Any) -> dict[str, Any]:
    """A request for two partitions."""
    return {
        "deviceId": await rig.plug(slots=("a", "b"), current_slot="a"),
        "partitions": [
            {"partition": "boot", "image": await rig.upload(BOOT)},
            {"partition": "system", "image": await rig.upload(SYSTEM), "before": "reboot-fastboot"},
        ],
        **more,
    }


async def refused(rig: Rig, body: dict[str, Any]) -> dict[str, Any]:
    rig.hub.orders.clear()
    answer = await rig.http.post("/api/flash/start", json=body)
    assert answer.status_code == 422, answer.text
    assert not rig.hub.orders, "nothing was started"
    said: dict[str, Any] = answer.json()
    return said


async def test_several_partitions_are_one_job_with_as_many_steps(rig: Rig) -> None:
    body = await asked(rig, requirements=[REQUIRED], slot="inactive", wipe=True)
    said = await rig.start(**body)
    assert (said["partition"], said["ignored"]) == ("boot", [])
    [order] = rig.hub.starts
    assert order.partitions == ("boot", "system")
    assert (order.image, order.total_bytes) == (None, len(BOOT) + len(SYSTEM))
    assert [step.before for step in order.steps] == [None, "reboot-fastboot"]
    assert order.requirements == (Requirement(variable="product", values=("oriole", "raven")),)
    assert (order.options.slot, order.options.wipe) == ("inactive", True)
    for step in order.steps:
        assert rig.bridge.state.images.signature.verify(
            step.image.sha256, dict(parse_qsl(step.query))
        )


async def test_a_word_nobody_knows_within_a_step_is_listed_as_ignored(rig: Rig) -> None:
    body = await asked(rig, requirements=[{**REQUIRED, "regect": True}], colour="red")
    body["partitions"][1]["befor"] = "reboot-fastboot"
    said = await rig.start(**body)
    assert said["ignored"] == ["colour", "partitions.1.befor", "requirements.0.regect"]


async def test_a_retry_asks_for_the_same_partitions_again(rig: Rig) -> None:
    started = await rig.start(**await asked(rig, requirements=[REQUIRED]))
    [order] = rig.hub.starts
    rig.hub.end(order.device_id, rig.job(started["jobId"]), Code.USB_UNPLUGGED)
    await until(lambda: rig.job(started["jobId"]).is_final)
    rig.hub.orders.clear()
    answer = await rig.http.post(f"/api/flash/job/{started['jobId']}/retry")
    assert answer.status_code == 200, answer.text
    [again] = rig.hub.starts
    assert (again.retry_of, again.attempt) == (started["jobId"], 2)
    assert again.partitions == order.partitions
    assert [step.image for step in again.steps] == [step.image for step in order.steps]
    assert (again.requirements, again.options) == (order.requirements, order.options)


async def test_no_image_of_a_waiting_job_can_be_deleted(rig: Rig) -> None:
    rig.hub.answer = queue
    body = await asked(rig)
    await rig.start(**body)
    for step in body["partitions"]:
        answer = await rig.http.delete(f"/api/images/{step['image']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "image_in_use")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"partition": "boot"}, "partition"),
        ({"image": "0" * 64}, "image"),
        ({"imageSize": 1000}, "imageSize"),
        ({"partitions": []}, "partitions"),
        ({"requirements": [{"variable": "product", "values": []}]}, "requirements"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
async def test_what_contradicts_the_partitions_is_refused_by_its_name(
    rig: Rig, more: dict[str, Any], field: str
) -> None:
    said = await refused(rig, await asked(rig, **more))
    assert said["code"] == "invalid_request"
    assert said["field"].startswith(field)


async def test_a_partition_that_is_named_twice_is_refused(rig: Rig) -> None:
    body = await asked(rig)
    body["partitions"].append(body["partitions"][0])
    said = await refused(rig, body)
    assert said["error"] == "`partitions` names boot twice."


async def test_only_super_is_given_a_new_layout(rig: Rig) -> None:
    body = await asked(rig)
    body["partitions"][0]["method"] = "update-super"
    said = await refused(rig, body)
    assert said["error"] == "`partitions` has `update-super` for boot; it goes with `super` alone."


async def test_what_no_order_has_room_for_is_refused_before_it_is_sent(rig: Rig) -> None:
    body = await asked(rig)
    image = await rig.upload(b"a long name" * 1024, name="\N{MOBILE PHONE}" * 200)
    body["partitions"] = [{"partition": f"part{i}", "image": image} for i in range(64)]
    rig.hub.orders.clear()
    answer = await rig.http.post("/api/flash/start", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.json()["hint"].startswith("Start it as several jobs")
    assert not rig.hub.orders, "nothing was started"


async def test_requirements_alone_are_refused(rig: Rig) -> None:
    body = {"deviceId": await rig.plug(), "requirements": [REQUIRED]}
    assert (await refused(rig, body))["field"] == "requirements"


async def test_an_image_nobody_uploaded_is_named_as_unknown(rig: Rig) -> None:
    body = await asked(rig)
    body["partitions"][1]["image"] = "0" * 64
    answer = await rig.http.post("/api/flash/start", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_image")


async def test_each_image_must_fit_where_the_record_tells_the_size(rig: Rig) -> None:
    body = await asked(rig, slot="inactive")
    body["deviceId"] = await rig.plug(
        slots=("a", "b"), current_slot="a", partitions={"system_a": 1 << 20, "system_b": 1000}
    )
    assert (await refused(rig, body))["code"] == "image_too_large"


async def test_an_inactive_slot_is_written_whole_or_not_at_all(rig: Rig) -> None:
    body = await asked(rig, slot="inactive")
    rooms = {"boot_a": 1 << 20, "boot_b": 1 << 20, "vbmeta_a": 1 << 20, "vbmeta_b": 1 << 20}
    body["deviceId"] = await rig.plug(slots=("a", "b"), current_slot="a", partitions=rooms)
    said = await refused(rig, body)
    assert said["code"] == "incomplete_slot"
    assert said["error"] == "Slot b would not be whole: vbmeta would be missing."


async def test_a_device_without_slots_has_no_inactive_one(rig: Rig) -> None:
    body = await asked(rig, slot="inactive")
    body["deviceId"] = await rig.plug()
    assert (await refused(rig, body))["field"] == "slot"


async def test_booted_cannot_be_seen_without_a_restart(rig: Rig) -> None:
    said = await refused(rig, await asked(rig, verify="booted", reboot=False))
    assert said["field"] == "verify"
