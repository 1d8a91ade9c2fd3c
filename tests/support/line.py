"""A line in a factory: a broker, bridges on one database, a hub, and devices, all as processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from support.broker_process import BrokerProcess, free_port
from support.waiting import until_told
from support.yard import Role


class Line:
    """``devices`` are emulated ones that keep what they are sent."""

    def __init__(self, folder: Path, broker: BrokerProcess, devices: Sequence[str]) -> None:
        self.folder = folder
        self.ports = [free_port(), free_port()]
        self.https = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{p}") for p in self.ports]
        self.bridges = [self._bridge(broker, number) for number in (0, 1)]
        places = {device: f"127.0.0.1:{free_port()}" for device in devices}
        told = [word for each in devices for word in ("--device", f"{each},tcp={places[each]}")]
        out = ("--out", str(folder), "--data-dir", str(folder))
        self.emulator = self._role("emulator", "emulate", *told, *out)
        given = [word for each, at in places.items() for word in ("--fastboot-tcp", f"{each}={at}")]
        self.hub = self._role(
            *("hub", "hub", "--hub-id", "bench-a", "--broker", broker.url, *given),
            *("--bridge-url", f"http://127.0.0.1:{self.ports[0]}", "--data-dir", str(folder)),
        )

    async def add(self, image: bytes, **more: object) -> dict[str, Any]:
        """Make a standing order for all units, which flashes an image to `boot`."""
        binary = {"Content-Type": "application/octet-stream"}
        sent = await self.https[0].post("/api/images", content=image, headers=binary)
        flash = {"partition": "boot", "image": sent.json()["image"]["sha256"]}
        wish = {"where": {"deviceId": "UNIT_*", "emulated": True}, "flash": flash, **more}
        answer = await self.https[0].post("/api/standing-orders", json=wish)
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()["standingOrder"]
        return order

    async def change(self, order_id: str, **wish: object) -> None:
        """Change it."""
        answer = await self.https[0].patch(f"/api/standing-orders/{order_id}", json=wish)
        assert answer.status_code == 200, answer.text

    async def flash(self, device: str, order: dict[str, Any]) -> None:
        """Flash the same by hand, and wait for the end."""
        body = {"deviceId": device, **order["flash"]}
        answer = await self.https[0].post("/api/flash/start", json=body)
        assert answer.status_code == 200, answer.text
        job_id = answer.json()["jobId"]

        async def is_over() -> bool:
            jobs = {job["jobId"]: job["status"] for job in await self.jobs()}
            return jobs.get(job_id) == "completed"

        await until_told(is_over)

    async def devices(self, number: int = 0) -> dict[str, dict[str, Any]]:
        """What a bridge lists, by id; nothing while it is away."""
        try:
            told = (await self.https[number].get("/api/devices")).json()
        except httpx.TransportError:
            return {}
        return {each["deviceId"]: each for each in told.get("devices", [])}

    async def until_done(self, done: dict[str, str], number: int = 0, within: float = 60) -> None:
        """Wait until the devices stand so."""

        async def is_so() -> bool:
            told = await self.devices(number)
            stands = {name: told.get(name, {}).get("standingOrder", {}) for name in done}
            return {name: each.get("done") for name, each in stands.items()} == done

        await until_told(is_so, within)

    async def jobs(self, number: int = 0) -> list[dict[str, Any]]:
        """All jobs a bridge knows."""
        answer = await self.https[number].get("/api/flash/jobs", params={"status": "all"})
        jobs: list[dict[str, Any]] = answer.json()["jobs"]
        return jobs

    async def order(self, number: int = 0) -> dict[str, Any]:
        """The only standing order."""
        answer = await self.https[number].get("/api/standing-orders")
        [order] = answer.json()["standingOrders"]
        told: dict[str, Any] = order
        return told

    def _bridge(self, broker: BrokerProcess, number: int) -> Role:
        return self._role(
            *(f"bridge{number}", "bridge", "--broker", broker.url),
            *("--listen", f"127.0.0.1:{self.ports[number]}"),
            *("--data-dir", str(self.folder / f"b{number}")),
            *("--database", f"sqlite:///{self.folder / 'shared.db'}"),
            *("--image-store", str(self.folder / "images")),
        )

    def _role(self, name: str, *arguments: str) -> Role:
        return Role(self.folder / f"{name}.log", *arguments)

    async def start(self) -> None:
        await asyncio.gather(*(each.start() for each in (self.emulator, *self.bridges)))
        await self.hub.start()

    async def stop(self) -> None:
        await self.hub.stop()
        await asyncio.gather(*(each.stop() for each in (*self.bridges, self.emulator)))
        for http in self.https:
            await http.aclose()


@asynccontextmanager
async def line(folder: Path, broker: BrokerProcess, devices: Sequence[str]) -> AsyncIterator[Line]:
    """A line that serves."""
    made = Line(folder, broker, devices)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()
