"""A start over REST becomes an order, and the hub's word on it the answer."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Status
from flashyard.contract.records import StartOptions
from flashyard_bridge.rest.request import DEFAULT_SIZE
from support.rig import Rig
from support.scripted_hub import GIB, ScriptedHub, accept, queue, refuse_with
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEMO = [
    ("PIXEL6_001", "Google Pixel 6", "system", 3221225472),
    ("SAMSUNG_S21_002", "Samsung Galaxy S21", "boot", 2147483648),
    ("ONEPLUS_9_003", "OnePlus 9 Pro", "vendor", 1073741824),
]


async def test_a_start_with_a_device_alone_flashes_4_gib_to_its_system_partition(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    assert re.fullmatch(r"job_\d{10}_[0-9a-z]{8}", said["jobId"])
    assert said == {
        "success": True,
        "jobId": said["jobId"],
        "status": "started",
        "deviceId": device,
        "partition": "system",
        "ignored": [],
    }
    [order] = rig.hub.starts
    assert (order.job_id, order.device_id) == (said["jobId"], device)
    assert (order.partition, order.total_bytes) == ("system", DEFAULT_SIZE)
    assert (order.image, order.device_name, order.options) == (None, None, StartOptions())


async def test_the_order_is_for_the_hubs_session_and_holds_five_seconds(rig: Rig) -> None:
    device = await rig.plug()
    await rig.start(deviceId=device)
    [order] = rig.hub.starts
    assert (order.session, order.ttl_ms) == (rig.hub.session, 5000)
    assert 0 <= rig.bridge.state.now() - order.issued_at < 5000


async def test_the_original_frontends_request_is_taken_as_it_is(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(
        deviceId=device, deviceName="Google Pixel 6", partition="boot", imageSize=67108864
    )
    assert (said["status"], said["partition"]) == ("started", "boot")
    [order] = rig.hub.starts
    assert (order.device_name, order.total_bytes) == ("Google Pixel 6", 67108864)
    assert order.options == StartOptions(image_size=67108864)


async def test_a_started_job_is_there_at_once(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device, imageSize=1000)
    job = rig.job(said["jobId"])
    assert (job.status, job.device_name, job.total_bytes) == (
        Status.RUNNING,
        f"Name of {device}",
        1000,
    )


async def test_a_busy_device_queues_the_job_and_says_where(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    said = await rig.start(deviceId=device)
    assert (said["status"], said["position"]) == ("queued", 1)
    assert rig.job(said["jobId"]).status is Status.QUEUED


async def test_null_is_absent_and_an_empty_device_name_is_the_default(rig: Rig) -> None:
    device = await rig.plug()
    nothing = dict.fromkeys(("partition", "imageSize", "image", "verify", "priority", "wipe"))
    said = await rig.start(deviceId=device, deviceName="", **nothing)
    assert said["ignored"] == []
    [order] = rig.hub.starts
    assert (order.device_name, order.partition) == (None, "system")


async def test_fields_nobody_knows_are_listed_as_ignored(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device, method="fastboot", device_id="X", model_config=1)
    assert said["ignored"] == ["method", "device_id", "model_config"]


async def test_fields_without_effect_are_fine_at_their_defaults(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(
        deviceId=device,
        verify="image",
        slot="active",
        reboot=True,
        erase=False,
        wipe=False,
        rollback="none",
        priority=5,
        waitForDevice=False,
    )
    assert said["ignored"] == []
    assert rig.hub.starts[0].options == StartOptions()


async def test_options_that_are_not_at_their_default_travel_with_the_order(rig: Rig) -> None:
    device = await rig.plug(slots=("a", "b"), current_slot="a")
    await rig.start(deviceId=device, verify="none", slot="b", reboot=False, erase=True)
    options = StartOptions(verify="none", slot="b", reboot=False, erase=True)
    assert rig.hub.starts[0].options == options


async def test_a_read_back_is_asked_of_the_hub_which_knows_what_the_device_can(rig: Rig) -> None:
    await rig.start(deviceId=await rig.plug(), verify="readback")
    assert rig.hub.starts[0].options == StartOptions(verify="readback")


async def test_an_image_travels_with_its_facts_and_a_signed_query(rig: Rig) -> None:
    device = await rig.plug(emulated=False)
    content = b"an image" * 512
    name = await rig.upload(content)
    await rig.start(deviceId=device, partition="boot", image=name, sha256=name)
    [order] = rig.hub.starts
    assert order.image is not None
    assert (order.image.sha256, order.image.size) == (sha256(content).hexdigest(), len(content))
    assert order.total_bytes == len(content)
    assert order.query is not None
    assert set(re.findall(r"(\w+)=", order.query)) == {"hub", "expires", "signature"}
    assert order.options.image_size is None


@pytest.mark.parametrize("where", ["header", "field", "both"])
async def test_an_idempotency_key_reaches_the_hub(rig: Rig, where: str) -> None:
    device = await rig.plug()
    key = "order-4711"
    headers = {"Idempotency-Key": key} if where != "field" else {}
    body = {"deviceId": device} | ({"idempotencyKey": key} if where != "header" else {})
    answer = await rig.http.post("/api/flash/start", json=body, headers=headers)
    assert answer.status_code == 200
    assert rig.hub.starts[0].idempotency_key == key


async def test_a_repeated_key_answers_with_the_first_job(rig: Rig) -> None:
    device = await rig.plug()
    first = await rig.start(deviceId=device, idempotencyKey="k1")
    rig.hub.answer = lambda order: accept(order).with_(job_id=first["jobId"])
    before = len(rig.bridge.state.fleet.jobs())
    again = await rig.start(deviceId=device, idempotencyKey="k1")
    assert again == first
    assert len(rig.bridge.state.fleet.jobs()) == before


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.QUEUE_FULL, 429),
        (Code.IDEMPOTENCY_CONFLICT, 409),
        (Code.STALE_ORDER, 409),
        (Code.UNKNOWN_PARTITION, 409),
        (Code.DISK_FULL, 507),
    ],
)
async def test_a_refusal_by_the_hub_is_answered_with_its_code(
    rig: Rig, code: Code, status: int
) -> None:
    device = await rig.plug()
    rig.hub.answer = refuse_with(code, details="its own words")
    answer = await rig.http.post("/api/flash/start", json={"deviceId": device})
    said = answer.json()
    assert (answer.status_code, said["code"], said["details"]) == (status, code, "its own words")
    assert said["hint"]
    assert said["error"]


async def refused(rig: Rig, **body: Any) -> tuple[int, str]:
    """Start, and return status and code; no order may have gone out."""
    answer = await rig.http.post("/api/flash/start", json=body)
    assert rig.hub.orders == []
    return answer.status_code, answer.json()["code"]


async def test_what_is_not_there_cannot_be_flashed(rig: Rig) -> None:
    device = await rig.plug()
    assert await refused(rig, deviceId="NOBODY") == (404, "unknown_device")
    assert await refused(rig, deviceId=device, hubId="no-hub") == (404, "unknown_hub")


async def test_an_unplugged_device_is_offline(rig: Rig) -> None:
    device = await rig.plug(online=False)
    assert await refused(rig, deviceId=device) == (409, "device_offline")


async def test_two_hubs_with_the_same_device_need_to_be_told_apart(rig: Rig) -> None:
    device = await rig.plug("TWIN")
    async with ScriptedHub(rig.broker.url, "bench-b") as other:
        other.plug(device)
        fleet = rig.bridge.state.fleet
        await until(lambda: sum(each.online for each in fleet.find(device)) == 2)
        assert await refused(rig, deviceId=device) == (409, "ambiguous_device")
        said = await rig.start(deviceId=device, hubId="bench-b")
        assert rig.job(said["jobId"]).hub_id == "bench-b"
        assert not any(isinstance(order, StartOrder) for order in rig.hub.orders)
        other.say_presence(online=False)
        await until(lambda: sum(each.online for each in fleet.find(device)) == 1)
        said = await rig.start(deviceId=device)
        assert rig.job(said["jobId"]).hub_id == "bench-a"
        rig.hub.orders.clear()
        assert await refused(rig, deviceId=device, hubId="bench-b") == (409, "device_offline")
        await rig.forget(other)


async def test_a_real_device_needs_an_image(rig: Rig) -> None:
    device = await rig.plug(emulated=False)
    assert await refused(rig, deviceId=device, partition="boot") == (422, "image_required")


async def test_an_image_needs_a_partition(rig: Rig) -> None:
    device = await rig.plug()
    image = await rig.upload(b"bytes")
    assert await refused(rig, deviceId=device, image=image) == (422, "partition_required")


async def test_an_image_nobody_uploaded_is_unknown(rig: Rig) -> None:
    device = await rig.plug()
    wish = {"deviceId": device, "partition": "boot", "image": "0" * 64}
    assert await refused(rig, **wish) == (404, "unknown_image")


@pytest.mark.parametrize(
    ("facts", "wish"),
    [
        ({"partitions": {"boot": 4096}}, {"partition": "boot", "imageSize": 4097}),
        ({"partitions": {"system": 4096}}, {}),
        (
            {"partitions": {"boot_a": 4096, "boot_b": 9999}, "slots": ("a", "b")}
            | {"current_slot": "a"},
            {"partition": "boot", "imageSize": 4097},
        ),
        (
            {"partitions": {"boot_a": 9999, "boot_b": 4096}, "slots": ("a", "b")}
            | {"current_slot": "a"},
            {"partition": "boot", "imageSize": 4097, "slot": "b"},
        ),
        (
            {"partitions": {"boot_a": 4096}, "slots": ("a", "b"), "current_slot": "b"},
            {"partition": "boot_a", "imageSize": 4097},
        ),
    ],
)
async def test_more_bytes_than_the_record_gives_the_partition_are_refused(
    rig: Rig, facts: dict[str, Any], wish: dict[str, Any]
) -> None:
    device = await rig.plug(**facts)
    assert await refused(rig, deviceId=device, **wish) == (422, "image_too_large")


async def test_an_image_is_measured_by_what_it_spans(rig: Rig) -> None:
    device = await rig.plug(partitions={"boot": 4096})
    image = await rig.upload(b"x" * 4097)
    wish = {"deviceId": device, "partition": "boot", "image": image}
    assert await refused(rig, **wish) == (422, "image_too_large")
    assert await refused(rig, **wish, imageSize=5) == (422, "invalid_request")


async def test_bytes_that_fit_to_the_last_one_are_fine(rig: Rig) -> None:
    device = await rig.plug(partitions={"boot": 4096})
    await rig.start(deviceId=device, partition="boot", imageSize=4096)


async def test_a_partition_the_record_does_not_size_is_left_to_the_hub(rig: Rig) -> None:
    device = await rig.plug(partitions=None)
    await rig.start(deviceId=device, imageSize=2**53 - 1)


async def test_a_slot_the_device_does_not_have_is_refused(rig: Rig) -> None:
    device = await rig.plug()
    assert await refused(rig, deviceId=device, slot="a") == (422, "invalid_request")


async def test_parallel_starts_get_their_own_answers(rig: Rig) -> None:
    devices = [await rig.plug() for _ in range(20)]
    said = await asyncio.gather(*(rig.start(deviceId=each) for each in devices))
    assert [each["deviceId"] for each in said] == devices
    assert {order.job_id for order in rig.hub.starts} == {each["jobId"] for each in said}


async def test_the_demo_starts_three_jobs_in_the_originals_order(rig: Rig) -> None:
    for device_id, *_ in DEMO:
        await rig.plug(device_id)
    answer = await rig.http.post("/api/flash/demo")
    said = answer.json()
    assert answer.status_code == 200
    assert (said["success"], said["message"]) == (True, "Demo flash operations started")
    assert [set(job) for job in said["jobs"]] == [
        {"jobId", "deviceId", "deviceName", "partition"}
    ] * 3
    orders = [(o.device_id, o.device_name, o.partition, o.total_bytes) for o in rig.hub.starts]
    assert orders == DEMO
    assert [job["jobId"] for job in said["jobs"]] == [order.job_id for order in rig.hub.starts]


async def test_a_demo_request_may_have_any_json_body(rig: Rig) -> None:
    for device_id, *_ in DEMO:
        await rig.plug(device_id)
    rig.hub.answer = queue
    headers = {"Content-Type": "application/json"}
    answer = await rig.http.post("/api/flash/demo", content=b"{not json", headers=headers)
    assert answer.status_code == 200
    assert len(rig.hub.starts) == 3


async def test_a_demo_that_is_refused_in_the_middle_names_what_has_begun(rig: Rig) -> None:
    for device_id, *_ in DEMO:
        await rig.plug(device_id)
    full = refuse_with(Code.QUEUE_FULL)
    rig.hub.answer = lambda o: (full if rig.hub.starts[0] is not o else accept)(o)
    answer = await rig.http.post("/api/flash/demo")
    said = answer.json()
    assert (answer.status_code, said["code"]) == (429, "queue_full")
    assert rig.hub.starts[0].job_id in said["details"]


@pytest.mark.parametrize("facts", [{"online": False}, {"emulated": False}])
async def test_without_demo_devices_there_is_no_demo(rig: Rig, facts: dict[str, Any]) -> None:
    for device_id, *_ in DEMO:
        await rig.plug(device_id)
    await rig.plug("PIXEL6_001", **facts)
    answer = await rig.http.post("/api/flash/demo")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_demo_devices")
    assert "up --demo" in answer.json()["hint"]
    assert rig.hub.orders == []


async def test_a_retry_asks_for_the_same_again_as_a_new_job(rig: Rig) -> None:
    device = await rig.plug(slots=("a", "b"), current_slot="a", partitions={"boot_a": 2 * GIB})
    image = await rig.upload(b"to be flashed twice")
    first = await rig.start(
        deviceId=device, deviceName="Mine", partition="boot", image=image, erase=True
    )
    rig.hub.end(device, rig.job(first["jobId"]), Code.LINK_LOST)
    await until(lambda: rig.job(first["jobId"]).is_final)
    answer = await rig.http.post(f"/api/flash/job/{first['jobId']}/retry")
    said = answer.json()
    assert answer.status_code == 200, said
    assert said["jobId"] != first["jobId"]
    asked, again = rig.hub.starts
    assert (again.retry_of, again.attempt, again.job_id) == (first["jobId"], 2, said["jobId"])
    same = {"device_id", "device_name", "partition", "image", "options", "total_bytes"}
    assert again.model_dump(include=same) == asked.model_dump(include=same)
    job = rig.job(said["jobId"])
    assert (job.retry_of, job.attempt) == (first["jobId"], 2)


async def test_a_retry_of_generated_bytes_makes_as_many_again(rig: Rig) -> None:
    device = await rig.plug()
    first = await rig.start(deviceId=device, imageSize=12345)
    rig.hub.end(device, rig.job(first["jobId"]))
    await until(lambda: rig.job(first["jobId"]).is_final)
    answer = await rig.http.post(f"/api/flash/retry/{first['jobId']}")
    assert answer.status_code == 200
    assert [order.total_bytes for order in rig.hub.starts] == [12345, 12345]


async def test_only_an_ended_job_can_be_retried(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    answer = await rig.http.post(f"/api/flash/job/{said['jobId']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    answer = await rig.http.post("/api/flash/job/job_1700000000_aaaaaaaa/retry")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")
    assert len(rig.hub.orders) == 1


async def test_a_retry_without_its_image_is_refused(rig: Rig) -> None:
    device = await rig.plug()
    image = await rig.upload(b"soon gone")
    said = await rig.start(deviceId=device, partition="boot", image=image)
    rig.hub.end(device, rig.job(said["jobId"]))
    await until(lambda: rig.job(said["jobId"]).is_final)
    assert (await rig.http.delete(f"/api/images/{image}")).status_code == 200
    answer = await rig.http.post(f"/api/flash/job/{said['jobId']}/retry")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_image")
