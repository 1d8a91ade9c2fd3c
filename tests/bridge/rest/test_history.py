"""The ended jobs, newest first: filtered, paged, and only those that ended."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.faults import Code
from support.rig import Rig
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def history(rig: Rig, **query: Any) -> list[str]:
    answer = await rig.http.get("/api/flash/history", params=query)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["count"] == len(said["history"])
    return [job["jobId"] for job in said["history"]]


async def ended(rig: Rig, device: str, code: Code | None = None, **asked: Any) -> str:
    said = await rig.start(deviceId=device, **asked)
    before = rig.job(said["jobId"]).queued_at
    rig.hub.end(device, rig.job(said["jobId"]), code)
    await until(lambda: rig.job(said["jobId"]).is_final)
    assert (rig.job(said["jobId"]).finished_at or 0) >= before
    return str(said["jobId"])


async def test_the_newest_comes_first_and_what_has_not_ended_is_no_history(rig: Rig) -> None:
    device = await rig.plug()
    first = await ended(rig, device)
    second = await ended(rig, device, Code.LINK_LOST)
    await rig.start(deviceId=device)
    places = [(rig.job(job).finished_at, job) for job in (first, second)]
    assert await history(rig, deviceId=device) == [job for _, job in sorted(places, reverse=True)]


async def test_each_filter_narrows_it(rig: Rig) -> None:
    device, other = await rig.plug(), await rig.plug()
    done = await ended(rig, device, partition="boot", deviceName="Bench Queen")
    failed = await ended(rig, other, Code.LINK_LOST)
    at = rig.job(done).finished_at
    assert at is not None
    for query, is_in in (
        ({"deviceId": device}, (True, False)),
        ({"status": "completed"}, (True, False)),
        ({"status": "failed"}, (False, True)),
        ({"status": "cancelled"}, (False, False)),
        ({"partition": "boot", "hubId": rig.hub.hub_id}, (True, False)),
        ({"hubId": "another"}, (False, False)),
        ({"since": at, "deviceId": device}, (True, False)),
        ({"since": at + 1, "deviceId": device}, (False, False)),
        ({"until": at, "deviceId": device}, (False, False)),
        ({"until": at + 1, "deviceId": device}, (True, False)),
        ({"q": "bench queen"}, (True, False)),
        ({"q": "LINK_LOST"}, (False, True)),
        ({"q": done}, (True, False)),
    ):
        listed = await history(rig, **query)
        assert (done in listed, failed in listed) == is_in, query


async def test_the_pages_together_are_the_history(rig: Rig) -> None:
    device = await rig.plug()
    jobs = {await ended(rig, device) for _ in range(5)}
    seen: list[str] = []
    query: dict[str, Any] = {"deviceId": device, "limit": 2}
    while True:
        said = (await rig.http.get("/api/flash/history", params=query)).json()
        seen += [job["jobId"] for job in said["history"]]
        if "nextCursor" not in said:
            break
        query["cursor"] = said["nextCursor"]
    assert seen == await history(rig, deviceId=device)
    assert set(seen) == jobs
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "running"),
        ("since", "yesterday"),
        ("until", "-1"),
        ("limit", "0"),
        ("cursor", "%%%"),
        ("q", "x" * 201),
        ("format", "xml"),
        ("partition", "a/b"),
    ],
)
async def test_a_bad_query_is_refused_by_its_parameters_name(
    rig: Rig, name: str, value: str
) -> None:
    answer = await rig.http.get("/api/flash/history", params={name: value})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "invalid_request", name)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_other_formats_are_not_supported_yet_and_say_so(rig: Rig, form: str) -> None:
    answer = await rig.http.get("/api/flash/history", params={"format": form})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (422, "not_supported", "format")
