"""Batches outlive their bridge, share a database with others, and give up what is gone for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from flashyard.contract.orders import Receipt, StartOrder
from flashyard.contract.records import Job
from flashyard_bridge.batches import overseer, steps
from flashyard_bridge.picture.ordered import ordered_job
from support.rig import Rig
from support.scripted_hub import ScriptedHub, accept
from support.served import ServedBridge, served_bridge
from support.waiting import until, until_told

FLASH = {"partition": "boot", "imageSize": 4096}

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Restarted:
    """A bridge of a test's own on a database, which it can start anew."""

    def __init__(self, rig: Rig, bridge: ServedBridge, batch_id: str) -> None:
        self.rig = rig
        self.bridge = bridge
        self.batch_id = batch_id

    @classmethod
    async def make(cls, rig: Rig, bridge: ServedBridge, **body: object) -> Self:
        await bridge.state.pictured()
        answer = await bridge.http.post("/api/flash/batch", json={**FLASH, **body})
        assert answer.status_code == 200, answer.text
        return cls(rig, bridge, answer.json()["batchId"])

    async def read(self) -> dict[str, Any]:
        answer = await self.bridge.http.get(f"/api/flash/batch/{self.batch_id}")
        told: dict[str, Any] = answer.json().get("batch", {})
        return told

    async def until(self, status: str) -> dict[str, Any]:
        async def is_so() -> bool:
            return bool((await self.read()).get("status") == status)

        await until_told(is_so, within=20)
        return await self.read()

    def starts(self, device: str) -> list[StartOrder]:
        return [order for order in self.rig.hub.starts if order.device_id == device]

    async def taken(self, device: str) -> Job:
        """Wait until a device's job is known to have been taken."""
        await until(lambda: self.starts(device))
        job_id = self.starts(device)[-1].job_id

        async def is_so() -> bool:
            items = (await self.read()).get("items", [])
            return any((i.get("jobId"), i["status"]) == (job_id, "running") for i in items)

        await until_told(is_so, within=20)
        job = self.bridge.state.fleet.job(job_id)
        assert job is not None
        return job


async def test_a_bridge_that_is_started_anew_goes_on_with_its_batches(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "PATIENCE", 400)
    devices = [await rig.plug(f"ANEW_{number}") for number in range(4)]
    rig.hub.answer = lambda order: (
        None if getattr(order, "device_id", "") == devices[1] else accept(order)
    )
    async with served_bridge(rig.broker.url, tmp_path) as bridge:
        before = await Restarted.make(rig, bridge, devices=devices, maxParallel=2)
        job = await before.taken(devices[0])
        await until(lambda: before.starts(devices[1]))
    rig.hub.end(devices[0], job)  # while no bridge looks
    rig.hub.answer = accept
    async with served_bridge(rig.broker.url, tmp_path) as bridge:
        after = Restarted(rig, bridge, before.batch_id)
        for device in devices[1:]:
            rig.hub.end(device, await after.taken(device))
        await after.until("completed")
    assert len(after.starts(devices[0])) == 1, "it was found again"
    assert len(after.starts(devices[1])) > 1, "it was asked for again"
    assert len({order.job_id for order in after.starts(devices[1])}) == 1
    assert [len(after.starts(device)) for device in devices[2:]] == [1, 1]


async def test_a_job_that_its_hub_forgot_is_a_failure(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overseer, "FOUND", 0.3)
    device = await rig.plug("FORGOT_1")
    async with served_bridge(rig.broker.url, tmp_path) as bridge:
        before = await Restarted.make(rig, bridge, devices=[device])
        await before.taken(device)
    async with served_bridge(rig.broker.url, tmp_path) as bridge:
        told = await Restarted(rig, bridge, before.batch_id).until("failed")
    assert told["items"][0]["code"] == "interrupted"


async def test_a_hub_that_is_gone_for_good_is_not_waited_for(rig: Rig, tmp_path: Path) -> None:
    async with served_bridge(rig.broker.url, tmp_path, lost_after=1.0) as bridge:
        async with ScriptedHub(rig.broker.url, "bench-gone") as gone:
            gone.plug("GONE_1")
            gone.plug("GONE_2")
            await until(lambda: len(bridge.state.fleet.find("GONE_2")) == 1)
            body = {"devices": ["GONE_1", "GONE_2"], "maxParallel": 1}
            batch = await Restarted.make(rig, bridge, **body)
            await until(lambda: gone.starts)
            await until(lambda: bridge.state.fleet.job(gone.starts[0].job_id))
            gone.say_presence(online=False)
            await until(
                lambda: not any(device.online for device in bridge.state.fleet.find("GONE_1"))
            )
        told = await batch.until("failed")
        await rig.forget(gone)
    assert [item["code"] for item in told["items"]] == ["hub_lost", "device_offline"]


async def test_two_bridges_on_one_database_start_each_device_once(
    rig: Rig, tmp_path: Path, database_url: str
) -> None:
    devices = [await rig.plug(f"TWO_{number}") for number in range(6)]
    async with (
        served_bridge(rig.broker.url, tmp_path / "a", database=database_url) as one,
        served_bridge(rig.broker.url, tmp_path / "b", database=database_url) as two,
    ):
        await two.state.pictured()
        batch = await Restarted.make(rig, one, devices=devices, maxParallel=3)
        for number, device in enumerate(devices):
            await until(lambda device=device: batch.starts(device))  # type: ignore[misc]
            assert sum(len(batch.starts(each)) for each in devices) <= number + 3
            job_id = batch.starts(device)[0].job_id
            receipt = accept(rig.hub.orders[0])
            assert isinstance(receipt, Receipt)
            job = ordered_job(batch.starts(device)[0], "bench-a", receipt, device)
            rig.hub.end(device, job)
            for bridge in (one, two):
                await until(lambda b=bridge, j=job_id: b.state.fleet.job(j))  # type: ignore[misc]
        await batch.until("completed")
    assert sorted(o.device_id for o in rig.hub.starts if o.device_id in devices) == devices
