"""What came of it is answered by one question, whoever was killed in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flashyard.contract.requester import USER_HEADER
from support.mosquitto import mosquitto
from support.yard import DEVICE, Yard, yard

SIZE = 16 << 20


async def trail_of(system: Yard, job_id: str) -> list[dict[str, Any]]:
    """The lines of a job, the oldest first."""
    answer = await system.http.get("/api/audit", params={"jobId": job_id})
    lines: list[dict[str, Any]] = answer.json()["audit"]
    return lines[::-1]


async def test_a_job_is_told_from_who_asked_for_it_to_its_end_over_a_killed_bridge(
    tmp_path: Path,
) -> None:
    async with mosquitto(tmp_path) as broker, yard(tmp_path, broker) as system:
        system.http.headers.update({USER_HEADER: "kim%40bench", "User-Agent": "shop/1"})
        job_id = await system.start_job(SIZE)

        async def has_lines(count: int) -> bool:
            return len(await trail_of(system, job_id)) >= count

        await system.until(lambda: has_lines(1))
        await system.bridge.kill()
        await system.bridge.start()
        await system.until_job(job_id, lambda job: job["status"] == "completed")
        await system.until(lambda: has_lines(2))
        start, end = await trail_of(system, job_id)
    asked = {"user": "kim@bench", "agent": "shop/1", "address": "127.0.0.1"}
    assert (start["action"], start["outcome"]) == ("start", "accepted")
    assert (start["deviceId"], start["hubId"]) == (DEVICE, "bench-a")
    assert start["details"] == {"deviceId": DEVICE, "imageSize": SIZE}
    assert (end["action"], end["outcome"]) == ("job_ended", "completed")
    assert start["requester"] == end["requester"] == asked
    assert start["number"] < end["number"]
