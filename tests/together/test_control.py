"""Jobs in hand, with a real hub and an emulated device: paused, resumed, held and moved."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from flashyard.client.bridge import Bridge
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from support.processes import Finished, flashyard, serving, start
from support.waiting import until, until_told

SIZE = 16 << 20  # eight seconds' worth: there is time to be asked
DEVICE = "BENCH_1"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Bench:
    """A whole system with one slow device, whose parts are a megabyte; ``out``: what it has."""

    bridge: Bridge
    out: Path

    async def ask(self, *arguments: str | Path) -> Finished:
        return await flashyard(*arguments, env={"FLASHYARD_URL": self.bridge.url})

    def flashed(self) -> bytes:
        """What is on the device's partition."""
        return self.out.read_bytes()

    async def moving(self) -> Job | None:
        """A job that has begun to send."""
        return next((job for job in await self.bridge.jobs() if job.bytes_transferred > 0), None)

    async def until(self, job_id: str, status: Status) -> Job:
        async def look() -> Job | None:
            job = await self.bridge.job(job_id)
            return job if job.status is status else None

        return await until_told(look)

    async def flash(self, image: Path, *options: str) -> str:
        words = (DEVICE, "system", image, "--no-reboot", "--detach")
        finished = await self.ask("flash", *words, *options)
        assert finished.status == 0, finished.err
        return finished.out.strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    out = folder / "flashed"
    emulator = ("emulate", "--serial", DEVICE, "--tcp", "127.0.0.1:0", "--out", out)
    nowhere = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data-dir", folder)
    async with serving(*emulator, "--link-speed", "2M", "--data-dir", folder) as device:
        place = device.ready[0].removeprefix("fastboot-tcp://").removesuffix(f"/{DEVICE}")
        devices = ("--fastboot-tcp", f"{DEVICE}={place}", "--part-size", "1M")
        async with (
            serving("up", *nowhere, *devices) as system,
            Bridge(system.ready[0]) as bridge,
        ):
            yield Bench(bridge, out / DEVICE / "system.img")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "system.img"
    path.write_bytes(random.Random("control").randbytes(SIZE))
    return path


@pytest.fixture(scope="module")
def small(image: Path) -> Path:
    path = image.with_name("small.img")
    path.write_bytes(image.read_bytes()[: 1 << 20])
    return path


async def test_a_running_flash_is_paused_and_resumed_and_every_byte_arrives(
    bench: Bench, image: Path
) -> None:
    words = ("flash", DEVICE, "system", image, "--no-reboot")
    watched = await start(*words, env={"FLASHYARD_URL": bench.bridge.url})
    try:
        job_id = (await until_told(bench.moving)).job_id
        asked = await bench.ask("pause", job_id)
        assert asked.out in {f"{job_id}  running  pause requested\n", f"{job_id}  paused\n"}
        paused = await bench.until(job_id, Status.PAUSED)
        assert 0 < paused.bytes_transferred < SIZE
        assert paused.requested is None
        again = await bench.ask("pause", job_id)
        assert (again.status, again.out) == (0, f"{job_id}  paused\n"), again.err
        assert "paused" in (await bench.ask("ls", "jobs")).out
        await until(lambda: "PAUSED" in watched.out)
        assert (await bench.ask("resume", job_id)).status == 0
        assert await watched.ended() == 0
        assert "RESUMED" in watched.out
    finally:
        await watched.close()
    done = await bench.bridge.job(job_id)
    assert done.status is Status.COMPLETED
    assert bench.flashed() == image.read_bytes()  # noqa: ASYNC240 - nobody else waits
    refused = await bench.ask("resume", job_id)
    assert refused.status == 1
    assert "ended" in refused.err


@pytest.mark.long
async def test_a_queue_is_held_and_moved_at_the_terminal(
    bench: Bench, image: Path, small: Path
) -> None:
    running = await bench.flash(image)
    await bench.ask("pause", running)
    await bench.until(running, Status.PAUSED)
    held, last = [await bench.flash(small) for _ in range(2)]
    assert (await bench.ask("pause", held)).out == f"{held}  paused\n"
    moved = await bench.ask("set", "job", last, "--priority", "9")
    assert moved.out == f"{last}  priority 9\n"
    table = (await bench.ask("ls", "jobs")).out
    assert [row.split()[0] for row in table.splitlines()[1:]] == [running, last, held]
    assert "on hold" in table
    assert "Waiting for the paused job before it" in table
    await bench.ask("resume", running)
    await bench.until(last, Status.COMPLETED)
    job = await bench.bridge.job(held)
    assert (job.status, job.phase) == (Status.PAUSED, Phase.QUEUED), "others passed it"
    await bench.ask("resume", held)
    await bench.until(held, Status.COMPLETED)


@pytest.mark.long
async def test_a_rate_is_changed_while_it_flashes_and_a_paused_job_is_cancelled(
    bench: Bench, image: Path
) -> None:
    job_id = await bench.flash(image, "--bandwidth-limit", "1MB", "--priority", "2")
    job = await bench.bridge.job(job_id)
    assert (job.bandwidth_limit, job.priority) == (1_000_000, 2)
    changed = await bench.ask("set", "job", job_id, "--bandwidth-limit", "512K")
    assert changed.out == f"{job_id}  priority 2, at most 512 KiB/s\n"
    await bench.ask("pause", job_id)
    await bench.until(job_id, Status.PAUSED)
    assert (await bench.ask("cancel", job_id)).status == 0
    await bench.until(job_id, Status.CANCELLED)


@pytest.mark.long
async def test_a_job_that_is_not_paused_cannot_be_resumed(bench: Bench, image: Path) -> None:
    job_id = await bench.flash(image, "--not-before", "+1h")
    job = await bench.bridge.job(job_id)
    assert job.status is Status.QUEUED
    refused = await bench.ask("resume", job_id)
    assert refused.status == 1
    async with httpx.AsyncClient(base_url=bench.bridge.url) as http:
        answer = await http.post(f"/api/flash/job/{job_id}/resume")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    await bench.ask("cancel", job_id)
    await bench.until(job_id, Status.CANCELLED)
