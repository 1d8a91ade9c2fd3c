"""Flash whatever is plugged in, once per serial: two bridges, one hub, and parts that die."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.fastboot.transport import Address
from support.broker_process import Broker, BrokerProcess, free_port
from support.hub_at_work import hub_at_work
from support.line import line
from support.served import served_bridge
from support.waiting import until, until_told

UNITS = ("UNIT_1", "UNIT_2", "UNIT_3")
FLASHED = dict.fromkeys(UNITS, "flashed")

embedded = pytest.mark.parametrize("broker_process", ["embedded"], indirect=True)


@embedded
async def test_every_unit_is_flashed_once_whoever_dies_and_however_many_bridges_there_are(
    broker_process: BrokerProcess, tmp_path: Path
) -> None:
    image = random.Random("image").randbytes(1 << 18)
    async with line(tmp_path, broker_process, UNITS) as made:
        order = await made.add(image)
        assert await made.jobs() == [], "it is off until it is started"
        await made.change(order["id"], enabled=True)
        for number in (0, 1):
            await made.until_done(FLASHED, number)
        assert Counter(job["deviceId"] for job in await made.jobs()) == Counter(UNITS)
        for device in UNITS:
            assert (tmp_path / device / "boot.img").read_bytes() == image
        await made.hub.kill()
        await asyncio.gather(*(bridge.kill() for bridge in made.bridges))
        await asyncio.gather(*(bridge.start() for bridge in made.bridges))
        await made.hub.start()
        for number in (0, 1):
            await made.until_done(FLASHED, number)
        await made.flash("UNIT_1", order)  # by hand it can be flashed all the same
        assert (await made.order(1))["flashed"] == 3
        ends = Counter(job["deviceId"] for job in await made.jobs())
        assert ends == Counter([*UNITS, "UNIT_1"])


@embedded
@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_bridge_that_is_killed_at_any_moment_has_no_unit_flashed_twice_nor_forgotten(
    broker_process: BrokerProcess, tmp_path: Path
) -> None:
    image, dice = random.Random("image").randbytes(3 << 20), random.Random(9)
    units = [f"UNIT_{number:02}" for number in range(24)]
    async with line(tmp_path, broker_process, units) as made:
        order = await made.add(image)
        # The hub has the image from now on: one that a dead bridge cannot send is a failure.
        await made.flash(units[0], order)
        for turn in range(10):
            before = {job["jobId"] for job in await made.jobs()}
            # The same in other words: every unit is due again.
            flash = {**order["flash"], "reboot": bool(turn % 2)}
            await made.change(order["id"], enabled=True, flash=flash)
            await asyncio.sleep(dice.uniform(0.0, 1.5))  # the moment is what is drawn
            victims = dice.sample(made.bridges, dice.choice([1, 2]))
            await asyncio.gather(*(bridge.kill() for bridge in victims))
            await asyncio.gather(*(bridge.start() for bridge in victims))

            async def is_done() -> bool:
                return bool((await made.order(1))["flashed"] == len(units))

            await until_told(is_done, within=90)
            jobs = [job for job in await made.jobs() if job["jobId"] not in before]
            told = Counter(job["deviceId"] for job in jobs)
            assert told == Counter(units)
            assert {job["status"] for job in jobs} == {"completed"}


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
async def test_a_unit_that_failed_is_tried_again_when_it_comes_back_not_when_its_hub_does(
    broker: Broker, tmp_path: Path
) -> None:
    profile = Profile(serial="UNIT_1")
    place = ("127.0.0.1", free_port())
    hub = partial(hub_at_work, broker.url, tmp_path, {"UNIT_1": Address("tcp", *place)})
    async with served_bridge(broker.url, tmp_path / "bridge") as bridge:

        async def stands(done: str) -> None:
            async def is_so() -> bool:
                answer = (await bridge.http.get("/api/devices/UNIT_1")).json()
                device = answer.get("device", {})
                return bool(device.get("standingOrder", {}).get("done") == done)

            await until_told(is_so, within=20)

        wish = {
            "where": {"deviceId": "UNIT_*", "emulated": True},
            "flash": {"partition": "boot", "imageSize": 65536},
            "enabled": True,
        }
        answer = await bridge.http.post("/api/standing-orders", json=wish)
        order_id = answer.json()["standingOrder"]["id"]
        fleet = bridge.state.fleet
        broken = replace(profile, faults=(parse_mischief("flash=fail"),))
        with EmulatedDevice(broken, tmp_path, tcp=place, udp=None):
            async with hub():
                await stands("failed")
            async with hub() as again:

                async def is_seen() -> bool:
                    found = await bridge.state.standing.find([order_id], ["UNIT_1"])
                    return found[order_id]["UNIT_1"].session == again.hub.session

                await until_told(is_seen, within=20)
                assert len(fleet.jobs()) == 1
        async with hub() as third:

            def is_plugged_in() -> bool:
                session = third.hub.session  # what an earlier run said may still stand
                return any(d.online and d.session == session for d in fleet.find("UNIT_1"))

            with EmulatedDevice(broken, tmp_path, tcp=place, udp=None):
                await until(is_plugged_in)
            await until(lambda: not any(device.online for device in fleet.find("UNIT_1")))
            with EmulatedDevice(profile, tmp_path, tcp=place, udp=None):
                await stands("flashed")
        assert [job.status for job in fleet.jobs()] == ["failed", "completed"]
        order = await bridge.state.standing.get(order_id)
        assert (order.flashed, order.failed, order.failures_in_row) == (1, 1, 0)
