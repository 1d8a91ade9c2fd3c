"""amqtt's plugins at our engine: they hear its events and speak in its name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import pytest
from amqtt.broker import BrokerContext
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BasePlugin, BaseTopicPlugin

from flashyard_broker.limits import Limits
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.engine import Engine
from support.conversation import session, subscribed, take, tell
from support.raw_mqtt import SUBACK, client, subscribe
from support.waiting import until

ANYONE = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


class Listening(BasePlugin[BrokerContext]):
    """Writes down every event that amqtt has a name for."""

    heard: ClassVar[list[str]] = []

    async def on_broker_client_connected(self, **_: Any) -> None:
        self.heard.append("connected")

    async def on_broker_client_disconnected(self, **_: Any) -> None:
        self.heard.append("disconnected")

    async def on_broker_client_subscribed(self, **_: Any) -> None:
        self.heard.append("subscribed")

    async def on_broker_message_received(self, *, message: Any, **_: Any) -> None:
        self.heard.append(f"message {message.topic} {bytes(message.data).decode()}")

    async def on_broker_retained_message(self, **_: Any) -> None:
        self.heard.append("retained")

    async def on_mqtt_packet_received(self, *, packet: Any, **_: Any) -> None:
        self.heard.append(f"in {type(packet).__name__}")

    async def on_mqtt_packet_sent(self, *, packet: Any, **_: Any) -> None:
        self.heard.append(f"out {type(packet).__name__}")


class Failing(BaseTopicPlugin):
    """Breaks where it is asked about one topic."""

    async def topic_filtering(self, *, topic: str | None = None, **_: Any) -> bool:
        if topic == "break":
            raise RuntimeError("the plugin's own affair")
        return True


@asynccontextmanager
async def serving(*plugins: type) -> AsyncIterator[tuple[Engine, int]]:
    named: dict[str, Any] = {f"{each.__module__}.{each.__qualname__}": {} for each in plugins}
    listeners = {"default": ListenerConfig(type=ListenerType.EXTERNAL)}
    engine = Engine(BrokerConfig(listeners=listeners, plugins={**ANYONE, **named}), Limits())
    await engine.start()
    server = await asyncio.get_running_loop().create_server(
        partial(Connection, engine, anonymous=True), "127.0.0.1", 0
    )
    try:
        yield engine, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await engine.shutdown()


async def test_a_plugin_hears_who_comes_what_is_said_and_every_packet() -> None:
    Listening.heard.clear()
    async with serving(Listening) as (_, port):
        async with client(port, "hub") as hub:
            await subscribed(hub, "other")
            await tell(hub, "yard/a", b"1", qos=1, retain=True)
        await until(lambda: "disconnected" in Listening.heard)
    for event in (
        "connected",
        "subscribed",
        "message yard/a 1",
        "retained",
        "in SubscribePacket",
        "out SubackPacket",
        "in PublishPacket",
        "out PubackPacket",
    ):
        assert event in Listening.heard, Listening.heard


async def test_a_plugin_speaks_in_the_brokers_name() -> None:
    async with serving(Listening) as (engine, port), client(port, "hub") as hub:
        await subscribed(hub, "news", qos=1)
        context = engine.plugins_manager.context
        assert isinstance(context, BrokerContext)
        await context.broadcast_message("news", b"told", 1)
        assert (await hub.message()).payload == b"told"
        assert list(engine.subscriptions) == ["news"]


async def test_a_plugin_restores_a_session_whose_client_finds_what_came_meanwhile() -> None:
    async with serving(Listening) as (engine, port):
        context = engine.plugins_manager.context
        assert isinstance(context, BrokerContext)
        await context.add_subscription("away", "yard/#", 1)
        async with client(port, "hub") as hub:
            await tell(hub, "yard/a", b"waited", qos=1)
        async with session(port, "away", present=True) as away:
            assert [each.payload for each in await take(away, 1)] == [b"waited"]


async def test_a_plugin_that_fails_costs_its_client_the_connection_and_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Failing) as (_, port), client(port, "good") as good:
        async with client(port, "bad") as bad:
            await bad.send(subscribe("break"))
            assert await bad.closed() == []
        await good.send(subscribe("yard"))
        await good.expect(SUBACK)
    told = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert told
    assert any("plugin" in each.getMessage() for each in told)
