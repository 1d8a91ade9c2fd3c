"""From a hub's publish to a browser: delay and CPU of the bridge, 100 messages/s to many clients.

A real Mosquitto, a real bridge process, a hub that talks, and a herd of WebSocket clients in C,
so that the clients are not what is measured. Every client must get every message.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.pairs import spread
from support.brokers import mosquitto
from support.busy_hub import BusyHub
from support.processes import serving

RATE = 100  # messages/s of the hub
JOBS = 50  # they are about; of few jobs a bridge may leave out what is overtaken
CLIENTS = (100, 500)
WINDOW = 5.0  # seconds that are measured, after one that is not
SOURCE = Path(__file__).with_name("herd.c")
_WITHIN = 20.0  # seconds for all clients to join, and for the last message to arrive


class Window(NamedTuple):
    """What one window showed: delays in ms, CPU-s of the bridge per million, shares of one CPU."""

    p50: float
    p99: float
    longest: float
    work: float
    bridge: float
    herd: float


class Herd(NamedTuple):
    """Clients in a process of their own."""

    process: Process

    async def ask(self, word: str) -> list[str]:
        """Say a word, and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        async with asyncio.timeout(_WITHIN):
            return (await self.process.stdout.readline()).decode().split()

    async def all_have(self, count: int) -> list[int]:
        """Wait until every client counted so many; return what the herd reports then."""
        async with asyncio.timeout(_WITHIN):
            while True:
                said = [int(number) for number in await self.ask("report")]
                if said[0] >= count:
                    return said
                await asyncio.sleep(0.1)


async def compare(rounds: int) -> None:
    """Measure both sizes in turn, and print the table."""
    windows: dict[int, list[Window]] = {clients: [] for clients in CLIENTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "herd"
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)  # noqa: ASYNC221
        broker = mosquitto(folder)
        await broker.start()
        try:
            async with (
                BusyHub(broker.url, JOBS) as hub,
                serving(
                    *("bridge", "--broker", broker.url, "--listen", "127.0.0.1:0"),
                    *("--data-dir", folder),
                ) as bridge,
            ):
                process, port = psutil.Process(bridge.pid), bridge.ready[0].rpartition(":")[2]
                await hub.start()
                for number in range(rounds):
                    for clients in CLIENTS if number % 2 else reversed(CLIENTS):
                        async with _herd(program, port, clients) as herd:
                            windows[clients].append(await _window(hub, process, herd, clients))
        finally:
            await broker.stop()
    _print(windows, rounds)


async def _window(hub: BusyHub, bridge: psutil.Process, herd: Herd, clients: int) -> Window:
    await herd.ask("reset")
    await hub.sample(RATE, RATE)
    await herd.all_have(1)  # they have joined, and are done with what they were told first
    await asyncio.sleep(0.2)
    browsers = psutil.Process(herd.process.pid)
    count = round(RATE * WINDOW)
    await herd.ask("reset")
    bridge_before, herd_before = _cpu(bridge), _cpu(browsers)
    await hub.sample(RATE, count)
    fewest, most, p50, p99, longest = await herd.all_have(count)
    bridge_used, herd_used = _cpu(bridge) - bridge_before, _cpu(browsers) - herd_before
    assert fewest == most == count, f"{fewest} to {most} of {count} messages arrived"
    return Window(
        p50 / 1000,
        p99 / 1000,
        longest / 1000,
        bridge_used / (count * clients) * 1e6,
        bridge_used / WINDOW * 100,
        herd_used / WINDOW * 100,
    )


@asynccontextmanager
async def _herd(program: Path, port: str, clients: int) -> AsyncIterator[Herd]:
    process = await asyncio.create_subprocess_exec(
        program, port, str(clients), stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_WITHIN):
            assert await process.stdout.readline() == b"ready\n"
        yield Herd(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _print(windows: dict[int, list[Window]], rounds: int) -> None:
    print(
        f"{RATE} messages/s about {JOBS} jobs, Mosquitto to WebSocket, {rounds} windows of "
        f"{WINDOW:g} s each, median [min-max]; every client got every message"
    )
    rows = (
        ("p50, ms", "p50", 2),
        ("p99, ms", "p99", 2),
        ("longest, ms", "longest", 1),
        ("bridge, CPU-s per million deliveries", "work", 2),
        ("bridge, % of a CPU", "bridge", 1),
        ("the clients together, % of a CPU", "herd", 1),
    )
    print(f"  {'':38}" + "".join(f"{f'{clients} clients':28}" for clients in windows).rstrip())
    for label, field, digits in rows:
        cells = [spread([getattr(w, field) for w in each], digits) for each in windows.values()]
        print(f"  {label:38}" + "".join(f"{cell:28}" for cell in cells).rstrip())
    print("  (goal: none yet; peers come with the fan-out engine)")


def main(rounds: int = 9) -> None:
    """Run it."""
    asyncio.run(compare(rounds))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
