"""What is usual is told beside each job that others were like, and never anything invented."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from flashyard.contract.faults import Code, refuse
from flashyard.contract.phases import Phase, Status
from support.learnt import DEVICE, FLASH, teach
from support.rig import Rig
from support.scripted_hub import queue
from support.waiting import until_told

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def read(rig: Rig, job_id: str) -> dict[str, Any]:
    told: dict[str, Any] = (await rig.http.get(f"/api/flash/job/{job_id}")).json()["job"]
    return told


async def test_it_is_told_wherever_a_job_is_shown(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(**DEVICE)
    job_id = (await rig.start(deviceId=device, **FLASH))["jobId"]
    job = await read(rig, job_id)
    expected = job["expected"]
    assert (expected["durationMs"], expected["samples"]) == (9_500, 4)
    assert expected["basis"] == ["image", "product", "port"]
    assert expected["phases"][1] == {"phase": "writing", "partition": "boot", "durationMs": 8_000}
    assert job["estimatedTimeRemaining"] == 0, "which is measured, and stays so"
    rig.hub.run(device, rig.job(job_id))
    paths = {
        f"/api/flash/jobs?deviceId={device}": lambda told: told["jobs"][0],
        "/api/flash/operations/active": lambda told: told["operations"][-1],
        f"/api/devices/{device}": lambda told: told["device"].get("currentJob", {}),
    }
    for path, find in paths.items():

        async def is_told(path: str = path, find: Any = find) -> bool:
            told = find((await rig.http.get(path)).json())
            return bool(told.get("expected") == {**expected, "phases": []})

        await until_told(is_told)
    assert (await rig.http.get(f"/api/flash/status/{job_id}")).json()["expected"] == expected


async def test_what_is_ahead_of_it_shrinks_as_it_goes_on(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(**DEVICE)
    job_id = (await rig.start(deviceId=device, **FLASH))["jobId"]
    job = rig.job(job_id).with_(started_at=1, phase=Phase.WRITING, bytes_transferred=3072)
    rig.hub.run(device, job)

    async def ahead() -> Any:
        return (await read(rig, job_id))["expected"].get("remainingMs")

    assert await until_told(ahead) == 2_500
    rig.hub.end(device, job)

    async def is_over() -> bool:
        told = await read(rig, job_id)
        return told["status"] == "completed" and "remainingMs" not in told["expected"]

    await until_told(is_over)


async def test_of_one_that_waits_all_is_known_but_when_it_begins(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(**DEVICE)
    rig.hub.answer = queue
    expected = (await read(rig, (await rig.start(deviceId=device, **FLASH))["jobId"]))["expected"]
    assert expected["durationMs"] == 9_500
    assert "remainingMs" not in expected


async def test_a_start_can_be_asked_about_before_it_is_made(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(**DEVICE)
    body = {"deviceId": device, **FLASH}
    told = (await rig.http.post("/api/flash/expected", json=body)).json()
    assert (told["deviceId"], told["expected"]["durationMs"]) == (device, 9_500)
    held = {**body, "bandwidthLimit": 256}
    told = (await rig.http.post("/api/flash/expected", json=held)).json()
    assert told["expected"]["durationMs"] == 17_500
    none = {**body, "partition": "vendor", "imageSize": 1 << 20}
    told = (await rig.http.post("/api/flash/expected", json=none)).json()
    assert told == {"success": True, "deviceId": device}
    answer = await rig.http.post("/api/flash/expected", json={"deviceId": "NOBODY"})
    assert answer.json()["code"] == "unknown_device"
    assert rig.hub.orders == []


async def test_one_like_no_other_is_told_without(rig: Rig) -> None:
    await teach(rig)
    device = await rig.plug(product="tablet", port="tcp:127.0.0.1:1")
    assert "expected" not in await read(
        rig, (await rig.start(deviceId=device, partition="vendor", imageSize=8192))["jobId"]
    )


async def test_without_its_database_a_bridge_expects_nothing_and_goes_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await teach(rig, "vendor")

    async def gone(*_: object, **__: object) -> NoReturn:
        raise refuse(Code.DATABASE_UNREACHABLE)

    with monkeypatch.context() as patched:
        patched.setattr(rig.bridge.state.database, "read", gone)
        device = await rig.plug(**DEVICE)
        job_id = (await rig.start(deviceId=device, partition="vendor", imageSize=4096))["jobId"]
        job = await read(rig, job_id)
        assert job["status"] == Status.RUNNING
        assert "expected" not in job

    async def is_told() -> bool:
        return "expected" in await read(rig, job_id)

    await until_told(is_told)
