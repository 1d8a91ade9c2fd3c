from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from flashyard.client.live import Closed, Heard, Live, Opened
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import FaultError
from flashyard.contract.messages import FlashProgress, FlashStarted
from flashyard.contract.phases import Phase
from support.brokers import free_port
from support.hub_script import HubScript
from support.live_server import LiveServer, live_server

JOB = "job_1703001234_abc123"
OTHER = "job_1703001234_zzz999"
WITHIN = 20.0


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


async def message(live: Live) -> Heard:
    while True:
        heard = await live.hear(WITHIN)
        assert heard is not None, "nothing was heard"
        if isinstance(heard, Heard):
            return heard


async def test_it_hears_the_snapshot_and_then_what_happens() -> None:
    async with live_server() as server, Live(url(server.port)) as live:
        server.say(server.hub.start(JOB))
        assert isinstance(await live.hear(WITHIN), Opened)
        first = await message(live)
        assert isinstance(first.message, FlashStarted)
        assert json.loads(first.text)["jobId"] == JOB
        server.say(server.hub.phase(Phase.WRITING, "Flashing", 10))
        assert isinstance((await message(live)).message, FlashProgress)


async def test_it_hears_only_what_was_wished_for() -> None:
    async with live_server() as server, Live(url(server.port), job_ids=[OTHER]) as live:
        assert isinstance(await live.hear(WITHIN), Opened)
        await _subscribed(server)
        server.say(server.hub.start(JOB))
        server.say(server.hub.complete())
        server.say(server.hub.start(OTHER))
        heard = await message(live)
        assert isinstance(heard.message, FlashStarted)
        assert heard.message.job_id == OTHER


async def test_nothing_in_time_is_told_as_nothing() -> None:
    async with live_server() as server, Live(url(server.port)) as live:
        assert isinstance(await live.hear(WITHIN), Opened)
        assert await live.hear(0.05) is None


async def test_a_connection_that_breaks_comes_back() -> None:
    connections = 0

    async def once(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if connections < 3:
            await socket.close()
        else:
            await socket.wait_closed()

    async with _serving(once) as port, Live(url(port)) as live:
        story = [await live.hear(WITHIN) for _ in range(5)]
    assert [type(each) for each in story] == [Opened, Closed, Opened, Closed, Opened]


async def test_a_bridge_that_is_not_there_is_looked_for() -> None:
    port = free_port()
    async with Live(url(port)) as live:
        missing = await live.hear(WITHIN)
        assert isinstance(missing, Closed)
        assert missing.retry_in >= 0
        async with serve(lambda socket: socket.wait_closed(), "127.0.0.1", port):
            while not isinstance(await live.hear(WITHIN), Opened):
                pass


async def test_additions_of_a_newer_bridge_are_passed_over() -> None:
    async def newer(socket: ServerConnection) -> None:
        await socket.send('{"type":"flash_teleported","jobId":"x"}')
        await socket.send("no JSON")
        await socket.send(HubScript().presence().payload.decode())
        await socket.wait_closed()

    async with _serving(newer) as port, Live(url(port)) as live:
        assert (await message(live)).message.type == "hub_changed"


async def test_a_wrong_token_is_not_tried_again() -> None:
    async with live_server(token="sesame") as server:
        async with Live(url(server.port), "sesame") as live:
            assert isinstance(await live.hear(WITHIN), Opened)
        async with Live(url(server.port), "wrong") as live:
            with pytest.raises(FaultError) as caught:
                await message(live)
        assert caught.value.fault.rule.exit == 4


async def test_what_has_no_such_path_is_no_bridge() -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(elsewhere, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Live(url(port)) as live:
            with pytest.raises(UnreachableError, match="404"):
                await live.hear(WITHIN)


@asynccontextmanager
async def _serving(serve_one: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[int]:
    async with serve(serve_one, "127.0.0.1", 0) as server:
        (socket,) = server.sockets
        yield socket.getsockname()[1]


async def _subscribed(server: LiveServer) -> None:
    """The server has read what was sent before a ping that it answered."""
    socket = await server.watch()
    await socket.send('{"type":"ping"}')
    async for text in socket:
        if json.loads(text)["type"] == "pong":
            return
