"""Whole exchanges that an MQTT 3.1.1 client has with a broker, for tests of its clauses.

An exchange ends when the broker has handled it: a broker answers a client in the order asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from support.raw_mqtt import (
    CONNACK,
    DISCONNECT,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    Packet,
    RawMqtt,
    Received,
    acknowledgement,
    connect,
    dialled,
    packet,
    publish,
    subscribe,
)

# For what Mosquitto does otherwise; the test says what.
embedded_only = pytest.mark.parametrize("broker", ["embedded"], indirect=True)


async def refused(port: int, *packets: bytes) -> list[Packet]:
    """Send this on a connection of its own; return what came until the broker hung up."""
    async with dialled(port) as raw:
        await raw.send(*packets)
        return await raw.closed()


async def cut_off(port: int, *packets: bytes) -> list[Packet]:
    """Send this as an accepted client; return what came until the broker hung up."""
    async with dialled(port) as raw:
        await raw.send(connect("cut-off"))
        await raw.expect(CONNACK, b"\0\0")
        await raw.send(*packets)
        return await raw.closed()


@asynccontextmanager
async def session(
    port: int, client_id: str, *, present: bool, clean: bool = False
) -> AsyncIterator[RawMqtt]:
    """Come with a client id, and be told whether the broker knows a session of it."""
    async with dialled(port) as raw:
        await raw.send(connect(client_id, clean=clean))
        await raw.expect(CONNACK, bytes([present, 0]))
        yield raw


async def leave(raw: RawMqtt) -> None:
    """Disconnect in order, and see the broker hang up."""
    await raw.send(packet(DISCONNECT))
    assert await raw.closed() == []


async def subscribed(raw: RawMqtt, *filters: str, qos: int = 0) -> list[Received]:
    """Subscribe, and return what is sent because of it: before or after the SUBACK (3.8.4)."""
    await raw.send(subscribe(*filters, qos=qos, packet_id=1))
    came = await raw.silent()
    answers = [each.body for each in came if each.kind == SUBACK]
    assert answers == [b"\0\1" + bytes([qos]) * len(filters)], came
    return [Received.read(each) for each in came if each.kind == PUBLISH]


async def tell(
    raw: RawMqtt, topic: str, payload: bytes = b"", *, qos: int = 0, retain: bool = False
) -> None:
    """Publish one message from its first packet to its last."""
    await raw.send(publish(topic, payload, qos=qos, retain=retain, packet_id=9))
    if qos == 1:
        await raw.expect(PUBACK, b"\0\x09")
    if qos == 2:
        await raw.expect(PUBREC, b"\0\x09")
        await raw.send(acknowledgement(PUBREL, 9))
        await raw.expect(PUBCOMP, b"\0\x09")
    assert await raw.silent() == []


async def take(raw: RawMqtt, count: int) -> list[Received]:
    """Receive so many messages, and acknowledge each to the end."""
    came: list[Received] = []
    unreleased = 0
    while len(came) < count or unreleased:
        got = await raw.receive()
        if got.kind == PUBREL:
            unreleased -= 1
            await raw.send(acknowledgement(PUBCOMP, int.from_bytes(got.body)))
            continue
        message = Received.read(got)
        came.append(message)
        if message.packet_id is not None:
            unreleased += message.qos == 2
            kind = PUBACK if message.qos == 1 else PUBREC
            await raw.send(acknowledgement(kind, message.packet_id))
    return came


async def payloads(raw: RawMqtt) -> list[bytes]:
    """Return the payloads of the messages that have come, and of nothing else."""
    return [Received.read(each).payload for each in await raw.silent()]
