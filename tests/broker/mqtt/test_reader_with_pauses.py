"""A reader that stops and goes on whenever it likes, over a real socket with hardly a buffer.

`test_outgoing.py` has the same for the queue alone; here the system's buffers, the transport's
and the backlog fill and drain as they do for a browser tab that sleeps.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.counters import Dropped
from flashyard_broker.limits import Limits
from flashyard_broker.server import EmbeddedBroker
from support.raw_mqtt import (
    PUBACK,
    PUBLISH,
    SUBACK,
    Packet,
    RawMqtt,
    Received,
    acknowledgement,
    client,
    connect,
    publish,
    subscribe,
)

BUFFER = 4096  # bytes that the reader's system takes for it, about
LARGE = b"sample".ljust(16_384)
FLOOD = 300  # large samples: more than the broker's system takes for one connection
ROUNDS = 8
WITHIN = 20.0


class Reader:
    """Reads in pieces and acknowledges in pieces, some now and some much later."""

    def __init__(self, sock: socket.socket, chance: Random) -> None:
        self._sock = sock
        self._chance = chance
        self._came = bytearray()
        self._to_acknowledge: list[int] = []
        self._out = b""
        self.subscribed = 0
        self.events: list[int] = []

    async def go_on(self) -> None:
        """Read and acknowledge as chance has it; wait only where nothing is left to be said."""
        size = self._chance.choice([1, 300, 5000, 100_000])
        if self._to_acknowledge or self._out:
            try:
                self._take(self._sock.recv(size))
            except BlockingIOError:
                await asyncio.sleep(0)
        else:
            async with asyncio.timeout(WITHIN):
                self._take(await asyncio.get_running_loop().sock_recv(self._sock, size))
        self._acknowledge()

    def _acknowledge(self) -> None:
        if self._chance.random() < 0.2:
            self._chance.shuffle(self._to_acknowledge)
            some = self._chance.randint(0, len(self._to_acknowledge))
            now, self._to_acknowledge = self._to_acknowledge[:some], self._to_acknowledge[some:]
            self._out += b"".join(acknowledgement(PUBACK, each) for each in now)
        if self._out:
            gone = self._sock.send(self._out[: self._chance.choice([1, 3, 50, 1000])])
            self._out = self._out[gone:]

    def _take(self, data: bytes) -> None:
        assert data, "the broker hung up"
        self._came += data
        while (packet := self._whole()) is not None:
            if packet.kind == PUBLISH:
                message = Received.read(packet)
                if message.packet_id is not None:
                    self.events.append(int(message.payload.split()[0]))
                    self._to_acknowledge.append(message.packet_id)
            self.subscribed += packet.kind == SUBACK

    def _whole(self) -> Packet | None:
        length = 0
        for at in range(1, len(self._came)):
            length |= (self._came[at] & 127) << 7 * (at - 1)
            if self._came[at] < 128:
                end = at + 1 + length
                if len(self._came) < end:
                    return None
                packet = Packet(
                    self._came[0] >> 4, self._came[0] & 15, bytes(self._came[at + 1 : end])
                )
                del self._came[:end]
                return packet
        return None


@asynccontextmanager
async def reading(port: int, chance: Random) -> AsyncIterator[Reader]:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # pieces go at once
        sock.settimeout(0)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        sock.send(connect("reader") + subscribe("yard/sample") + subscribe("yard/event", qos=1))
        reader = Reader(sock, chance)
        while reader.subscribed < 2:
            await reader.go_on()
        yield reader


async def publish_some(hub: RawMqtt, chance: Random, first: int) -> int:
    """Publish some events and, of samples, none, few or a flood; return the next event's number."""
    events = range(first, first + chance.choice([1, 20, 100]))
    samples = chance.choice([0, 5, 5, FLOOD])
    for number in events:
        share = [publish("yard/sample", LARGE)] * -(-samples // len(events))
        event = publish("yard/event", (b"%d" % number).ljust(chance.choice([10, 900])), qos=1)
        await hub.send(*share, event)
    for _ in events:
        await hub.expect(PUBACK)
    return events.stop


@pytest.mark.parametrize("seed", range(5))
async def test_a_reader_that_pauses_at_any_moment_hears_each_event_once_in_order(seed: int) -> None:
    chance = Random(seed)
    limits = Limits(inflight=chance.choice([1, 20, 256]), backlog=10 * len(LARGE))
    published = 0
    async with (
        EmbeddedBroker([Endpoint("127.0.0.1", 0)], limits=limits) as broker,
        client(broker.addresses[0].port, "hub") as hub,
        reading(broker.addresses[0].port, chance) as reader,
    ):
        for _ in range(ROUNDS):
            published = await publish_some(hub, chance, published)
            for _ in range(chance.choice([0, 10, 1000])):
                if len(reader.events) < published:
                    await reader.go_on()
        while len(reader.events) < published:
            await reader.go_on()
        assert reader.events == list(range(published))
        assert broker.counters.dropped[Dropped.STALLED], "it never stalled"
