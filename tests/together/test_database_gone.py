"""The database is gone for a while: flashing and watching go on, and nothing is missing after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.archive import Archive
from support.mosquitto import mosquitto
from support.outage import Frozen, Full, Held, Outage, Stopped, move
from support.postgres import Postgres, cluster
from support.small_disk import small_disk
from support.waiting import until, until_told
from support.yard import Browser, Yard, yard

MIB = 1 << 20
MOMENT = 2.0  # seconds that it is gone at least
MINUTE = 60.0


@pytest.fixture
async def server(postgres_files: Path) -> AsyncIterator[Postgres]:
    """A server of the test's own, which keeps what it committed."""
    with cluster(postgres_files) as directory:
        made = Postgres(directory, is_durable=True)
        await made.start()
        yield made
        await made.stop()


async def health(system: Yard) -> dict[str, Any]:
    told: dict[str, Any] = (await system.http.get("/health", timeout=30)).json()
    return told


async def is_well(system: Yard) -> bool:
    return bool((await health(system))["status"] == "ok")


async def is_degraded(system: Yard) -> bool:
    reply = await system.http.get("/health", timeout=30)
    return (reply.status_code, reply.json()["status"]) == (503, "degraded")


async def are_in_the_trail(system: Yard, job_ids: list[str]) -> bool:
    """Does the audit trail tell of each that it was asked for and how it ended, once?"""
    found = {}
    for action in ("start", "job_ended"):
        query = {"action": action, "limit": "1000"}
        lines = (await system.http.get("/api/audit", params=query, timeout=30)).json()["audit"]
        found[action] = sorted(line["jobId"] for line in lines)
    return found["start"] == found["job_ended"] == sorted(job_ids)


async def flash(system: Yard, browser: Browser) -> str:
    """Have a job, and see its progress and its end as REST and a browser tell it."""
    job_id = await system.start_job(MIB)
    done = await system.until_job(job_id, lambda job: job.get("finishedAt"))
    assert done["status"] == "completed"
    await until(lambda: browser.last(job_id).get("type") == "flash_completed")
    assert any(m["type"] == "flash_progress" for m in browser.messages if m.get("jobId") == job_id)
    return job_id


async def has_a_whole_trail(archive: Archive, job_ids: Collection[str]) -> bool:
    """Does the audit trail tell of each that it was started, and how it ended, once?"""
    each = dict.fromkeys(job_ids, 1)
    return all(archive.lines(action) == each for action in ("start", "job_ended"))


async def rides_out(outage: Outage, folder: Path, seconds: float) -> None:
    """Flash before, while it is gone for so many seconds, and after; find all of it stored."""
    archive = Archive(outage.url)
    async with (
        mosquitto(folder) as broker,
        yard(folder, broker, "16M", database=outage.url) as system,
        system.browser() as browser,
    ):
        ended = [await flash(system, browser)]
        assert await archive.has(ended)
        under_way = await system.start_job(8 * MIB)
        await outage.go()
        loop = asyncio.get_running_loop()
        back_at = loop.time() + seconds
        while loop.time() < back_at:
            ended.append(await flash(system, browser))
        await until_told(partial(is_degraded, system))
        ended += [under_way, await flash(system, browser)]
        await outage.come_back()
        await until_told(partial(is_well, system))
        ended.append(await flash(system, browser))
        assert await archive.has(ended)
        assert await until_told(partial(are_in_the_trail, system, ended))
        assert {job_id: len(rows) for job_id, rows in archive.jobs.items()} == dict.fromkeys(
            ended, 1
        )
        assert {row.status for [row] in archive.jobs.values()} == {"completed"}
        assert (await health(system))["history"]["waiting"] == 0
        [hub] = (await system.http.get("/api/hubs")).json()["hubs"]
        assert "unrecorded" not in hub
        await until_told(partial(has_a_whole_trail, archive, ended))
        assert len(browser.connections) == 1
        assert browser.complaints() == []


async def test_flashing_goes_on_while_the_database_server_is_away(
    server: Postgres, tmp_path: Path
) -> None:
    await rides_out(Stopped(server), tmp_path, MOMENT)


@pytest.mark.long
@pytest.mark.parametrize("kind", [Stopped, Frozen])
async def test_flashing_goes_on_while_the_database_server_is_gone_for_a_minute(
    kind: type[Stopped | Frozen], server: Postgres, tmp_path: Path
) -> None:
    await rides_out(kind(server), tmp_path, MINUTE)


@pytest.mark.long
async def test_flashing_goes_on_while_somebody_holds_the_file_for_a_minute(tmp_path: Path) -> None:
    await rides_out(Held(tmp_path / "kept.db"), tmp_path, MINUTE)


@pytest.mark.long
async def test_flashing_goes_on_while_the_disk_of_the_file_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        await rides_out(Full(f"sqlite:///{disk.path / 'kept.db'}", disk), tmp_path, MINUTE)


@pytest.mark.long
async def test_flashing_goes_on_while_the_disk_of_the_server_is_full(
    postgres_files: Path, tmp_path: Path
) -> None:
    with cluster(postgres_files) as directory, small_disk(directory / "disk", "128m") as disk:
        move(directory / "data", disk.path / "data")
        server = Postgres(directory, is_durable=True)
        await server.start()
        try:
            await rides_out(Full(server.create(), disk, server), tmp_path, MINUTE)
        finally:
            await server.stop()
