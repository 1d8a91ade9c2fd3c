"""One broker, one bridge and one scripted hub for all tests of a file; each has its own devices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from flashyard.contract.records import Job
from flashyard.contract.topics import Kind, build
from support.brokers import Broker, mosquitto
from support.scripted_hub import ScriptedHub, accept
from support.served import ServedBridge, served_bridge
from support.waiting import until


@dataclass
class Rig:
    """``plug`` shows a device and waits until the bridge knows it."""

    broker: Broker
    hub: ScriptedHub
    bridge: ServedBridge
    numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def http(self) -> httpx.AsyncClient:
        return self.bridge.http

    async def plug(self, device_id: str | None = None, **facts: Any) -> str:
        device_id = device_id or f"DEVICE_{next(self.numbers):03}"
        self.hub.plug(device_id, **facts)
        fleet, rev = self.bridge.state.fleet, self.hub.devices[device_id].rev
        await until(lambda: any(known.rev >= rev for known in fleet.find(device_id)))
        return device_id

    async def start(self, **body: Any) -> dict[str, Any]:
        answer = await self.http.post("/api/flash/start", json=body)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def job(self, job_id: str) -> Job:
        job = self.bridge.state.fleet.job(job_id)
        assert job is not None
        return job

    async def upload(self, content: bytes, name: str = "boot.img") -> str:
        answer = await self.http.post(
            "/api/images",
            params={"name": name},
            content=content,
            headers={"Content-Type": "application/octet-stream"},
        )
        sha256: str = answer.json()["image"]["sha256"]
        return sha256

    async def forget(self, hub: ScriptedHub) -> None:
        """Take a further hub out of the picture again."""
        link = self.bridge.state.link
        for device_id in hub.devices:
            topic = build(Kind.DEVICE, hub.hub_id, device_id)
            await link.publish_and_confirm(topic, b"", retain=True)
        await link.publish_and_confirm(build(Kind.PRESENCE, hub.hub_id), b"", retain=True)
        fleet = self.bridge.state.fleet
        await until(lambda: all(each.hub_id != hub.hub_id for each in fleet.hubs()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_rig(
    tmp_path_factory: pytest.TempPathFactory, rig_database: str | None
) -> AsyncIterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("bridge")
    broker = mosquitto(folder)
    await broker.start()
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, folder / "images", database=rig_database) as bridge,
    ):
        await bridge.state.pictured()
        yield Rig(broker, hub, bridge)
    await broker.stop()


@pytest.fixture
def rig(shared_rig: Rig) -> Rig:
    """The shared rig, with a hub that takes what it is asked and has been asked nothing."""
    shared_rig.hub.answer = accept
    shared_rig.hub.orders.clear()
    return shared_rig
