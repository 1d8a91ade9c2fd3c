"""One process of ours, started, heard to be ready, and stopped: its whole life and no other."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Self

READY_WITHIN = 30.0  # seconds; a slow small board starts Python more than once at a time
STOP_WITHIN = 12.0  # seconds between SIGTERM and SIGKILL


class Command(NamedTuple):
    """What to run: a program with its arguments, and variables that no `ps` should show."""

    argv: Sequence[str]
    secrets: Mapping[str, str] = MappingProxyType({})


class Child:
    """A process on a leash. Use it as an async context manager: it ends inside.

    It is in a process group of its own, so that Ctrl-C reaches it only through its parent, and it
    shares the parent's stderr, so that its last words are heard even when the parent is gone.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command.argv,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **self._command.secrets},
            start_new_session=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._started
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    async def ready(self, within: float = READY_WITHIN) -> tuple[str, ...] | None:
        """Wait for the `ready` line; return its addresses, or None: it ended or took too long."""
        stdout = self._started.stdout
        assert stdout is not None  # noqa: S101 - it was asked for
        try:
            async with asyncio.timeout(within):
                async for line in stdout:
                    word, *addresses = line.decode().split()
                    if word == "ready":
                        return tuple(addresses)
        except TimeoutError:
            pass
        return None

    async def ended(self) -> None:
        """Wait for its end."""
        await self._started.wait()

    @property
    def status(self) -> int:
        """The exit status of one that has ended, negative for a signal."""
        status = self._started.returncode
        assert status is not None  # noqa: S101 - it has left `async with`
        return status

    def _signal(self, number: signal.Signals) -> None:
        # Not Process.terminate: it polls first, and takes the exit status of one that has just
        # ended away from asyncio's watcher, which then reports 255.
        if self._started.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._started.pid, number)

    @property
    def _started(self) -> Process:
        assert self._process is not None  # noqa: S101 - only used inside `async with`
        return self._process
