"""The one line to a device: one blocking call at a time, each in a thread of its own.

A thread that is not waited for any more keeps the line until it ends: a device is never shared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from flashyard.agent.threads import in_thread

T = TypeVar("T")


class Line:
    """Held by whoever talks to the device.

    Attributes:
        is_stuck: did a call outlast its caller's patience, and does it still?
    """

    def __init__(self) -> None:
        self.is_stuck = False
        self._lock = asyncio.Lock()

    async def talk(self, call: Callable[[], T], name: str, patience: float = 0.0) -> T:
        """Make a blocking call once the line is free; return or raise what it does.

        ``patience``: how many seconds a cancelled caller waits for the thread to end.
        """
        await self._lock.acquire()
        thread = asyncio.create_task(in_thread(call, name), name=name)
        thread.add_done_callback(self._free)
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self.is_stuck = not thread.done()
            await asyncio.wait({thread}, timeout=patience)
            raise

    def _free(self, thread: asyncio.Task[Any]) -> None:
        if not thread.cancelled():
            thread.exception()  # told to the caller, or to nobody any more
        self.is_stuck = False
        self._lock.release()
