"""An MQTT 3.1.1 client byte by byte: it sends what a test builds, right or wrong.

Source: MQTT 3.1.1, 2.2 and 3. It answers nothing by itself: no PUBACK, no PINGREQ.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import NamedTuple, Self

from support.waiting import until

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)
_WITHIN = 5.0  # seconds for an answer


def text(string: str | bytes) -> bytes:
    """Encode a UTF-8 string with its length (1.5.3)."""
    raw = string.encode() if isinstance(string, str) else string
    return len(raw).to_bytes(2) + raw


def packet(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """Frame a body (2.2)."""
    length, header = len(body), bytearray([kind << 4 | flags])
    while True:
        length, digit = length >> 7, length & 127
        header.append(digit | (128 if length else 0))
        if not length:
            return bytes(header) + body


def acknowledgement(kind: int, packet_id: int) -> bytes:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""
    return packet(kind, packet_id.to_bytes(2), 2 if kind == PUBREL else 0)


@dataclass(frozen=True)
class Will:
    """What a CONNECT leaves behind."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


def connect(
    client_id: str = "",
    *,
    clean: bool = True,
    keep_alive: int = 0,
    user: str | None = None,
    password: str | None = None,
    will: Will | None = None,
) -> bytes:
    """Build a CONNECT (3.1)."""
    flags, payload = 2 if clean else 0, text(client_id)
    if will is not None:
        flags |= 4 | will.qos << 3 | (32 if will.retain else 0)
        payload += text(will.topic) + text(will.payload)
    if user is not None:
        flags |= 128
        payload += text(user)
    if password is not None:
        flags |= 64
        payload += text(password)
    return packet(CONNECT, text("MQTT") + bytes([4, flags]) + keep_alive.to_bytes(2) + payload)


def publish(
    topic: str,
    payload: bytes = b"",
    *,
    qos: int = 0,
    retain: bool = False,
    packet_id: int = 1,
    dup: bool = False,
) -> bytes:
    """Build a PUBLISH (3.3)."""
    identified = packet_id.to_bytes(2) if qos else b""
    return packet(PUBLISH, text(topic) + identified + payload, dup << 3 | qos << 1 | retain)


def subscribe(*filters: str, qos: int = 0, packet_id: int = 1) -> bytes:
    """Build a SUBSCRIBE (3.8)."""
    asked = b"".join(text(each) + bytes([qos]) for each in filters)
    return packet(SUBSCRIBE, packet_id.to_bytes(2) + asked, 2)


def unsubscribe(*filters: str, packet_id: int = 1) -> bytes:
    """Build an UNSUBSCRIBE (3.10)."""
    return packet(UNSUBSCRIBE, packet_id.to_bytes(2) + b"".join(map(text, filters)), 2)


class Packet(NamedTuple):
    """A packet as it came."""

    kind: int
    flags: int
    body: bytes


class Received(NamedTuple):
    """A PUBLISH, read."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int | None

    @classmethod
    def read(cls, got: Packet) -> Self:
        assert got.kind == PUBLISH, f"a PUBLISH was awaited, and {got} came"
        qos, end = got.flags >> 1 & 3, 2 + int.from_bytes(got.body[:2])
        number = int.from_bytes(got.body[end : end + 2]) if qos else None
        return cls(
            topic=got.body[2:end].decode(),
            payload=got.body[end + (2 if qos else 0) :],
            qos=qos,
            retain=bool(got.flags & 1),
            dup=bool(got.flags & 8),
            packet_id=number,
        )


class RawMqtt:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, *packets: bytes) -> None:
        """Send bytes in one go."""
        self.writer.write(b"".join(packets))
        await self.writer.drain()

    async def receive(self, within: float = _WITHIN) -> Packet:
        """Return the next packet; EOFError where the broker hung up instead."""
        async with asyncio.timeout(within):
            try:
                first = (await self._reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    digit = (await self._reader.readexactly(1))[0]
                    length |= (digit & 127) << shift
                    shift += 7
                    if digit < 128:
                        break
                body = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise EOFError("the broker hung up") from error
        return Packet(first >> 4, first & 15, body)

    async def message(self, within: float = _WITHIN) -> Received:
        """Return the next packet, which must be a PUBLISH."""
        return Received.read(await self.receive(within))

    async def expect(self, kind: int, body: bytes | None = None) -> Packet:
        """Return the next packet, which must be of this kind, and say this."""
        got = await self.receive()
        assert got.kind == kind, f"kind {kind} was awaited, and {got} came"
        assert body is None or got.body == body, got
        return got

    async def silent(self) -> list[Packet]:
        """Return what still comes until a PINGREQ sent now is answered; all before it is here."""
        await self.send(packet(PINGREQ))
        came: list[Packet] = []
        while (got := await self.receive()).kind != PINGRESP:
            came.append(got)
        return came

    async def closed(self, within: float = _WITHIN) -> list[Packet]:
        """Return what came until the broker hung up."""
        came: list[Packet] = []
        async with asyncio.timeout(within):
            while True:
                try:
                    came.append(await self.receive(within))
                except EOFError:
                    return came

    def vanish(self) -> None:
        """End the connection, without a DISCONNECT."""
        self.writer.transport.abort()

    async def reset(self) -> None:
        """Reset the connection, once the broker's machine has all that was sent."""
        sock = self.writer.get_extra_info("socket")
        await until(lambda: not any(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))))
        # Without lingering a close is a reset (RFC 9293, 3.10.4; Linux socket(7)).
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def dialled(port: int, context: ssl.SSLContext | None = None) -> AsyncIterator[RawMqtt]:
    """Open a connection to a broker on loopback; nothing is sent yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield RawMqtt(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def client(
    port: int,
    client_id: str = "",
    *,
    clean: bool = True,
    keep_alive: int = 0,
    user: str | None = None,
    password: str | None = None,
    will: Will | None = None,
) -> AsyncIterator[RawMqtt]:
    """Open a connection that the broker has accepted."""
    async with dialled(port) as raw:
        await raw.send(
            connect(
                client_id,
                clean=clean,
                keep_alive=keep_alive,
                user=user,
                password=password,
                will=will,
            )
        )
        got = await raw.expect(CONNACK)
        assert got.body[1] == 0, f"refused with {got.body[1]}"
        yield raw
