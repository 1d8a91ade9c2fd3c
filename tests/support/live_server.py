"""The WebSocket side alone, served for real: a fleet that a scripted hub feeds, without MQTT."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from flashyard.endpoint import Endpoint
from flashyard.token_file import NamedToken
from flashyard_bridge.gate import Doors
from flashyard_bridge.listeners import listen
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.server import Server
from support.hub_script import HubScript, Published
from support.raw_websocket import RawWebSocket
from support.waiting import until

PATH = "/ws/flash-progress"


@dataclass
class LiveServer:
    """``live`` sends to real sockets on ``port`` what ``hub`` is made to say."""

    hub: HubScript
    fleet: Fleet
    live: Live
    server: Server
    port: int = 0
    clients: list[ClientConnection] = field(default_factory=list)

    def begin(self) -> None:
        """Complete the first picture: one hub, one device."""
        self.fleet.link_up(self.hub.now)
        self.say(self.hub.presence(announced=self.hub.now), self.hub.record())
        self.live.begin()

    def say(self, *said: Published | Iterable[Published]) -> None:
        for each in said:
            for one in [each] if isinstance(each, Published) else each:
                self.live.publish(self.fleet.report(one.topic, one.report, one.payload))

    def url(self, path: str = PATH) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    async def stall(self) -> RawWebSocket:
        """Connect a browser that reads nothing, and has little room for what comes."""
        before = self.live.connected
        raw = RawWebSocket(self.port, window=4096)
        await raw.ask(PATH)
        await until(lambda: self.live.connected == before + 1)
        return raw

    async def watch(self, path: str = PATH, **options: Any) -> ClientConnection:
        """Connect a client that is closed at the end."""
        client = await connect(self.url(path), **options)
        self.clients.append(client)
        return client


@asynccontextmanager
async def live_server(
    *,
    token: str | None = None,
    origins: frozenset[str] = frozenset(),
    begun: bool = True,
    ping_after: float = 20.0,
    pong_within: float = 20.0,
) -> AsyncIterator[LiveServer]:
    """Serve on a free loopback port; ``begun``: with the first picture complete."""
    hub = HubScript()
    # The first picture is there when the hub has answered and the link is up for a while.
    fleet = Fleet(lambda: hub.now, asyncio.get_running_loop().time)
    live = Live(fleet.snapshot, lambda: hub.now)
    [listener] = await listen([Endpoint("127.0.0.1", 0)])
    [bound] = listener.bound
    tokens = [NamedToken("token", token)] if token else ()
    doors = Doors(tokens, origins, frozenset({(bound.host, bound.port)}))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"live": live, "doors": doors}

    serving = asyncio.Event()
    server = Server(Starlette(lifespan=lifespan), serving.set)
    server.config.ws_ping_interval, server.config.ws_ping_timeout = ping_after, pong_within
    running = asyncio.create_task(server.run_until_stopped(listener.sockets))
    await serving.wait()
    served = LiveServer(hub, fleet, live, server, bound.port)
    try:
        if begun:
            served.begin()
        yield served
        for client in served.clients:
            await client.close()
    finally:
        server.should_exit = True
        await running


async def heard(client: ClientConnection, count: int) -> list[dict[str, Any]]:
    """Receive so many messages."""
    async with asyncio.timeout(10):
        return [json.loads(await client.recv()) for _ in range(count)]


async def heard_until(client: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Receive up to and with the first message of this type."""
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not messages or messages[-1]["type"] != kind:
            messages.append(json.loads(await client.recv()))
    return messages


async def everything(client: ClientConnection) -> list[dict[str, Any]]:
    """Receive all that was sent before now: up to the answer to a ping of ours."""
    await client.send('{"type":"ping"}')
    return (await heard_until(client, "pong"))[:-1]
