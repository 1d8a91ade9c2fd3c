"""The originals' five routes: their fields, their defaults, and no way to start nonsense."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Any

import pytest

from support.drop_in import DEMO, GIB, MIB, ONEPLUS, PIXEL, SAMSUNG, DropIn
from support.waiting import until_told

pytestmark = pytest.mark.asyncio(loop_scope="module")

JOB_ID = re.compile(r"job_(?P<seconds>\d{10})_[0-9a-z]{6,10}")
INTEGERS = {
    "bytesTransferred",
    "totalBytes",
    "transferSpeed",
    "averageSpeed",
    "estimatedTimeRemaining",
    "queuedAt",
    "startedAt",
    "finishedAt",
    "receivedAt",
    "priority",
    "attempt",
}


def assert_true_numbers(job: dict[str, Any]) -> None:
    """Integers where integers belong, one decimal of percent, nothing negative, nothing null."""
    assert None not in job.values()
    for name in INTEGERS & set(job):
        assert type(job[name]) is int, name
        assert job[name] >= 0, name
    assert 0 <= job["progress"] <= 100
    assert round(job["progress"], 1) == job["progress"]


async def test_a_start_answers_as_it_did_and_says_what_it_ignored(drop_in: DropIn) -> None:
    body = {"deviceId": PIXEL, "partition": "boot", "imageSize": MIB, "reboot": False}
    answer = await drop_in.http.post("/api/flash/start", json={**body, "imagePath": "/x.img"})
    told = answer.json()
    assert answer.status_code == 200
    job_id = told.pop("jobId")
    assert told == {
        "success": True,
        "status": "started",
        "deviceId": PIXEL,
        "partition": "boot",
        "ignored": ["imagePath"],
    }
    named = JOB_ID.fullmatch(job_id)
    assert named is not None
    assert abs(int(named["seconds"]) - time.time()) < 60
    await drop_in.until_ended(job_id)


async def test_the_defaults_are_the_originals(drop_in: DropIn) -> None:
    for body in (
        {"deviceId": ONEPLUS},
        {"deviceId": ONEPLUS, "deviceName": "", "partition": None, "imageSize": None},
    ):
        answer = await drop_in.http.post("/api/flash/start", json={**body, "reboot": False})
        told = answer.json()
        assert (answer.status_code, told["partition"]) == (200, "system")
        job = await drop_in.job(told["jobId"])
        assert job["totalBytes"] == 4294967296
        assert job["deviceName"] == "OnePlus 9 Pro", "the hub's own name for it"
        await drop_in.cancel(told["jobId"])


async def test_a_job_is_there_at_once_with_every_field_it_had_and_true_numbers(
    drop_in: DropIn,
) -> None:
    job_id = await drop_in.start(SAMSUNG, GIB, partition="vendor", deviceName="My phone")
    assert (await drop_in.job(job_id))["jobId"] == job_id
    job = await drop_in.until_moving(job_id)
    assert (job["deviceId"], job["deviceName"]) == (SAMSUNG, "My phone")
    assert (job["status"], job["phase"]) == ("running", "writing")
    assert job["stage"] == "Flashing vendor partition"
    assert abs(job["startedAt"] - time.time() * 1000) < 60_000
    assert 0 < job["bytesTransferred"] < job["totalBytes"] == GIB
    assert job["progress"] == job["bytesTransferred"] * 1000 // job["totalBytes"] / 10
    assert_true_numbers(job)
    listed = (await drop_in.http.get("/api/flash/jobs")).json()["jobs"]
    assert [each["jobId"] for each in listed] == [job_id]
    assert set(listed[0]) >= set(job)
    await drop_in.cancel(job_id)


async def test_a_completed_job_is_at_100_and_no_longer_among_the_active_ones(
    drop_in: DropIn,
) -> None:
    job_id = await drop_in.start(PIXEL)
    job = await drop_in.until_ended(job_id)
    assert (job["status"], job["stage"], job["progress"]) == ("completed", "Completed", 100)
    assert job["bytesTransferred"] == job["totalBytes"] == MIB
    assert_true_numbers(job)
    for path, is_in in (
        ("/api/flash/jobs", False),
        ("/api/flash/jobs?status=completed", True),
        ("/api/flash/jobs?status=all", True),
    ):
        jobs = (await drop_in.http.get(path)).json()["jobs"]
        assert (job_id in [each["jobId"] for each in jobs]) is is_in, path

    async def is_kept() -> Any:
        told = (await drop_in.http.get("/api/flash/history")).json()
        assert told["count"] == len(told["history"])
        return told["history"][:1] and told["history"][0]["jobId"] == job_id

    await until_told(is_kept)
    assert (await drop_in.http.get("/health")).json()["active_jobs"] == 0


async def test_a_job_nobody_started_is_not_found_in_the_originals_words(drop_in: DropIn) -> None:
    for path in ("/api/flash/job/job_1703001234_abc123", "/api/flash/job/x"):
        answer = await drop_in.http.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "Job not found")


async def test_the_demo_is_the_originals_three_whatever_is_sent_with_it(drop_in: DropIn) -> None:
    answer = await drop_in.http.post("/api/flash/demo", json={"anything": 1})
    told = answer.json()
    assert answer.status_code == 200
    assert (told["success"], told["message"]) == (True, "Demo flash operations started")
    jobs = {job.pop("jobId"): job for job in told["jobs"]}
    assert list(jobs.values()) == [
        {"deviceId": device, "deviceName": name, "partition": partition}
        for (device, name), partition in zip(DEMO, ("system", "boot", "vendor"), strict=True)
    ]
    sizes = [(await drop_in.job(job_id))["totalBytes"] for job_id in jobs]
    assert sizes == [3221225472, 2147483648, 1073741824]
    again = (await drop_in.http.post("/api/flash/demo")).json()["jobs"]
    waiting = [(await drop_in.job(job["jobId"]))["status"] for job in again]
    assert waiting == ["queued"] * 3, "a device runs one job at a time"
    await drop_in.cancel(*(job["jobId"] for job in again), *jobs)


# What the originals took for a start, or answered with a page, or with a job that never ended


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'"PIXEL6_001"', "body"),
        (b"{}", "deviceId"),
        (b'{"deviceId":null}', "deviceId"),
        (b'{"deviceId":""}', "deviceId"),
        (b'{"deviceId":5}', "deviceId"),
        (b'{"deviceId":"PIXEL6_001","imageSize":"abc"}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":"4096"}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":""}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":-1}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":0}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":1.5}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":1e400}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":NaN}', "body"),
        (b'{"deviceId":"PIXEL6_001","imageSize":true}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":[1]}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","imageSize":9007199254740993}', "imageSize"),
        (b'{"deviceId":"PIXEL6_001","partition":""}', "partition"),
        (b'{"deviceId":"PIXEL6_001","partition":"../boot"}', "partition"),
        (b'{"deviceId":"PIXEL6_001","partition":7}', "partition"),
        (b'{"deviceId":"PIXEL6_001","deviceName":{}}', "deviceName"),
    ],
    ids=lambda each: each.decode()[-24:] if isinstance(each, bytes) else each,
)
async def test_bad_input_is_refused_by_its_fields_name_and_starts_nothing(
    drop_in: DropIn, content: bytes, field: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await drop_in.http.post("/api/flash/start", content=content, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["code"], told["field"]) == (422, "invalid_request", field)
    assert told["error"].endswith(".")
    assert "Traceback" not in answer.text
    assert (await drop_in.http.get("/api/flash/jobs")).json() == {"jobs": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"deviceId": "NOBODY"}, 404, "unknown_device"),
        ({"deviceId": PIXEL, "hubId": "nowhere"}, 404, "unknown_hub"),
        ({"deviceId": PIXEL, "imageSize": 1 << 50}, 422, "image_too_large"),
        ({"deviceId": PIXEL, "image": "0" * 64, "partition": "boot"}, 404, "unknown_image"),
        ({"deviceId": PIXEL, "notBefore": 2**53 - 1}, 422, "invalid_request"),
        ({"deviceId": "NOBODY", "waitForDevice": True}, 404, "unknown_device"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_its_reason(
    drop_in: DropIn, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await drop_in.http.post("/api/flash/start", json=body)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert told["hint"]
    assert (await drop_in.http.get("/api/flash/jobs")).json() == {"jobs": []}


async def test_a_partition_the_device_does_not_have_ends_as_failed_in_the_devices_words(
    drop_in: DropIn,
) -> None:
    job_id = await drop_in.start(PIXEL, partition="nowhere")
    job = await drop_in.until_ended(job_id)
    assert (job["status"], job["code"]) == ("failed", "unknown_partition")
    assert job["error"]
    assert job["hint"]
    assert_true_numbers(job)


async def test_many_starts_at_once_are_one_job_after_the_other(drop_in: DropIn) -> None:
    job_ids = [await drop_in.start(SAMSUNG, 1 + number) for number in range(5)]
    assert len(set(job_ids)) == 5
    jobs = [await drop_in.until_ended(job_id) for job_id in job_ids]
    assert [job["status"] for job in jobs] == ["completed"] * 5
    for before, after in pairwise(jobs):
        assert after["startedAt"] >= before["finishedAt"]
