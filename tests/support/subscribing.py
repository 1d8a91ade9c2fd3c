"""A client that subscribes to one thing after another, as fast as it is granted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.raw_mqtt import SUBACK, RawMqtt, subscribe


@asynccontextmanager
async def subscribing(client: RawMqtt, pattern: str) -> AsyncIterator[None]:
    """Let it subscribe while inside; ``pattern`` has a place for a number."""
    enough = asyncio.Event()

    async def keep_on() -> None:
        number = 0
        while not enough.is_set():
            number += 1
            await client.send(subscribe(pattern.format(number)))
            await client.expect(SUBACK)

    task = asyncio.create_task(keep_on(), name="subscribing")
    try:
        yield
    finally:
        enough.set()
        await task
