"""Kill any part in mid-flash: what goes on goes on, what is shown is true, nothing hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.broker_process import BrokerProcess
from support.waiting import until
from support.yard import DEVICE, Yard, yard

MIB = 1 << 20


@pytest.fixture
async def system(broker_process: BrokerProcess, tmp_path: Path) -> AsyncIterator[Yard]:
    async with yard(tmp_path, broker_process) as made:
        yield made


@pytest.fixture
async def impatient(broker_process: BrokerProcess, tmp_path: Path) -> AsyncIterator[Yard]:
    """One whose bridge soon gives up a hub that is silent."""
    async with yard(tmp_path, broker_process, lost_after=4) as made:
        yield made


async def test_the_broker_is_killed_and_the_flash_goes_on(system: Yard) -> None:
    async with system.browser() as browser:
        job_id = await system.start_job(64 * MIB)
        await system.until_job(job_id, lambda job: job["progress"] > 20)
        await system.broker.kill()
        health = await system.http.get("/health")
        assert health.json()["status"] in {"ok", "degraded"}
        await system.broker.start()
        job = await system.until_job(job_id, lambda job: job["status"] == "completed")
        assert job["bytesTransferred"] == 64 * MIB
        await until(lambda: browser.last(job_id).get("type") == "flash_completed")
        assert browser.complaints() == []
        assert len(browser.connections) == 1, "a healthy client is never dropped"


async def test_the_bridge_is_killed_and_tells_the_same_story_again(system: Yard) -> None:
    async with system.browser() as browser:
        job_id = await system.start_job(1024 * MIB)  # longer than any bridge takes to come back
        before = await system.until_job(job_id, lambda job: job["progress"] > 0.5)
        await system.bridge.kill()
        await system.bridge.start()
        after = await system.until_job(job_id, lambda job: job["progress"] > 0)
        assert after["progress"] >= before["progress"]
        assert after["startedAt"] == before["startedAt"]
        async with system.browser() as late:
            await until(lambda: late.last(job_id).get("type") == "flash_progress")
            assert late.messages[0]["type"] == "flash_started"
            assert late.messages[0]["timestamp"] == before["startedAt"]
            assert late.last(job_id)["progress"] >= before["progress"]
            await system.cancel_job(job_id)
            await until(lambda: browser.last(job_id).get("code") == "cancelled")
            await until(lambda: late.last(job_id).get("code") == "cancelled")
            assert browser.complaints() == late.complaints() == []


async def test_the_bridge_is_dead_while_the_job_ends(system: Yard) -> None:
    async with system.browser() as browser:
        job_id = await system.start_job(16 * MIB)
        async with system.records() as records:
            await system.until_job(job_id, lambda job: job["progress"] > 20)
            await system.bridge.kill()
            await until(lambda: records)
        await system.bridge.start()
        await until(lambda: browser.last(job_id).get("type") == "flash_completed")
        job = await system.until_job(job_id, lambda job: job["status"] == "completed")
        assert job["progress"] == 100.0
        assert browser.complaints() == []


async def test_the_hub_is_killed_for_good_and_at_last_its_job_is_lost(impatient: Yard) -> None:
    assert impatient.hub is not None
    async with impatient.browser() as browser:
        job_id = await impatient.start_job(256 * MIB)
        await impatient.until_job(job_id, lambda job: job["progress"] > 2)
        await impatient.hub.kill()
        await impatient.until_device(online=False)
        lost = await impatient.until_job(job_id, lambda job: job.get("lost"), within=15)
        assert lost["status"] == "running"
        assert lost["stage"] == "Hub not heard from"
        ended = await impatient.until_job(job_id, lambda job: job["status"] == "failed")
        assert ended["code"] == "hub_lost"
        await until(lambda: browser.last(job_id).get("code") == "hub_lost")
        assert browser.last(job_id)["by"] == "bridge"
        assert browser.complaints() == []
        refused = await impatient.http.post("/api/flash/start", json={"deviceId": DEVICE})
        assert (refused.status_code, refused.json()["code"]) == (409, "device_offline")


async def test_the_hub_freezes_is_offline_and_goes_on_when_it_thaws(system: Yard) -> None:
    assert system.hub is not None
    async with system.browser() as browser:
        job_id = await system.start_job(256 * MIB)
        before = await system.until_job(job_id, lambda job: job["progress"] > 2)
        system.hub.freeze()
        try:
            await system.until_device(online=False)
        finally:
            system.hub.thaw()
        await system.until_device(online=True)
        after = await system.until_job(
            job_id, lambda job: job["progress"] > before["progress"] and not job.get("lost")
        )
        assert (after["status"], after["startedAt"]) == ("running", before["startedAt"])
        await system.http.post(f"/api/flash/cancel/{job_id}")
        await until(lambda: browser.last(job_id).get("type") == "flash_failed")
        assert browser.complaints() == []


async def test_the_hub_is_killed_and_restarted_and_its_jobs_go_on(system: Yard) -> None:
    assert system.hub is not None
    async with system.browser() as browser:
        job_id = await system.start_job(256 * MIB)
        waiting = await system.start_job(MIB)
        before = await system.until_job(job_id, lambda job: job["progress"] > 2)
        await system.hub.kill()
        await system.start_hub()
        after = await system.until_job(
            job_id, lambda job: job["progress"] > before["progress"] and not job.get("lost")
        )
        assert (after["status"], after["startedAt"]) == ("running", before["startedAt"])
        await system.cancel_job(job_id)
        await system.until_job(waiting, lambda job: job["status"] == "completed")
        await until(lambda: browser.last(waiting).get("type") == "flash_completed")
        assert browser.last(job_id)["code"] == "cancelled"
        assert browser.complaints() == []


async def test_the_device_vanishes_in_mid_flash_and_the_job_says_so(system: Yard) -> None:
    job_id = await system.start_job(256 * MIB)
    await system.until_job(job_id, lambda job: job["progress"] > 2)
    await system.emulator.kill()
    ended = await system.until_job(job_id, lambda job: job["status"] == "failed")
    assert ended["code"] in {"link_lost", "device_silent"}
    assert ended["deviceState"]
    await system.until_device(online=False)
