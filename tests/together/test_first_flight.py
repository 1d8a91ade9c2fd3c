"""The whole system as its users start it: `flashyard up`, a start, and three kinds of watchers."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from support.brokers import KINDS, chosen
from support.processes import Running, flashyard, serving

DEMO = {"PIXEL6_001", "SAMSUNG_S21_002", "ONEPLUS_9_003"}
ENDS = {"flash_completed", "flash_failed"}


ITS_OWN = ("--mqtt", "127.0.0.1:0")


@pytest.fixture(params=KINDS)
async def mqtt(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Where `up` has its broker: one of its own, or somebody else's."""
    if request.param == "embedded":
        yield ITS_OWN
    else:
        async with chosen(request, tmp_path) as broker:
            yield "--broker", broker.url


@asynccontextmanager
async def up(directory: Path, *more: str) -> AsyncIterator[Running]:
    nowhere = ("--listen", "127.0.0.1:0")
    async with serving("up", *nowhere, "--data-dir", directory, *more) as running:
        yield running


async def demo(system: Running) -> set[str]:
    """Start the demo; return the three job ids."""
    async with httpx.AsyncClient(base_url=system.ready[0], timeout=30) as http:
        answer = await http.post("/api/flash/demo")
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert {job["deviceId"] for job in said["jobs"]} == DEMO
    return {job["jobId"] for job in said["jobs"]}


def watch(system: Running) -> connect:
    return connect(system.ready[0].replace("http", "ws") + "/flash-progress")


async def heard(socket: ClientConnection, within: float) -> AsyncIterator[dict[str, Any]]:
    """Yield what the WebSocket says; fail when it takes too long."""
    async with asyncio.timeout(within):
        async for text in socket:
            yield json.loads(text)


async def test_the_demo_is_three_real_transfers_watched_live_and_can_be_cancelled(
    mqtt: tuple[str, str], tmp_path: Path
) -> None:
    async with up(tmp_path, "--demo", *mqtt) as system, watch(system) as socket:
        job_ids = await demo(system)
        stories: dict[str, list[dict[str, Any]]] = {job_id: [] for job_id in job_ids}
        async for message in heard(socket, 60):
            stories[message["jobId"]].append(message)
            if all(_moved(story) >= 2 for story in stories.values()):
                break
        for story in stories.values():
            assert story[0]["type"] == "flash_started"
            done = [message["bytesTransferred"] for message in story if _is_progress(message)]
            assert done == sorted(done)
        cancelled = await flashyard("cancel", *job_ids, "--url", system.ready[0])
        assert cancelled.status == 0, cancelled.err
        ends: dict[str, str] = {}
        async for message in heard(socket, 60):
            if message["type"] in ENDS:
                ends[message["jobId"]] = message["code"]
            if len(ends) == len(job_ids):
                break
        assert set(ends.values()) == {"cancelled"}


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_the_demo_runs_from_started_to_completed(tmp_path: Path) -> None:
    async with up(tmp_path, "--demo", *ITS_OWN) as system, watch(system) as socket:
        job_ids = await demo(system)
        stories: dict[str, list[str]] = {job_id: [] for job_id in job_ids}
        async for message in heard(socket, 540):
            stories[message["jobId"]].append(message["type"])
            if all(story and story[-1] in ENDS for story in stories.values()):
                break
    for story in stories.values():
        assert story[0] == "flash_started"
        assert story[-1] == "flash_completed"
        assert set(story[1:-1]) == {"flash_progress"}


async def test_an_image_from_the_terminal_arrives_on_the_device_byte_by_byte(
    mqtt: tuple[str, str], tmp_path: Path
) -> None:
    content = random.Random("image").randbytes(40_000_001)
    image = tmp_path / "system.img"
    await asyncio.to_thread(image.write_bytes, content)
    emulator = ("emulate", "--serial", "BENCH_1", "--tcp", "127.0.0.1:0", "--out", tmp_path)
    async with serving(*emulator) as device:
        place = device.ready[0].removeprefix("fastboot-tcp://").removesuffix("/BENCH_1")
        async with up(tmp_path / "data", "--fastboot-tcp", f"BENCH_1={place}", *mqtt) as system:
            url = ("--url", system.ready[0])
            first = await flashyard("flash", "BENCH_1", "system", image, *url)
            assert first.status == 0, first.err
            assert "Sending system.img" in first.err
            assert first.out.splitlines()[-1].startswith("Finished: 1 completed.")
            flashed = await asyncio.to_thread((tmp_path / "BENCH_1" / "system.img").read_bytes)
            assert flashed[: len(content)] == content
            assert not any(flashed[len(content) :])
            again = await flashyard("flash", "BENCH_*", "boot", image, *url, "--json")
            assert again.status == 0, again.err
            assert "Sending" not in again.err, "the image is in the store already"
            *_, last = map(json.loads, again.out.splitlines())
            assert last["job"]["status"] == "completed"
            assert last["job"]["bytesTransferred"] == len(content)
            listed = await flashyard("ls", "jobs", "--all", "--json", *url)
            assert len(listed.out.splitlines()) == 2


def _is_progress(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "flash_progress")


def _moved(story: list[dict[str, Any]]) -> int:
    """Count how often the bytes have grown."""
    return len({message["bytesTransferred"] for message in story if _is_progress(message)} - {0})
