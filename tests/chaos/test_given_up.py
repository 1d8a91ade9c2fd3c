"""A hub is away for so long that the bridges give its jobs up, and then it tells of them."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, RowMapping, create_engine, select

from chaos.cargo import MIB
from chaos.system import Keep, System, Victim, system
from flashyard_bridge.database.tables.audit import AUDIT
from support.archive import Archive
from support.mosquitto import mosquitto
from support.waiting import until_told

DEVICES = ("DEVICE_0", "DEVICE_1", "DEVICE_2")
LOST_AFTER = 1.0  # seconds
SPEED = 4 * MIB  # bytes per second
SIZE = 6 * MIB


async def start(made: System, device: str) -> str:
    body = {"deviceId": device, "partition": "j0", "imageSize": SIZE}
    answer = (await made.http.post("/api/flash/start", json=body)).raise_for_status()
    return str(answer.json()["jobId"])


async def is_writing(made: System, job_id: str) -> bool:
    told: dict[str, Any] = (await made.http.get(f"/api/flash/job/{job_id}")).json()
    job = told.get("job", {})
    return bool(job.get("phase") == "writing" and job["bytesTransferred"])


def overridden(url: str) -> list[RowMapping]:
    """Tell what the audit trail has of ends that were overridden."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = select(AUDIT).where(AUDIT.c.action == "end_overridden")
        return list(connection.execute(found).mappings())


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_what_a_hub_tells_later_stands_in_the_place_of_what_two_bridges_wrote(
    keep: Keep, tmp_path: Path
) -> None:
    archive = Archive(keep.url)
    devices = {device: {"j0": 64 * MIB} for device in DEVICES}
    parts = (tmp_path, mosquitto(tmp_path), devices, SPEED, keep)
    async with system(*parts, lost_after=LOST_AFTER) as made:
        jobs = await asyncio.gather(*(start(made, device) for device in DEVICES))
        waiting = await start(made, DEVICES[0])
        for job_id in jobs:
            await until_told(partial(is_writing, made, job_id))
        await made.kill(Victim.HUB)
        ids = {*jobs, waiting}
        assert await archive.has(ids)
        for [row] in archive.jobs.values():
            assert (row.status, row.code, row.told_by) == ("failed", "hub_lost", "bridge")
        await made.revive(Victim.HUB)

        async def all_are_by_the_hubs_word() -> bool:
            await asyncio.to_thread(archive.read)
            return {row.told_by for rows in archive.jobs.values() for row in rows} == {"hub"}

        await until_told(all_are_by_the_hubs_word)
        assert archive.jobs.keys() == ids
        for [row] in archive.jobs.values():
            assert (row.status, row.code, row.bytes) == ("completed", None, SIZE)
        lines = await asyncio.to_thread(overridden, keep.url)
        assert sorted(line["job_id"] for line in lines) == sorted(ids)
        for line in lines:
            assert line["details"]["before"]["code"] == "hub_lost"
            assert line["details"]["now"]["status"] == "completed"
