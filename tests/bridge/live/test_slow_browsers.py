"""A browser that does not keep up delays nobody, holds little, and is told the newest later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from flashyard_bridge.live.watcher import Watcher
from flashyard_bridge.live.websocket import LiveSocket
from support.live_server import LiveServer, heard, live_server
from support.raw_websocket import close_frame, masked, texts
from support.waiting import until

JOB = "job_1703001234_abc123"


@pytest.fixture
async def served() -> AsyncIterator[LiveServer]:
    async with live_server() as server:
        yield server


def _unwritten(watcher: Watcher) -> int:
    """Bytes that wait in this process for the watcher's socket."""
    assert isinstance(watcher._socket, LiveSocket)
    return watcher._socket._transport.get_write_buffer_size()


async def test_a_stalled_browser_delays_nobody_and_holds_little(served: LiveServer) -> None:
    raw = await served.stall()
    [stalled] = served.live._watchers
    client = await served.watch()
    served.say(served.hub.start(JOB))
    await heard(client, 1)
    for number in range(1, 5001):
        served.say(served.hub.sample(number * 100))
        # The healthy one has every sample before the next is even made.
        [message] = await heard(client, 1)
        assert message["bytesTransferred"] == number * 100
    assert not stalled._writable
    assert len(stalled._outbox) == 1, "the newest sample of the one job"
    assert _unwritten(stalled) <= 64 * 1024
    served.say(served.hub.complete())
    messages = texts(await raw.frames(until=b'"verification":"transport"}'))
    samples = [m["bytesTransferred"] for m in messages if m["type"] == "flash_progress"]
    assert samples == sorted(samples)
    assert len(samples) < 5000, "it was spared most of them"
    assert [m["type"] for m in messages[-2:]] == ["flash_progress", "flash_completed"]
    assert messages[-2]["progress"] == 100.0, "the newest"
    raw.close()


async def test_pings_of_a_browser_that_reads_nothing_pile_up_nowhere(served: LiveServer) -> None:
    raw = await served.stall()
    [watcher] = served.live._watchers
    pings = masked(0x81, b'{"type":"ping"}') + masked(0x89, b"p" * 125)
    for _ in range(20):
        await raw.send(pings * 1000)
    await until(lambda: not watcher._writable)
    await raw.send(pings * 1000)
    assert _unwritten(watcher) <= 64 * 1024
    assert len(watcher._outbox) <= 2
    raw.close()


async def test_a_browser_too_slow_even_for_lifecycle_messages_is_closed_with_1013(
    served: LiveServer,
) -> None:
    raw = await served.stall()
    number = 0
    while served.live.connected:
        number += 1
        served.say(served.hub.start(f"job_{1703001234 + number}_abc123"), served.hub.fail())
        await asyncio.sleep(0)
        assert number < 20_000
    await raw.frames(until=close_frame(1013, b"too slow for the messages there are"))
    raw.close()
