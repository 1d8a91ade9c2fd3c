"""Ways back through everything: REST, a real bridge, a real hub, and a device that fails."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from flashyard.flash.emulator import Profile
from flashyard.flash.emulator.mischief import Mishaps, parse_mischief
from support.brokers import mosquitto
from support.emulated import MIB, Emulated, emulated
from support.hub_at_work import hub_at_work
from support.served import served_bridge
from support.waiting import until_told

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIVE = ("boot", "dtbo", "vendor", "system", "vbmeta")
OLD = {name: random.Random(f"old {name}").randbytes(50_000) for name in FIVE}
NEW = {name: random.Random(f"new {name}").randbytes(50_000) for name in FIVE}
PHONE = "PHONE_1"


@dataclass
class Bench:
    """One phone with two slots at a hub; ``http`` speaks to the bridge."""

    http: httpx.AsyncClient
    phone: Emulated

    def go_wrong(self, *faults: str) -> None:
        """Have this go wrong from now on, and nothing of before."""
        self.phone.device.device.mishaps = Mishaps([parse_mischief(each) for each in faults])

    async def start(self, contents: dict[str, bytes], **more: Any) -> httpx.Response:
        steps = [{"partition": n, "image": await self.upload(c)} for n, c in contents.items()]
        body = {"deviceId": PHONE, "partitions": steps, **more}
        return await self.http.post("/api/flash/start", json=body)

    async def upload(self, content: bytes) -> str:
        headers = {"Content-Type": "application/octet-stream"}
        answer = await self.http.post("/api/images", content=content, headers=headers)
        sha256: str = answer.json()["image"]["sha256"]
        return sha256

    async def flashed(self, contents: dict[str, bytes], **more: Any) -> dict[str, Any]:
        """Start it, and return the job as it ended."""
        answer = await self.start(contents, **more)
        assert answer.status_code == 200, answer.text
        return await self.ended(answer.json()["jobId"])

    async def ended(self, job_id: str) -> dict[str, Any]:
        async def over() -> dict[str, Any] | None:
            told = await self.http.get(f"/api/flash/job/{job_id}")
            job: dict[str, Any] = told.json().get("job", {})
            return job if job.get("finishedAt") else None

        return await until_told(over)

    def holds(self, contents: dict[str, bytes], slot: str) -> bool:
        return all(
            self.phone.content(f"{name}_{slot}")[: len(content)] == content
            for name, content in contents.items()
        )

    @property
    def slot(self) -> str | None:
        return self.phone.device.device.slots.current


@pytest_asyncio.fixture(loop_scope="module")
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    broker = mosquitto(tmp_path)
    await broker.start()
    profile = Profile(serial=PHONE, slots=2, partitions=dict.fromkeys(FIVE, MIB), boot_s=0.1)
    with emulated(tmp_path / "devices", "tcp", profile) as phone:
        async with served_bridge(broker.url, tmp_path / "images") as bridge:
            url = str(bridge.http.base_url)
            async with hub_at_work(
                broker.url,
                tmp_path,
                {PHONE: phone.address},
                bridge_url=url,
                timing={"look_for": 1.0},
                boot_timeout=2,
            ):
                made = Bench(bridge.http, phone)

                async def is_there() -> bool:
                    told = (await bridge.http.get("/api/devices")).json()["devices"]
                    return any(each["online"] and each.get("currentSlot") for each in told)

                await until_told(is_there)
                yield made
    await broker.stop()


async def test_a_phone_that_fails_has_again_what_last_completed_on_it(bench: Bench) -> None:
    refused = await bench.start(NEW, rollback="last-good")
    assert (refused.status_code, refused.json()["code"]) == (422, "rollback_impossible")
    assert refused.json()["details"] == ", ".join(FIVE)

    assert (await bench.flashed(OLD))["status"] == "completed"

    async def accepted() -> dict[str, Any] | None:
        """As soon as that is on record."""
        bench.go_wrong("flash:3=fail")
        answer = await bench.start(NEW, rollback="last-good", verify="booted")
        started: dict[str, Any] = answer.json()
        return started if answer.status_code == 200 else None

    job = await bench.ended((await until_told(accepted))["jobId"])
    assert (job["status"], job["code"]) == ("failed", "device_refused")
    assert (job["rollback"]["kind"], job["rollback"]["outcome"]) == ("last-good", "rolled_back")
    assert "vendor_a written back" in job["deviceState"]
    assert bench.holds(OLD, "a")
    assert (bench.slot, bench.phone.device.device.slots["a"].successful) == ("a", True)


async def test_a_phone_whose_new_slot_does_not_start_is_in_its_old_one(bench: Bench) -> None:
    bench.go_wrong("boot-b=stay")
    job = await bench.flashed(NEW, slot="inactive", rollback="slot", verify="booted")
    assert (job["status"], job["code"]) == ("failed", "not_booted")
    assert job["rollback"]["outcome"] == "rolled_back"
    assert "slot a is made active again" in job["rollback"]["plan"]
    assert bench.holds(NEW, "b")
    assert (bench.slot, bench.phone.device.device.slots["a"].successful) == ("a", True)
    bench.go_wrong("boot-b=silence")
    job = await bench.flashed(NEW, slot="inactive", rollback="slot", verify="booted")
    assert (job["code"], job["rollback"]["outcome"]) == ("not_booted", "not_possible")
