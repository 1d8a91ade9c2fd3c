"""MQTT 3.1.1, 3.1.2.10, 3.12 and 3.13: keep-alive and PINGREQ."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from support.brokers import Broker
from support.conversation import cut_off, embedded_only, subscribed
from support.raw_mqtt import (
    PINGREQ,
    PINGRESP,
    PUBACK,
    acknowledgement,
    client,
    packet,
    publish,
    unsubscribe,
)

SOON = 20.0  # seconds: Mosquitto looks for silent clients in its own time


async def test_a_ping_is_answered(broker: Broker) -> None:
    # [MQTT-3.12.4-1]
    async with client(broker.port) as raw:
        for _ in range(3):
            await raw.send(packet(PINGREQ))
            await raw.expect(PINGRESP, b"")


@embedded_only  # Mosquitto overlooks both
@pytest.mark.parametrize("wrong", [packet(PINGREQ, flags=1), packet(PINGREQ, b"x")])
async def test_a_ping_against_the_rules_closes(broker: Broker, wrong: bytes) -> None:
    # [MQTT-2.2.2-2]; 3.12: it has no payload
    assert await cut_off(broker.port, wrong) == []


async def test_a_client_that_sends_anything_in_time_is_kept(broker: Broker) -> None:
    # [MQTT-3.1.2-24]: any control packet counts; a keep-alive of 0 is none
    anything = [packet(PINGREQ), publish("t"), acknowledgement(PUBACK, 1), unsubscribe("t")]
    async with AsyncExitStack() as clients:
        silent = await clients.enter_async_context(client(broker.port, keep_alive=2))
        unbounded = await clients.enter_async_context(client(broker.port, keep_alive=0))
        speaking = [
            await clients.enter_async_context(client(broker.port, keep_alive=2)) for _ in anything
        ]
        gone = asyncio.create_task(silent.closed(SOON))
        while not gone.done():
            for each, said in zip(speaking, anything, strict=True):
                await each.send(said)
            await asyncio.wait({gone}, timeout=0.2)
        assert gone.result() == []
        for each in (unbounded, *speaking):
            await each.silent()


async def test_a_client_that_sends_no_whole_packet_in_time_is_let_go(broker: Broker) -> None:
    # [MQTT-3.1.2-24]: receiving is not sending, and half a packet is no packet
    async with (
        client(broker.port, keep_alive=1) as silent,
        client(broker.port, keep_alive=1) as receiving,
        client(broker.port, keep_alive=1) as half,
        client(broker.port) as publisher,
    ):
        await subscribed(receiving, "t")
        await half.send(publish("t", bytes(100))[:50])
        gone = asyncio.gather(*(each.closed(SOON) for each in (silent, receiving, half)))
        while not gone.done():
            await publisher.send(publish("t"))
            await asyncio.wait({gone}, timeout=0.2)
        heard = [len(came) for came in gone.result()]
        assert heard[0] == heard[2] == 0 < heard[1]
