"""A long-running `flashyard` command in a process of its own: started, heard, measured, stopped."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, NamedTuple

import psutil

_WITHIN = 30.0  # seconds to be ready, and to stop


class RoleProcess(NamedTuple):
    """``said``: what its `ready` line said after that word."""

    process: psutil.Process
    said: tuple[str, ...]

    @property
    def port(self) -> int:
        """The port of its first address."""
        return int(self.said[0].rsplit(":", 1)[1])

    @property
    def rss(self) -> int:
        """Bytes of memory it holds now."""
        resident: int = self.process.memory_info().rss
        return resident

    @property
    def cpu(self) -> float:
        """CPU-seconds it used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def children(self) -> dict[str, psutil.Process]:
        """The commands that it runs in turn, by name; of `up`."""
        return {child.cmdline()[3]: child for child in self.process.children()}


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[RoleProcess]:
    """Run `flashyard` with these arguments until the block is over; it must stop in order.

    What it says on stderr is shown where it does not do as it should.
    """
    with tempfile.TemporaryFile() as talk:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "flashyard", *arguments),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=talk,
        )
        try:
            yield RoleProcess(psutil.Process(process.pid), await _ready(process, talk))
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                async with asyncio.timeout(_WITHIN):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise
        assert process.returncode == 0, _all_of(talk)


async def _ready(process: Process, talk: IO[bytes]) -> tuple[str, ...]:
    assert process.stdout is not None
    async with asyncio.timeout(_WITHIN):
        line = (await process.stdout.readline()).decode()
    word, *said = line.split() or [""]
    assert word == "ready", f"{line}{_all_of(talk)}"
    return tuple(said)


def _all_of(talk: IO[bytes]) -> str:
    talk.seek(0)
    return talk.read().decode(errors="replace")
