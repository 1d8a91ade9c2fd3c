"""`flashyard up` as a process, and what happens to the processes it keeps."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from support.processes import Running, flashyard, serving, start
from support.waiting import until

NOWHERE = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0")


@asynccontextmanager
async def up(directory: Path, *more: str) -> AsyncIterator[Running]:
    async with serving("up", *NOWHERE, "--data-dir", directory, *more) as running:
        yield running


async def answers(url: str, devices: set[str]) -> bool:
    """Does the bridge answer, with these devices online?"""
    try:
        async with Bridge(url) as bridge:
            return devices <= {each.device_id for each in await bridge.devices() if each.online}
    except UnreachableError:
        return False


async def until_it_answers(url: str, *devices: str) -> None:
    async with asyncio.timeout(30):
        while not await answers(url, set(devices)):  # noqa: ASYNC110 - another process's news
            await asyncio.sleep(0.05)


def _has_another(running: Running, role: str, victim: int) -> bool:
    return running.children().get(role, victim) != victim


def gone(pids: list[int]) -> bool:
    return not any(_lives(pid) for pid in pids)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_one_command_starts_everything_and_stops_it_in_order(tmp_path: Path) -> None:
    async with up(tmp_path, "--demo") as running:
        http, mqtt = running.ready
        assert http.startswith("http://127.0.0.1:")
        assert mqtt.startswith("mqtt://127.0.0.1:")
        # Ready means: each configured device was asked once.
        assert await answers(http, {"PIXEL6_001", "SAMSUNG_S21_002", "ONEPLUS_9_003"})
        children = running.children()
        assert set(children) == {"broker", "emulate", "bridge", "hub"}
        assert http in running.err
        running.send(signal.SIGTERM)
        assert await running.ended() == 0
        assert gone(list(children.values()))
        assert running.out.count("\n") == 1
    logged = [json.loads(line) for line in running.err.splitlines() if line.startswith("{")]
    assert {"hub", "bridge"} <= {line["role"] for line in logged}
    assert not any(line["level"] == "ERROR" for line in logged)


async def test_whoever_dies_is_started_again_on_the_same_ports(tmp_path: Path) -> None:
    async with up(tmp_path, "--demo") as running:
        http, _ = running.ready
        for role in ("bridge", "broker", "emulate", "hub"):
            victim = running.children()[role]
            os.kill(victim, signal.SIGKILL)
            await until(partial(_has_another, running, role, victim))
        await until_it_answers(http, "PIXEL6_001", "SAMSUNG_S21_002", "ONEPLUS_9_003")


async def test_ctrl_c_stops_it_in_order_and_says_so(tmp_path: Path) -> None:
    async with up(tmp_path) as running:
        pids = list(running.children().values())
        running.send(signal.SIGINT)
        assert await running.ended() == 130
        assert gone(pids)


async def test_when_it_is_killed_its_children_go_too(tmp_path: Path) -> None:
    async with up(tmp_path, "--demo") as running:
        pids = list(running.children().values())
        assert len(pids) == 4
        running.send(signal.SIGKILL)
        await until(lambda: gone(pids))


async def test_a_device_that_is_not_there_holds_nothing_up_for_long(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        place = f"DEAF=127.0.0.1:{deaf.getsockname()[1]}"
        async with up(tmp_path, "--fastboot-tcp", place) as running:
            assert running.ready


async def test_another_broker_can_be_used(tmp_path: Path) -> None:
    arguments = ("broker", "--listen", "127.0.0.1:0", "--data-dir", tmp_path / "elsewhere")
    async with (
        serving(*arguments) as broker,
        serving(
            *("up", "--listen", "127.0.0.1:0", "--broker", broker.ready[0]),
            *("--data-dir", tmp_path, "--no-usb", "--usb-port", "*-usb-0:1.*=Rack"),
        ) as running,
    ):
        assert running.ready[1] == broker.ready[0]
        assert set(running.children()) == {"bridge", "hub"}
        told = psutil.Process(running.children()["hub"]).cmdline()
        assert {"--no-usb", "--usb-port", "*-usb-0:1.*=Rack"} <= set(told)


@pytest.mark.parametrize("flag", ["--listen", "--mqtt"])
async def test_a_port_that_is_taken_is_told_at_once(tmp_path: Path, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        free = "--mqtt" if flag == "--listen" else "--listen"
        finished = await flashyard(
            *("up", flag, address, free, "127.0.0.1:0", "--data-dir", tmp_path)
        )
    assert finished.status == 1
    assert finished.err.startswith("flashyard: ")
    assert address in finished.err.splitlines()[0]
    assert finished.out == ""


async def test_stopped_before_it_is_ready_it_leaves_nothing_behind(tmp_path: Path) -> None:
    running = await start("up", *NOWHERE, "--data-dir", tmp_path)
    try:
        await until(lambda: psutil.Process(running.pid).children())
        pids = [child.pid for child in psutil.Process(running.pid).children()]
        running.send(signal.SIGTERM)
        assert await running.ended() == 0
        assert gone(pids)
    finally:
        await running.close()
