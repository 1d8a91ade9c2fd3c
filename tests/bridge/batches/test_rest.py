"""Batches over REST: what is refused, and how the others are told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.rig import Rig
from support.waiting import until_told

FLASH = {"partition": "boot", "imageSize": 4096}

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def post(rig: Rig, **body: object) -> httpx.Response:
    return await rig.http.post("/api/flash/batch", json={**FLASH, **body})


async def made(rig: Rig, **body: object) -> str:
    answer = await post(rig, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["batchId"])


async def read(rig: Rig, batch_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await rig.http.get(f"/api/flash/batch/{batch_id}")).json()["batch"]
    return told


async def names(rig: Rig, batch_id: str) -> list[str]:
    return [item["deviceId"] for item in (await read(rig, batch_id))["items"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "devices"),
        ({"devices": [], "filter": {"deviceId": "*"}}, "devices"),
        ({"devices": ["a b"]}, "devices.0.deviceId"),
        ({"devices": ["A"], "filter": {"deviceId": "*"}}, "devices"),
        ({"filter": {}}, "filter"),
        ({"filter": {"disks": True}}, "filter"),
        ({"filter": {"transport": "carrier pigeon"}}, "filter.transport"),
        ({"devices": ["A"], "maxParallel": 0}, "maxParallel"),
        ({"devices": ["A"], "maxFailures": -1}, "maxFailures"),
        ({"devices": ["A"], "maxFailurePercent": 100}, "maxFailurePercent"),
        ({"devices": ["A"], "continueOnError": False, "maxFailures": 2}, "continueOnError"),
        ({"devices": ["A"], "deviceId": "A"}, "deviceId"),
        ({"devices": ["A"], "hubId": "bench-a"}, "hubId"),
        ({"devices": ["A"], "verify": "twice"}, "verify"),
        ({"devices": ["A"], "image": "boot.img"}, "image"),
    ],
)
async def test_a_bad_field_is_named(rig: Rig, body: dict[str, Any], field: str) -> None:
    answer = await post(rig, **body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_devices_that_cannot_are_all_named_and_nothing_is_started(rig: Rig) -> None:
    good = await rig.plug("CAN_1")
    small = await rig.plug("CANNOT_1", partitions={"boot": 1})
    away = await rig.plug("CANNOT_2", online=False)
    answer = await post(rig, devices=[good, small, away, "NOBODY"])
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "image_too_large", "devices")
    assert told["error"].startswith("3 of 4 devices cannot be flashed so: CANNOT_1, CANNOT_2, NOB")
    for name, code in ((small, "image_too_large"), (away, "device_offline")):
        assert f"{name}: {code}: " in told["details"]
    assert "NOBODY: unknown_device: " in told["details"]
    assert rig.hub.starts == []


async def test_what_is_wrong_with_all_is_told_as_of_one(rig: Rig) -> None:
    devices = [await rig.plug(f"SAME_{number}") for number in range(2)]
    answer = await post(rig, devices=devices, image="0" * 64, imageSize=None)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_image")
    answer = await post(rig, devices=devices, partition="xbl")
    assert answer.json()["code"] == "partition_denied"
    answer = await post(rig, devices=["NOBODY"])
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")
    answer = await post(rig, devices=[devices[0], devices[0]])
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_filter_means_all_that_fit_and_are_online(rig: Rig) -> None:
    fits = {"product": "oriole", "transport": "usb"}
    devices = [await rig.plug(f"FIT_{number}", **fits) for number in range(3)]
    await rig.plug("FIT_3", product="raven", transport="usb")
    await rig.plug("FIT_4", **{**fits, "transport": "tcp"})
    await rig.plug("FIT_5", online=False, **fits)
    await rig.plug("FIT_6", mode="normal", **fits)
    await rig.plug("FIT_7", mode="storage", **fits)
    place = {"deviceId": "FIT_*", "product": "ori*", "transport": "usb", "hubId": "bench-a"}
    assert await names(rig, await made(rig, filter=place)) == devices
    answer = await post(rig, filter={**place, "emulated": False})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")


async def test_a_disk_is_meant_only_where_that_is_said(rig: Rig) -> None:
    disk = await rig.plug("STICK_1", mode="storage", partitions={"disk": 1 << 30})
    await rig.plug("STICK_2")
    place = {"deviceId": "STICK_*"}
    answer = await post(rig, filter=place, partition="disk")
    assert answer.status_code == 404
    assert answer.json()["hint"] == "`disks: true` means disks, too."
    everything = {**place, "disks": True}
    assert await names(rig, await made(rig, filter=everything, partition="disk")) == [disk]
    assert await names(rig, await made(rig, filter=everything)) == ["STICK_2"]
    assert await names(rig, await made(rig, devices=[disk], partition="disk")) == [disk]


async def test_a_repeated_request_makes_no_second_batch(rig: Rig) -> None:
    device = await rig.plug("ONCE_1")
    body = {**FLASH, "devices": [device]}
    first = await made(rig, **body, idempotencyKey="shelf-4")
    await rig.plug(device, online=False)
    headers = {"Idempotency-Key": "shelf-4"}
    again = await rig.http.post("/api/flash/batch", json=body, headers=headers)
    assert (again.status_code, again.json()["batchId"]) == (200, first)
    other = await post(rig, devices=[device], wipe=True, idempotencyKey="shelf-4")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    both = {**body, "idempotencyKey": "another"}
    answer = await rig.http.post("/api/flash/batch", json=both, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "idempotencyKey")


async def test_batches_are_listed_newest_first_page_by_page_and_found_by_their_jobs(
    rig: Rig,
) -> None:
    device = await rig.plug("LIST_1")
    batches = [await made(rig, devices=[device], name=f"list {number}") for number in range(5)]
    for batch_id in batches:
        await rig.http.post(f"/api/flash/batch/{batch_id}/pause")
    found: list[str] = []
    query = {"limit": "2", "status": "paused"}
    for _ in range(3):
        page = (await rig.http.get("/api/flash/batches", params=query)).json()
        found += [each["batchId"] for each in page["batches"]]
        assert all("items" not in each and each["total"] == 1 for each in page["batches"])
        query["cursor"] = page.get("nextCursor", "")
    assert query["cursor"] == ""
    assert found == batches[::-1]
    await rig.http.post(f"/api/flash/batch/{batches[2]}/resume")

    async def is_begun() -> bool:
        return "jobId" in (await read(rig, batches[2]))["items"][0]

    await until_told(is_begun)
    job_id = (await read(rig, batches[2]))["items"][0]["jobId"]
    answer = await rig.http.get("/api/flash/batches", params={"jobId": job_id, "status": "active"})
    assert [each["batchId"] for each in answer.json()["batches"]] == [batches[2]]


async def test_one_that_nobody_knows_is_unknown(rig: Rig) -> None:
    verbs = ("cancel", "pause", "resume")
    answers = [await rig.http.post(f"/api/flash/batch/batch_1_a/{verb}") for verb in verbs]
    answers.append(await rig.http.get("/api/flash/batch/batch_1_a"))
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(404, "unknown_batch")}


async def test_an_image_that_a_batch_needs_is_kept(rig: Rig) -> None:
    sha256 = await rig.upload(b"\x07" * 4096)
    devices = [await rig.plug(f"KEEP_{number}") for number in range(2)]
    flash = {"image": sha256, "imageSize": None, "maxParallel": 1}
    batch_id = await made(rig, devices=devices, **flash)
    refused = await rig.http.delete(f"/api/images/{sha256}")
    assert (refused.status_code, refused.json()["code"]) == (409, "image_in_use")
    told = await read(rig, batch_id)
    assert told["flash"] == {"partition": "boot", "image": sha256}
    assert (told["totalBytes"], told["maxParallel"]) == (8192, 1)
