"""What is usual, learnt from real jobs of real hubs; and who is slow among devices of a kind."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from statistics import median_low
from typing import Any

import pytest

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.transport import Address
from flashyard_bridge.batches import slowness
from support.broker_process import Broker, free_port
from support.flashed import flashed
from support.hub_at_work import hub_at_work
from support.served import ServedBridge, served_bridge
from support.waiting import until, until_told

BINARY = {"Content-Type": "application/octet-stream"}
IMAGE = random.Random("image").randbytes(1 << 20)
Part = tuple[str, str | None]  # a phase, and the partition it was about
QUICK, SLOW = 4_000_000, 100_000  # bytes a second: far apart, whatever else the machine does


@asynccontextmanager
async def shelf(
    broker: Broker, folder: Path, speeds: Mapping[str, int]
) -> AsyncIterator[ServedBridge]:
    """Have a bridge and a hub with devices whose links take so many bytes a second."""
    places = {name: ("127.0.0.1", free_port()) for name in speeds}
    with ExitStack() as plugged:
        for name, place in places.items():
            profile = Profile(serial=name, link_speed=speeds[name])
            plugged.enter_context(EmulatedDevice(profile, folder, tcp=place, udp=None))
        addresses = {name: Address("tcp", *place) for name, place in places.items()}
        async with served_bridge(broker.url, folder / "bridge") as bridge:
            url = str(bridge.http.base_url)
            async with hub_at_work(broker.url, folder, addresses, bridge_url=url):
                fleet = bridge.state.fleet
                await until(lambda: sum(d.online for d in fleet.devices()) == len(speeds))
                yield bridge


async def sent(bridge: ServedBridge) -> str:
    answer = await bridge.http.post("/api/images", content=IMAGE, headers=BINARY)
    return str(answer.json()["image"]["sha256"])


async def told(bridge: ServedBridge, batch_id: str) -> dict[str, Any]:
    answer = await bridge.http.get(f"/api/flash/batch/{batch_id}")
    batch: dict[str, Any] = answer.json()["batch"]
    return batch


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_the_one_device_on_a_bad_cable_is_marked_while_it_runs_and_ever_after(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slowness, "FLOOR", 1_000)
    speeds = {f"SHELF_{number}": QUICK for number in range(4)} | {"SHELF_4": SLOW}
    async with shelf(broker, tmp_path, speeds) as bridge:
        body = {"partition": "boot", "image": await sent(bridge), "devices": list(speeds)}
        answer = await bridge.http.post("/api/flash/batch", json=body)
        batch_id = answer.json()["batchId"]

        async def is_marked() -> Any:
            items = (await told(bridge, batch_id))["items"]
            return next((each for each in items if "slow" in each), None)

        item = await until_told(is_marked)
        assert (item["deviceId"], item["status"]) == ("SHELF_4", "running")

        async def is_over() -> bool:
            batch = await told(bridge, batch_id)
            return "finishedAt" in batch

        await until_told(is_over)
    async with served_bridge(broker.url, tmp_path / "bridge") as later:
        batch = await told(later, batch_id)
        [listed] = (await later.http.get("/api/flash/batches")).json()["batches"]
    assert (batch["status"], batch["slow"], listed["slow"]) == ("completed", 1, 1)
    marks = {each["deviceId"]: each["slow"] for each in batch["items"] if "slow" in each}
    assert list(marks) == ["SHELF_4"]
    mark = marks["SHELF_4"]
    assert (mark["phase"], mark["others"]) == ("writing", 4)
    assert mark["factor"] > 4
    assert mark["speed"] < 2 * SLOW < mark["usualSpeed"] <= 2 * QUICK
    assert mark["durationMs"] > mark["usualMs"]


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_after_three_jobs_a_fourth_is_told_what_they_took(
    broker: Broker, tmp_path: Path
) -> None:
    async with shelf(broker, tmp_path, {"UNIT_1": QUICK}) as bridge:
        body = {"deviceId": "UNIT_1", "partition": "boot", "image": await sent(bridge)}
        runs: list[Counter[Part]] = []
        for _ in range(3):
            job_id = (await flashed(bridge.http, **body))["jobId"]

            async def is_kept(job_id: str = job_id) -> Any:
                return await bridge.state.history.job(job_id)

            past = await until_told(is_kept)
            assert (past.expected is not None) is (len(runs) == 2)
            spent: Counter[Part] = Counter()
            for span in past.spans:
                spent[span.phase, span.partition] += span.duration_ms
            runs.append(spent)
        told = (await bridge.http.post("/api/flash/expected", json=body)).json()["expected"]
        assert (told["samples"], told["basis"]) == (3, ["image", "product", "port"])
        parts = {part for run in runs for part in run if part[0] != "queued"}
        usual = {part: median_low([run[part] for run in runs]) for part in parts}
        assert {
            (each["phase"], each.get("partition")): each["durationMs"] for each in told["phases"]
        } == {part: ms for part, ms in usual.items() if ms}
        job_id = (await bridge.http.post("/api/flash/start", json=body)).json()["jobId"]
        seen: list[int] = []

        async def is_over() -> bool:
            job = (await bridge.http.get(f"/api/flash/job/{job_id}")).json()["job"]
            assert job["expected"]["durationMs"] == told["durationMs"]
            seen.append(job["expected"].get("remainingMs", 0))
            return bool(job["status"] == "completed")

        await until_told(is_over)
        assert max(seen) <= told["durationMs"]
