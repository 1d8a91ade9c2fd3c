"""Jobs over REST: lists and their pages, one job, its log, and the original's other names."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.faults import Code
from support.rig import Rig
from support.scripted_hub import queue
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def jobs(rig: Rig, **query: Any) -> list[str]:
    answer = await rig.http.get("/api/flash/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [job["jobId"] for job in answer.json()["jobs"]]


async def ended(rig: Rig, device: str, code: Code | None = None) -> str:
    said = await rig.start(deviceId=device)
    rig.hub.end(device, rig.job(said["jobId"]), code)
    await until(lambda: rig.job(said["jobId"]).is_final)
    return str(said["jobId"])


async def test_a_job_has_every_field_the_original_gave_it(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device, deviceName="Google Pixel 6")
    answer = await rig.http.get(f"/api/flash/job/{said['jobId']}")
    job = answer.json()["job"]
    assert answer.status_code == 200
    assert job["jobId"] == said["jobId"]
    assert (job["deviceId"], job["deviceName"]) == (device, "Google Pixel 6")
    assert job["status"] == "running"
    assert {"progress", "stage", "phase", "hubId", "totalBytes", "queuedAt"} <= set(job)
    assert None not in job.values()


async def test_the_list_holds_the_active_jobs_unless_asked_otherwise(rig: Rig) -> None:
    device = await rig.plug()
    done = await ended(rig, device)
    failed = await ended(rig, device, Code.LINK_LOST)
    running = (await rig.start(deviceId=device))["jobId"]
    rig.hub.answer = queue
    queued = (await rig.start(deviceId=device))["jobId"]
    assert await jobs(rig, deviceId=device) == [running, queued]
    assert await jobs(rig, deviceId=device, status="active") == [running, queued]
    assert await jobs(rig, deviceId=device, status="running") == [running]
    assert await jobs(rig, deviceId=device, status="queued") == [queued]
    assert await jobs(rig, deviceId=device, status="paused") == []
    assert await jobs(rig, deviceId=device, status="completed") == [done]
    assert await jobs(rig, deviceId=device, status="failed") == [failed]
    assert await jobs(rig, deviceId=device, status="all") == [done, failed, running, queued]
    assert set(await jobs(rig)) >= {running, queued}


async def test_the_list_can_be_of_one_hub(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    assert said["jobId"] in await jobs(rig, hubId=rig.hub.hub_id)
    assert await jobs(rig, hubId="another") == []


async def test_the_pages_together_are_the_list(rig: Rig) -> None:
    device = await rig.plug()
    rig.hub.answer = queue
    started = [(await rig.start(deviceId=device))["jobId"] for _ in range(5)]
    assert sorted(started) == sorted(await jobs(rig, deviceId=device))
    seen: list[str] = []
    query: dict[str, Any] = {"deviceId": device, "limit": 2}
    sizes = []
    while True:
        said = (await rig.http.get("/api/flash/jobs", params=query)).json()
        seen += [job["jobId"] for job in said["jobs"]]
        sizes.append(len(said["jobs"]))
        if "nextCursor" not in said:
            break
        query["cursor"] = said["nextCursor"]
    assert seen == await jobs(rig, deviceId=device)
    assert sizes == [2, 2, 1]


async def test_a_page_that_holds_all_has_no_cursor(rig: Rig) -> None:
    device = await rig.plug()
    await rig.start(deviceId=device)
    answer = await rig.http.get("/api/flash/jobs", params={"deviceId": device, "limit": 1})
    assert set(answer.json()) == {"jobs"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "done"),
        ("status", ""),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "1001"),
        ("limit", "many"),
        ("limit", "1.5"),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "%%%"),
        ("cursor", "é"),
        ("cursor", "bm90LWEtcGxhY2U="),
        ("cursor", "x" * 201),
        ("deviceId", ""),
        ("deviceId", "a b"),
        ("hubId", "UPPER"),
    ],
)
async def test_a_bad_query_is_refused_by_its_parameters_name(
    rig: Rig, name: str, value: str
) -> None:
    answer = await rig.http.get("/api/flash/jobs", params={name: value})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "invalid_request", name)


@pytest.mark.parametrize("job_id", ["job_1700000000_aaaaaaaa", "job", "%00", "a%20b", "é"])
@pytest.mark.parametrize(
    "path", ["/api/flash/job/{}", "/api/flash/job/{}/log", "/api/flash/status/{}"]
)
async def test_an_unknown_job_is_not_found_in_the_originals_words(
    rig: Rig, path: str, job_id: str
) -> None:
    answer = await rig.http.get(path.format(job_id))
    said = answer.json()
    assert answer.status_code == 404
    assert said["error"] == "Job not found"
    assert said["code"] == "unknown_job"
    assert said["hint"]


async def test_a_job_without_a_word_yet_has_an_empty_log(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    answer = await rig.http.get(f"/api/flash/job/{said['jobId']}/log")
    assert (answer.status_code, answer.json()) == (200, {"lines": []})


async def test_what_a_hub_logs_of_a_job_can_be_read(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    rig.hub.log(device, said["jobId"], "INFO erasing 'system_a'")
    fleet = rig.bridge.state.fleet
    await until(lambda: fleet.log(said["jobId"]))
    answer = await rig.http.get(f"/api/flash/job/{said['jobId']}/log")
    [line] = answer.json()["lines"]
    assert line["text"] == "INFO erasing 'system_a'"
    assert isinstance(line["at"], int)


async def test_the_main_servers_paths_tell_the_same(rig: Rig) -> None:
    device = await rig.plug()
    said = await rig.start(deviceId=device)
    active = (await rig.http.get("/api/flash/operations/active")).json()
    assert active["success"] is True
    assert active["count"] == len(active["operations"])
    assert [job["jobId"] for job in active["operations"]] == await jobs(rig)
    flat = (await rig.http.get(f"/api/flash/status/{said['jobId']}")).json()
    whole = (await rig.http.get(f"/api/flash/job/{said['jobId']}")).json()["job"]
    assert flat == {"success": True, **whole}
