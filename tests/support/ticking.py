"""Does the loop still turn?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def ticking() -> AsyncIterator[list[int]]:
    """A task that shows whether the loop still turns; the list's length counts its ticks."""
    ticks: list[int] = []

    async def tick() -> None:
        while True:
            ticks.append(1)
            await asyncio.sleep(0.001)

    task = asyncio.create_task(tick())
    try:
        yield ticks
    finally:
        task.cancel()
