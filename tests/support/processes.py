"""Our own commands as processes: awaited by their `ready` line, stopped by their id."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

READY_WITHIN = 60.0  # seconds; machines that test are busy
END_WITHIN = 30.0


class Finished(NamedTuple):
    """A command that ended by itself."""

    status: int
    out: str
    err: str


class Running:
    """A command that serves: what it said on its `ready` line, and on stderr so far."""

    def __init__(self, process: Process) -> None:
        self.ready: tuple[str, ...] = ()
        self.out = ""
        self.err = ""
        self._process = process
        self._said = asyncio.Event()
        self._readers = [
            asyncio.create_task(self._read_out(), name="read stdout"),
            asyncio.create_task(self._read_err(), name="read stderr"),
        ]

    @property
    def pid(self) -> int:
        return self._process.pid

    def children(self) -> dict[str, int]:
        """The ids of its children by the role they run."""
        found = {}
        for child in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):  # a zombie, too, is none
                words = child.cmdline()
                if "--supervised" in words:
                    found[words[words.index("--supervised") - 1]] = child.pid
        return found

    async def serving(self) -> None:
        """Wait for the `ready` line."""
        async with asyncio.timeout(READY_WITHIN):
            await self._said.wait()
        assert self.ready, f"it never served:\n{self.err}"

    def send(self, number: signal.Signals) -> None:
        # Not Process.send_signal: it may take the exit status away from asyncio's watcher.
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def ended(self, within: float = END_WITHIN) -> int:
        """Wait for its end and everything it said; return the exit status."""
        async with asyncio.timeout(within):
            await self._process.wait()
            await asyncio.gather(*self._readers)
        assert self._process.returncode is not None
        return self._process.returncode

    async def close(self) -> None:
        """Stop it if it runs: in order if it can, else at once."""
        if self._process.returncode is None:
            self.send(signal.SIGTERM)
            try:
                await self.ended()
            except TimeoutError:
                self.send(signal.SIGKILL)
        await self.ended()

    async def _read_out(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.out += line.decode()
            if line.startswith(b"ready "):
                self.ready = tuple(line.decode().split()[1:])
                self._said.set()
        self._said.set()

    async def _read_err(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.err += line.decode()


async def start(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Running:
    """Start `flashyard …` with nobody's settings but the given ones."""
    return Running(await _spawn(arguments, env))


@asynccontextmanager
async def serving(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """Run `flashyard …` while inside, from its `ready` line on."""
    running = await start(*arguments, env=env)
    try:
        await running.serving()
        yield running
    finally:
        await running.close()


async def flashyard(
    *arguments: str | Path, env: Mapping[str, str] | None = None, within: float = 60.0
) -> Finished:
    """Run `flashyard …` to its end."""
    process = await _spawn(arguments, env)
    try:
        async with asyncio.timeout(within):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


async def _spawn(arguments: tuple[str | Path, ...], env: Mapping[str, str] | None) -> Process:
    # The machine's own settings, colours and proxies are kept out.
    kept = {
        key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH") if key in os.environ
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flashyard", *map(str, arguments)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
        env={**kept, "XDG_CONFIG_HOME": "/nonexistent", **(env or {})},
    )
