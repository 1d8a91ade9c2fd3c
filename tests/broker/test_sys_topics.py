"""The broker's numbers: told only where they were asked for, and true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import flashyard
from flashyard.endpoint import Endpoint
from flashyard_broker.counters import Counters, Cut, Dropped, Holdings, Refused
from flashyard_broker.server import EmbeddedBroker
from flashyard_broker.sys_topics import ROOT, SysTopics, numbers
from support.raw_mqtt import PUBLISH, SUBACK, Received, client, connect, dialled, publish, subscribe

HERE = [Endpoint("127.0.0.1", 0)]
OFTEN = 0.05  # seconds
WITHIN = 10.0


@asynccontextmanager
async def told(interval: float) -> AsyncIterator[int]:
    """Serve, and tell the numbers; yield the port."""
    async with EmbeddedBroker(HERE) as broker, SysTopics(broker, interval):
        yield broker.addresses[0].port


async def listen(port: int, wanted: dict[str, int | str]) -> None:
    """Listen until these are the numbers, all at once."""
    heard: dict[str, str] = {}
    async with asyncio.timeout(WITHIN), client(port, "listener") as raw:
        await raw.send(subscribe("$SYS/broker/#"))
        await raw.expect(SUBACK)
        while any(heard.get(topic) != str(number) for topic, number in wanted.items()):
            message = await raw.message()
            heard[message.topic.removeprefix(f"{ROOT}/")] = message.payload.decode()


async def test_nothing_is_said_on_sys_unless_it_was_asked_for() -> None:
    async with told(0) as port, client(port, "curious") as raw:
        await raw.send(subscribe("$SYS/#", "yard/#"))
        await raw.expect(SUBACK)
        await raw.send(publish("yard/a", b"the end"))
        assert (await raw.message()).topic == "yard/a"


async def test_who_comes_is_told_at_once_and_what_is_retained() -> None:
    async with told(3600) as port, client(port, "curious") as raw:
        await raw.send(subscribe(f"{ROOT}/uptime"))
        await raw.expect(SUBACK)
        message = await raw.message()
        assert (message.topic, message.qos, message.retain) == (f"{ROOT}/uptime", 0, True)
        assert message.payload.endswith(b" seconds")


async def test_who_came_soon_after_the_start_is_counted_long_before_the_interval_is_over() -> None:
    async with told(3600) as port, client(port, "early"):
        await listen(port, {"clients/connected": 2, "flashyard/connections": 2})


async def test_the_numbers_are_true() -> None:
    async with told(OFTEN) as port, AsyncExitStack() as stack:
        yard = [await stack.enter_async_context(client(port, f"hub-{n}")) for n in range(3)]
        await yard[0].send(subscribe("yard/#", qos=1))
        await yard[0].expect(SUBACK)
        for number in range(7):
            await yard[1].send(publish("yard/a", b"x", qos=1, packet_id=number + 1))
        await yard[2].send(publish("yard/b", b"kept", retain=True))
        async with client(port, "away", clean=False) as away:
            await away.send(subscribe("yard/#", qos=1))
            await away.expect(SUBACK)
        async with dialled(port) as old:
            await old.send(connect("old").replace(b"MQTT\x04", b"MQTT\x09"))
            assert (await old.closed())[-1].body[1] == 1
        await listen(
            port,
            {
                "clients/connected": 4,  # the listener is one
                "clients/disconnected": 1,
                "clients/total": 5,
                "flashyard/received/0": 1,
                "flashyard/received/1": 7,
                "publish/messages/received": 8,
                "flashyard/sent/1": 7,
                "flashyard/inflight": 7,
                "flashyard/refused/version": 1,
                "flashyard/refused/credentials": 0,
                "subscriptions/count": 3,
                "flashyard/connections": 6,
            },
        )


async def test_a_subscriber_to_everything_is_spared_them() -> None:
    async with told(OFTEN) as port, client(port, "greedy") as greedy:
        await greedy.send(subscribe("#", "+/broker/uptime"))
        await greedy.expect(SUBACK)
        await listen(port, {"clients/connected": 2})
        async with client(port, "other") as other:
            await other.send(publish("yard/a", b"for all"))
            await other.silent()
        came = [Received.read(got).topic for got in await greedy.silent() if got.kind == PUBLISH]
        assert came == ["yard/a"]


async def test_a_client_cannot_speak_in_the_brokers_name() -> None:
    async with told(3600) as port, client(port, "liar") as liar:
        await liar.send(publish(f"{ROOT}/version", b"a lie", retain=True))
        await liar.silent()
        await listen(port, {"version": f"flashyard {flashyard.__version__}"})


def test_every_reason_there_is_has_a_number_and_only_overflow_is_mosquittos_dropped() -> None:
    counted = Counters()
    counted.dropped.update({Dropped.STALLED: 3, Dropped.OFFLINE_FULL: 2, Dropped.NOT_ALLOWED: 9})
    said = numbers(counted, Holdings(*range(9)))
    assert said["publish/messages/dropped"] == 5
    for what, reasons in (("refused", Refused), ("cut", Cut), ("dropped", Dropped)):
        for reason in reasons:
            assert f"flashyard/{what}/{reason}" in said
    assert said["flashyard/dropped/not_allowed"] == 9
    assert said["flashyard/denied/subscribe"] == 0
