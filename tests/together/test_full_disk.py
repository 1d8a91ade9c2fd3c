"""A hub's disk runs full, and the hub is killed in that state: real processes, a real disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.brokers import mosquitto
from support.small_disk import small_disk
from support.yard import DEVICE, Yard, yard

MIB = 1 << 20


async def troubles(of: Yard) -> list[str]:
    hubs = (await of.http.get("/api/hubs")).json()["hubs"]
    return [trouble["code"] for hub in hubs for trouble in hub.get("troubles", [])]


def is_writing(job: dict[str, Any]) -> bool:
    return bool(job["phase"] == "writing" and job["bytesTransferred"] > 0)


@pytest.mark.long
async def test_no_job_is_lost_where_the_disk_is_full_and_the_hub_is_killed(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    with small_disk(tmp_path / "hub") as disk:
        async with yard(tmp_path, broker, "16M") as system, system.browser() as browser:
            assert system.hub is not None
            running = await system.start_job(24 * MIB)
            waiting = await system.start_job(MIB)
            await system.until_job(running, is_writing)
            disk.fill()

            async def is_told() -> bool:
                return await troubles(system) == ["disk_full"]

            await system.until(is_told)
            refused = await system.http.post("/api/flash/start", json={"deviceId": DEVICE})
            assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
            await system.hub.kill()
            await system.until_device(online=False)
            await system.hub.start()
            for job_id in (running, waiting):
                assert (await system.job(job_id))["status"] in {"running", "queued"}
            disk.clear()
            for job_id in (running, waiting):
                done = await system.until_job(job_id, lambda job: job.get("finishedAt"))
                assert done["status"] == "completed"
            assert await troubles(system) == []
            assert browser.complaints() == []
    await broker.stop()
