"""One image to 1, 8 and 24 emulated devices at once: what it costs a hub, against their own limit.

The devices throw away what they are sent. What they could take at most is what a C program sends
them, a process for each. Fewer rounds than two, or a smaller image, are a quick look.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.pairs import spread
from support.proc import forget, most_held, read_from_disk
from support.processes import Running, serving

MIB = 1 << 20
MB = 1_000_000
CROWDS = (1, 8, 24)
FEW = 8
LINK = 30 * MB  # bytes/s of a device, where they are not as fast as they can
PROCESSES = 4  # that the devices are spread over
SOURCE = Path(__file__).with_name("feed.c")
PART = 128 * MIB
_LOOK = 0.05  # seconds between two looks at the jobs
_PATIENCE = 900.0  # seconds for all jobs of a run


class Cost(NamedTuple):
    """What a run cost: seconds from the first job's start to the last one's end, and of the hub.

    ``memory``: the most bytes it held at once; ``read``: bytes it had the disk read.
    """

    wall: float
    cpu: float
    memory: int
    read: int


class Bench(NamedTuple):
    """A system that serves, its devices' ports, and an image that its hub has already."""

    http: httpx.AsyncClient
    hub: int  # the process's id
    ports: Sequence[int]
    image: dict[str, Any]
    file: Path  # in the hub's cache

    async def fetched(self) -> None:
        """Have the hub fetch it, which is nothing that is measured here."""
        await self._ended({await self._start(_name(0))})

    async def flash(self, devices: int) -> Cost:
        """Flash so many at once, with the image on the disk alone."""
        forget(self.file)
        _forget_peak(self.hub)
        cpu, read = _cpu(self.hub), read_from_disk(self.hub)
        jobs = await asyncio.gather(*(self._start(_name(n)) for n in range(devices)))
        ended = await self._ended(set(jobs))
        wall = (
            max(job["finishedAt"] for job in ended) - min(job["startedAt"] for job in ended)
        ) / 1000
        return Cost(
            wall, _cpu(self.hub) - cpu, most_held(self.hub), read_from_disk(self.hub) - read
        )

    async def _start(self, device: str) -> str:
        body = {"deviceId": device, "image": self.image["sha256"], "reboot": False}
        answer = await self.http.post("/api/flash/start", json={**body, "partition": "system"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["jobId"])

    async def _ended(self, waiting: set[str]) -> list[dict[str, Any]]:
        ended = []
        async with asyncio.timeout(_PATIENCE):
            while waiting:
                await asyncio.sleep(_LOOK)
                job_id = next(iter(waiting))
                job = (await self.http.get(f"/api/flash/job/{job_id}")).json()["job"]
                if "finishedAt" in job:
                    assert job["status"] == "completed", job
                    ended.append(job)
                    waiting.remove(job_id)
        return ended


async def compare(rounds: int, size: int) -> None:
    """Measure, and print the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = _image(folder, size)
        feeder = folder / "feed"
        _build(feeder)
        print(f"{size // MIB} MiB to each of N emulated devices, {rounds} rounds, median [min-max]")
        print(f"  {'devices':>8} {'wall s':20} {'their limit s':20} {'CPU-s':20} peak MB  read MB")
        costs: dict[int, list[Cost]] = {n: [] for n in CROWDS}
        async with _bench(folder / "fast", image, size, CROWDS[-1]) as bench:
            for devices in CROWDS:
                limits = []
                for _ in range(rounds):
                    limits.append(await asyncio.to_thread(_feed, feeder, image, bench, devices))
                    costs[devices].append(await bench.flash(devices))
                _print(devices, costs[devices], limits)
        slow: dict[int, list[Cost]] = {1: [], FEW: []}
        async with _bench(folder / "slow", image, size, FEW, "--link-speed", str(LINK)) as bench:
            for devices, seen in slow.items():
                seen.append(await bench.flash(devices))
    for devices, (cost,) in slow.items():
        print(f"  {devices} at {LINK // MB} MB/s each: {cost.wall:.2f} s, {cost.cpu:.2f} CPU-s")
    for sentence, figure, limit in _verdicts(costs, slow, size):
        met = "met   " if figure <= limit else "MISSED"
        print(f"  {met} {sentence}: {figure:.2f} of {limit:.2f}")


def _print(devices: int, costs: Sequence[Cost], limits: Sequence[float]) -> None:
    wall, cpu = spread([c.wall for c in costs]), spread([c.cpu for c in costs])
    peak, read = (max(c.memory for c in costs) / MB, max(c.read for c in costs) / MB)
    print(
        f"  {devices:8} {wall:20} {spread(limits):20} {cpu:20} {peak:7.1f} {read:8.1f}", flush=True
    )


def _verdicts(
    costs: dict[int, list[Cost]], slow: dict[int, list[Cost]], size: int
) -> Iterator[tuple[str, float, float]]:
    """Each goal: its sentence, our figure, and the most it may be."""
    most = CROWDS[-1]
    yield f"MB of the hub with {most} devices", max(c.memory for c in costs[most]) / MB, 150
    for devices, seen in costs.items():
        yield (
            f"times the image was read from disk for {devices}",
            statistics.median(c.read for c in seen) / size,
            1.05,  # what else a process reads
        )
    one, few = slow[1][0], slow[FEW][0]
    yield f"times as long for {FEW} at {LINK // MB} MB/s as for one", few.wall / one.wall, 1.10


@asynccontextmanager
async def _bench(
    folder: Path, image: Path, size: int, devices: int, *more: str
) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        ports = await _devices(stack, folder, devices, more)
        places = [f"--fastboot-tcp={_name(n)}=127.0.0.1:{port}" for n, port in enumerate(ports)]
        system = await stack.enter_async_context(
            serving(
                *("up", "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data-dir", folder),
                *("--max-parallel", str(devices), "--no-usb", *places),
            )
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=system.ready[0], timeout=120)
        )
        stored = await _upload(http, image, size)
        hub = system.children()["hub"]
        file = folder / "hub" / "images" / stored["sha256"]
        bench = Bench(http, hub, ports, stored, file)
        await bench.fetched()
        yield bench


async def _upload(http: httpx.AsyncClient, image: Path, size: int) -> dict[str, Any]:
    async def content() -> AsyncIterator[bytes]:
        with image.open("rb") as file:
            while piece := file.read(MIB):
                yield piece

    headers = {
        "content-type": "application/octet-stream",
        "content-length": str(size),
    }
    answer = await http.post("/api/images", content=content(), headers=headers)
    assert answer.is_success, answer.text
    stored: dict[str, Any] = answer.json()["image"]
    return stored


async def _devices(
    stack: AsyncExitStack, folder: Path, devices: int, more: Sequence[str]
) -> list[int]:
    """Start them; return their ports."""
    emulators: list[Running] = []
    for first in range(min(PROCESSES, devices)):
        names = [_name(n) for n in range(first, devices, PROCESSES)]
        flags = [word for name in names for word in ("--device", f"{name},tcp=127.0.0.1:0")]
        emulators.append(
            await stack.enter_async_context(
                serving("emulate", "--discard", "--data-dir", folder, *more, *flags)
            )
        )
    urls = {url.rpartition("/")[2]: httpx.URL(url) for one in emulators for url in one.ready}
    return [urls[_name(n)].port or 0 for n in range(devices)]


def _name(number: int) -> str:
    return f"BENCH_{number:02}"


def _image(folder: Path, size: int) -> Path:
    image = folder / "image"
    with image.open("wb") as file, open("/dev/urandom", "rb") as noise:  # noqa: PTH123
        for _ in range(size // MIB):
            file.write(noise.read(MIB))
    return image


def _build(feeder: Path) -> None:
    subprocess.run(["gcc", "-O2", "-o", feeder, SOURCE], check=True)


def _feed(feeder: Path, image: Path, bench: Bench, devices: int) -> float:
    ports = map(str, bench.ports[:devices])
    begun = time.perf_counter()
    subprocess.run([feeder, image, str(PART), *ports], check=True)
    return time.perf_counter() - begun


def _forget_peak(pid: int) -> None:
    """Have a process's peak be what it holds now (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _cpu(pid: int) -> float:
    # The clock's id is made of the process's as in Linux's ABI, see clock_getcpuclockid(3).
    return time.clock_gettime(~pid << 3 | 2)


def main(rounds: int = 3, mib: int = 1024) -> None:
    """Run it."""
    asyncio.run(compare(rounds, mib * MIB))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
