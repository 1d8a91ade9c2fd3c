"""A batch of devices on a hub that does as a test says, and what is told of it over REST."""

from __future__ import annotations

from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.orders import StartOrder
from flashyard.contract.phases import Status
from support.rig import Rig
from support.waiting import until, until_told

FLASH = {"partition": "boot", "imageSize": 4096}


class Shelf:
    """A batch of a test's own devices on the rig's hub."""

    def __init__(self, rig: Rig, name: str, number: int) -> None:
        self.rig = rig
        self.devices = [f"{name}_{each}" for each in range(number)]
        self.batch_id = ""

    async def start(self, **more: object) -> dict[str, Any]:
        for device in self.devices:
            await self.rig.plug(device)
        body = {"devices": self.devices, **FLASH, **more}
        answer = await self.rig.http.post("/api/flash/batch", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        self.batch_id = told["batchId"]
        return told

    async def read(self) -> dict[str, Any]:
        answer = await self.rig.http.get(f"/api/flash/batch/{self.batch_id}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["batch"]
        return told

    async def statuses(self) -> list[str]:
        return [item["status"] for item in (await self.read())["items"]]

    async def until(self, *statuses: str) -> None:
        async def is_so() -> bool:
            return await self.statuses() == list(statuses)

        await until_told(is_so, within=20)

    async def ended(self) -> dict[str, Any]:
        async def is_so() -> bool:
            return "finishedAt" in await self.read()

        await until_told(is_so, within=20)
        return await self.read()

    async def ask(self, verb: str) -> tuple[int, dict[str, Any]]:
        answer = await self.rig.http.post(f"/api/flash/batch/{self.batch_id}/{verb}")
        return answer.status_code, answer.json()

    def starts(self, number: int | None = None) -> list[StartOrder]:
        devices = self.devices if number is None else [self.devices[number]]
        return [order for order in self.rig.hub.starts if order.device_id in devices]

    async def end(self, number: int, code: Code | None = None) -> None:
        """Have a device's newest job end once it was started, and the bridge knows it."""
        await until(lambda: self.starts(number))
        job_id = self.starts(number)[-1].job_id
        await until(lambda: self.rig.bridge.state.fleet.job(job_id))
        job = self.rig.job(job_id)
        if code is Code.CANCELLED:
            job = job.with_(status=Status.CANCELLED)
        self.rig.hub.end(self.devices[number], job, code)
