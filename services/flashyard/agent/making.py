"""Files being made ready: each once, for all who wait for it, and given up when nobody does.

It knows neither what is made nor how; that is done in a thread which asks whether to go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from flashyard.contract.faults import Code, refuse


class Making:
    """One file being made ready, out of ``total`` bytes.

    Attributes:
        stage: what is being done, for people.
        stop: what else ends it, beside the next :meth:`went`.
    """

    task: asyncio.Task[Path]

    def __init__(self, stage: str, total: int) -> None:
        self.stage = stage
        self.stop: Callable[[], None] | None = None
        self.done: Callable[[], int] = lambda: self._went
        self.waiting = 0
        self.abandoned = False
        self._total = total
        self._went = 0

    def progress(self) -> str:
        """Tell it in steps of ten percent, so that a stage changes at most ten times."""
        return f"{self.stage} ({min(self.done() * 10 // self._total, 10) * 10} %)"

    def went(self, done: int) -> None:
        """Take note of bytes done; raises `cancelled` once nobody waits."""
        self._went = done
        self.go_on()

    def go_on(self) -> None:
        """Raise `cancelled` once nobody waits."""
        if self.abandoned:
            raise refuse(Code.CANCELLED)

    def abandon(self) -> None:
        """Nobody waits any more."""
        self.abandoned = True
        if self.stop is not None:
            self.stop()


class Workshop:
    """What is being made, by name."""

    def __init__(self) -> None:
        self._under_way: dict[str, Making] = {}

    def stage(self, name: str) -> str | None:
        """What is being done to get a file ready; None: nothing."""
        making = self._under_way.get(name)
        return making.progress() if making else None

    def went(self, name: str) -> int:
        """How many bytes of a file are ready, of what is being done to it; 0: nothing is done."""
        making = self._under_way.get(name)
        return making.done() if making else 0

    async def made(
        self, name: str, new: Callable[[], Making], work: Callable[[Making], Awaitable[Path]]
    ) -> Path:
        """Wait for a file, and begin to make it unless it is being made already.

        Raises:
            FaultError: what ``work`` raises, to all who wait.
        """
        while (making := self._under_way.get(name)) and making.abandoned:
            await asyncio.wait([making.task])  # two must not write one file
        if making is None:
            making = self._under_way[name] = new()
            task = self._make(name, making, work)
            making.task = asyncio.create_task(task, name=f"make {name[:12]}")
            making.task.add_done_callback(_hear)
        making.waiting += 1
        try:
            return await asyncio.shield(making.task)
        finally:
            making.waiting -= 1
            if not making.waiting and not making.task.done():
                making.abandon()

    async def close(self) -> None:
        """Give everything up."""
        tasks = [making.task for making in self._under_way.values()]
        for making in self._under_way.values():
            making.abandon()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _make(
        self, name: str, making: Making, work: Callable[[Making], Awaitable[Path]]
    ) -> Path:
        try:
            return await work(making)
        finally:
            del self._under_way[name]


def _hear(task: asyncio.Task[Path]) -> None:
    """Take note of how it ended, so that one nobody waited for is no complaint."""
    if not task.cancelled():
        task.exception()
