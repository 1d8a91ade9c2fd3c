"""A client that subscribes to ever more, as fast as it is granted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.raw_mqtt import SUBACK, RawMqtt, subscribe

_AT_ONCE = 20  # filters in one packet


@asynccontextmanager
async def subscribing(client: RawMqtt, pattern: str) -> AsyncIterator[None]:
    """Let it subscribe while inside; ``pattern`` has a place for a number."""
    enough = asyncio.Event()

    async def keep_on() -> None:
        first = 0
        while not enough.is_set():
            filters = map(pattern.format, range(first, first + _AT_ONCE))
            await client.send(subscribe(*filters))
            await client.expect(SUBACK)
            first += _AT_ONCE

    task = asyncio.create_task(keep_on(), name="subscribing")
    try:
        yield
    finally:
        enough.set()
        await task
