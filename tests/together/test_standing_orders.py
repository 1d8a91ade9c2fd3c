"""Flash whatever is plugged in, once per serial: two bridges, one hub, and parts that die."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from support.broker_process import BrokerProcess
from support.line import Line, line
from support.processes import Finished, flashyard
from support.waiting import until_told

GOOD = ("UNIT_1", "UNIT_2", "UNIT_3")
BAD = "UNIT_9"
FLASHED = dict.fromkeys(GOOD, "flashed") | {BAD: "failed"}

embedded = pytest.mark.parametrize("broker_process", ["embedded"], indirect=True)


async def ask(made: Line, *arguments: str | Path) -> Finished:
    return await flashyard(*arguments, "--url", made.url)


def image(folder: Path, size: int = 1 << 18) -> Path:
    path = folder / "boot-1.2.img"
    path.write_bytes(random.Random(size).randbytes(size))
    return path


@embedded
async def test_every_unit_is_flashed_once_whoever_dies_and_however_many_bridges_there_are(
    broker_process: BrokerProcess, tmp_path: Path
) -> None:
    source = image(tmp_path)
    async with line(tmp_path, broker_process, [*GOOD, BAD], "flash=fail") as made:
        where = ("UNIT_*", "boot", source, "--name", "line 1", "--emulated")
        added = await ask(made, "standing", "add", *where)
        assert added.status == 0, added.err
        assert (await made.order())["enabled"] is False
        assert await made.jobs() == []
        await made.until_done({})
        started = await ask(made, "standing", "start", "line 1", "--json")
        assert json.loads(started.out)["enabled"] is True, started.err
        for number in (0, 1):
            await made.until_done(FLASHED, number)
        jobs = await made.jobs()
        assert Counter(job["deviceId"] for job in jobs) == Counter([*GOOD, BAD])
        for device in GOOD:
            assert (tmp_path / device / "boot.img").read_bytes() == source.read_bytes()
        order = await made.order(1)
        assert (order["flashed"], order["failed"], order["failuresInRow"]) in {
            (3, 1, 0),
            (3, 1, 1),  # it was the last to end
        }

        table = (await ask(made, "ls")).out
        assert "flashed, line 1" in table
        await made.hub.kill()
        await asyncio.gather(*(bridge.kill() for bridge in made.bridges))
        await asyncio.gather(*(bridge.start() for bridge in made.bridges))
        await made.hub.start()
        for number in (0, 1):
            await made.until_done(FLASHED, number)
        again = await ask(made, "flash", "UNIT_1", "boot", source)
        assert again.status == 0, "by hand it can be flashed all the same"
        assert (await made.order())["flashed"] == 3
        ends = Counter(job["deviceId"] for job in await made.jobs())
        assert ends == Counter([*GOOD, BAD, "UNIT_1"])


@embedded
@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_bridge_that_is_killed_at_any_moment_has_no_unit_flashed_twice_nor_forgotten(
    broker_process: BrokerProcess, tmp_path: Path
) -> None:
    source, dice = image(tmp_path, 3 << 20), random.Random(9)
    units = [f"UNIT_{number:02}" for number in range(24)]
    async with line(tmp_path, broker_process, units) as made:
        # The hub has the image from now on: one that a dead bridge cannot send is a failure.
        assert (await ask(made, "flash", units[0], "boot", source)).status == 0
        added = await ask(made, "standing", "add", "UNIT_*", "boot", source, "--emulated", "--json")
        order_id = json.loads(added.out)["id"]
        for turn in range(10):
            body = {"enabled": True, "flash": await _flash(made, order_id, turn)}
            answer = await made.https[0].patch(f"/api/standing-orders/{order_id}", json=body)
            assert answer.status_code == 200, answer.text
            before = {job["jobId"] for job in await made.jobs()}
            await asyncio.sleep(dice.uniform(0.0, 1.5))  # the moment is what is drawn
            victims = dice.sample(made.bridges, dice.choice([1, 2]))
            await asyncio.gather(*(bridge.kill() for bridge in victims))
            await asyncio.gather(*(bridge.start() for bridge in victims))

            async def is_done() -> bool:
                return bool((await made.order(1))["flashed"] == len(units))

            await until_told(is_done, within=90)
            jobs = [job for job in await made.jobs() if job["jobId"] not in before]
            told = Counter(job["deviceId"] for job in jobs)
            assert set(told.values()) <= {1}, told
            assert {job["status"] for job in jobs} == {"completed"}


async def _flash(made: Line, order_id: str, turn: int) -> dict[str, object]:
    """The same as before in other words: every unit is due again."""
    answer = await made.https[0].get(f"/api/standing-orders/{order_id}")
    flash: dict[str, object] = answer.json()["standingOrder"]["flash"]
    return {**flash, "reboot": bool(turn % 2)}
