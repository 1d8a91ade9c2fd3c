"""An MQTT server that says exactly what a test wants it to, for what no real broker would say.

Source: MQTT 3.1.1, 2.2 and 3. It is a single client's server and keeps no state but its record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14


@dataclass
class MqttPeer:
    """What it answers, and what it was told: packets as (type, flags, body)."""

    connack: int | None = 0
    """The CONNACK's return code; None: no answer to a CONNECT."""
    suback: int | None = 1
    """The SUBACK's code for every filter; None: no answer to a SUBSCRIBE."""
    pubacks: bool = True
    packets: list[tuple[int, int, bytes]] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def of_type(self, kind: int) -> list[bytes]:
        return [body for packet_type, _, body in self.packets if packet_type == kind]

    def say(self, packet: bytes) -> None:
        """Send raw bytes on the newest connection."""
        self._writers[-1].write(packet)

    def stop_reading(self) -> None:
        """Take nothing more from the newest connection."""
        self._writers[-1].transport.pause_reading()  # type: ignore[attr-defined] # a read transport, too

    def go_on_reading(self) -> None:
        """Take what has come meanwhile, and what comes."""
        self._writers[-1].transport.resume_reading()  # type: ignore[attr-defined] # as above

    def hang_up(self) -> None:
        """Drop all connections, without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                first, body = await _packet(reader)
                self.packets.append((first >> 4, first & 15, body))
                writer.write(self._answer(first, body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, first: int, body: bytes) -> bytes:
        match first >> 4:
            case 1 if self.connack is not None:
                return bytes([0x20, 2, 0, self.connack])
            case 3 if self.pubacks and first & 6:
                start = 2 + int.from_bytes(body[:2])
                return b"\x40\x02" + body[start : start + 2]
            case 8 if self.suback is not None:
                filters = _count_filters(body[2:])
                return bytes([0x90, 2 + filters]) + body[:2] + bytes([self.suback]) * filters
            case 12:
                return b"\xd0\x00"
        return b""


@asynccontextmanager
async def mqtt_peer(peer: MqttPeer, ssl: SSLContext | None = None) -> AsyncIterator[MqttPeer]:
    """Serve on a free loopback port, over TLS where a server's context is given."""
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=ssl)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        peer.hang_up()
        await server.wait_closed()


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return first, await reader.readexactly(length)


def _count_filters(payload: bytes) -> int:
    count = 0
    while payload:
        payload = payload[3 + int.from_bytes(payload[:2]) :]
        count += 1
    return count
