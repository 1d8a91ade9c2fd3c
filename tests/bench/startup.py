"""From `flashyard up --demo` to its `ready` line, and what each role holds in memory then."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import defaultdict

import psutil

from bench.pairs import spread
from support.processes import serving

SETTLE = 2.0  # seconds between `ready` and the look at the memory
MIB = 1 << 20


async def measure(starts: int) -> None:
    """Start it so many times, after once to warm the disk's cache, and print the table."""
    await _start()
    seconds: list[float] = []
    memory: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(starts):
        took, held = await _start()
        seconds.append(took)
        for role, size in held.items():
            memory[role].append(size / MIB)
    print(f"flashyard up --demo, {starts} starts, median [min-max]")
    print(f"  {'to ready':16} {spread(seconds)} s   (goal: none)")
    for role, sizes in memory.items():
        goal = "under 120 MB, while flashing too" if role in {"hub", "bridge"} else "none"
        print(f"  {role:16} {spread(sizes, 1)} MiB RSS   (goal: {goal})")


async def _start() -> tuple[float, dict[str, int]]:
    """Start and stop it once: seconds, and bytes by role."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        async with serving(
            *("up", "--demo", "--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"),
            *("--data-dir", folder),
        ) as system:
            took = time.perf_counter() - begun
            await asyncio.sleep(SETTLE)
            roles = {"up": system.pid, **system.children()}
            return took, {
                role: psutil.Process(pid).memory_info().rss for role, pid in roles.items()
            }


def main(starts: int = 9) -> None:
    """Run it."""
    asyncio.run(measure(starts))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
