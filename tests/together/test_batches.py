"""Batches with real hubs: bytes on devices, limits kept, and bridges that die."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.fastboot.transport import Address
from support.broker_process import Broker, BrokerProcess, free_port
from support.hub_at_work import hub_at_work
from support.line import line
from support.served import served_bridge
from support.waiting import until, until_told

BINARY = {"Content-Type": "application/octet-stream"}


def most_at_once(jobs: Iterable[dict[str, Any]]) -> int:
    """Tell how many of the jobs ran at the same time."""
    turns = [(job["startedAt"], 1) for job in jobs] + [(job["finishedAt"], -1) for job in jobs]
    running = [sum(step for _, step in sorted(turns)[: n + 1]) for n in range(len(turns))]
    return max(running)


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_a_shelf_of_devices_is_flashed_two_at_a_time_and_the_bad_one_is_named(
    broker: Broker, tmp_path: Path
) -> None:
    image = random.Random("image").randbytes(1 << 18)
    names = [f"SHELF_{number}" for number in range(5)]
    places = {name: ("127.0.0.1", free_port()) for name in names}
    with ExitStack() as plugged:
        for name, place in places.items():
            profile = Profile(serial=name)
            if name == names[1]:
                profile = replace(profile, faults=(parse_mischief("flash=fail"),))
            plugged.enter_context(EmulatedDevice(profile, tmp_path, tcp=place, udp=None))
        addresses = {name: Address("tcp", *place) for name, place in places.items()}
        async with served_bridge(broker.url, tmp_path / "bridge") as bridge:
            url = str(bridge.http.base_url)
            async with hub_at_work(broker.url, tmp_path, addresses, bridge_url=url):
                fleet = bridge.state.fleet
                await until(lambda: sum(device.online for device in fleet.devices()) == 5)
                sent = await bridge.http.post("/api/images", content=image, headers=BINARY)
                sha256 = sent.json()["image"]["sha256"]
                body = {"partition": "boot", "image": sha256, "maxParallel": 2, "maxFailures": 1}
                body["filter"] = {"deviceId": "SHELF_*", "emulated": True}
                answer = await bridge.http.post("/api/flash/batch", json=body)
                batch_id = answer.json()["batchId"]
                seen: list[float] = []

                async def is_over() -> Any:
                    told = (await bridge.http.get(f"/api/flash/batch/{batch_id}")).json()["batch"]
                    seen.append(told["progress"])
                    return told if "finishedAt" in told else None

                told = await until_told(is_over)
        assert seen == sorted(seen)
        assert (told["status"], told["counts"]["completed"]) == ("failed", 4)
        bad = next(item for item in told["items"] if item["status"] == "failed")
        assert (bad["deviceId"], bad["code"]) == (names[1], "device_refused")
        assert most_at_once([job.model_dump(by_alias=True) for job in fleet.jobs()]) <= 2
        for name in (*names[:1], *names[2:]):
            assert (tmp_path / name / "boot.img").read_bytes() == image


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("broker_process", ["embedded"], indirect=True)
async def test_whoever_is_killed_at_any_moment_no_device_is_forgotten_nor_flashed_twice(
    broker_process: BrokerProcess, tmp_path: Path
) -> None:
    image, dice = random.Random("image").randbytes(3 << 20), random.Random(22)
    units = [f"UNIT_{number:02}" for number in range(16)]
    async with line(tmp_path, broker_process, units) as made:
        await until_told(lambda: all_online(made.https, len(units)))
        sent = await made.https[0].post("/api/images", content=image, headers=BINARY)
        body = {"partition": "boot", "image": sent.json()["image"]["sha256"], "maxParallel": 5}
        parts = [*made.bridges, made.hub]
        for _ in range(8):
            before = {job["jobId"] for job in await made.jobs()}
            answer = await made.https[0].post("/api/flash/batch", json={**body, "devices": units})
            assert answer.status_code == 200, answer.text
            batch_id = answer.json()["batchId"]
            await asyncio.sleep(dice.uniform(0.0, 1.5))  # the moment is what is drawn
            victims = dice.sample(parts, dice.choice([1, 2, 3]))
            await asyncio.gather(*(each.kill() for each in victims))
            await asyncio.gather(*(each.start() for each in victims))

            async def is_over(batch_id: str = batch_id) -> Any:
                told = (await made.https[1].get(f"/api/flash/batch/{batch_id}")).json()
                return told["batch"] if "finishedAt" in told.get("batch", {}) else None

            told = await until_told(is_over, within=120)
            assert told["counts"]["completed"] == len(units), told
            await until_told(lambda: all_online(made.https, len(units)))
            jobs = [job for job in await made.jobs() if job["jobId"] not in before]
            assert Counter(job["deviceId"] for job in jobs) == Counter(units)
            assert {job["status"] for job in jobs} == {"completed"}
            assert most_at_once(jobs) <= 5
            for unit in units:
                kept = tmp_path / unit / "boot.img"
                assert kept.read_bytes() == image
                kept.write_bytes(b"")  # the next batch has to write it anew


async def all_online(https: Iterable[httpx.AsyncClient], number: int) -> bool:
    """Do all bridges have so many devices online?"""
    told = [(await http.get("/api/devices")).json().get("devices", []) for http in https]
    return all(sum(device["online"] for device in devices) == number for devices in told)
