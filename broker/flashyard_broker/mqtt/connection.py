"""One client's socket: bytes in become packets, packets out are gathered into one write.

It knows where a packet ends, not what it means. amqtt reads packet by packet from a stream, with
a task and a timeout for each, and writes each with a system call of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from amqtt.events import MQTTEvents

from flashyard_broker.counters import Cut, Dropped
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.client import Client

if TYPE_CHECKING:
    from flashyard_broker.mqtt.engine import Engine

_GATHER = 128 * 1024  # bytes that wait for the end of the loop's turn, at most
_HIGH_WATER = 64 * 1024  # bytes in the transport's buffer from which on a client is stuck
_UNREAD = 256 * 1024  # bytes of answers a client leaves unread before we leave it unread
_HEADER = 2  # bytes of the shortest packet


class Connection(asyncio.Protocol):
    """A socket. ``made``, ``heard``: the loop's time at which it, and bytes last, came.

    ``is_stuck``: the client does not read as fast as it is told; then QoS 0 goes to a bounded
    backlog and QoS 1 waits in the session.
    """

    __slots__ = (
        "_backlog", "_backlog_bytes", "_gathered", "_gathered_bytes", "_loop",
        "_rest", "_transport", "_unread", "_wanted", "anonymous", "client", "counters", "engine",
        "heard", "is_closing", "is_lost", "is_parked", "is_stuck", "made",
    )  # fmt: skip

    def __init__(self, engine: Engine, *, anonymous: bool) -> None:
        """Serve a client of this engine, which may be ``anonymous`` where its listener lets it."""
        self.engine = engine
        self.counters = engine.counters
        self.anonymous = anonymous
        self.is_stuck = self.is_closing = self.is_lost = self.is_parked = False
        self.made = self.heard = 0.0
        self._rest: bytearray | None = None
        self._wanted = _HEADER
        self._gathered: list[bytes] = []
        self._gathered_bytes = self._backlog_bytes = self._unread = 0
        self._backlog: deque[bytes] | None = None
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self.client = Client(self)

    # Its life, as the transport tells it.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_HIGH_WATER)
        self.made = self.heard = self._loop.time()
        self.engine.connections.welcome(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - no matter how
        """End the client, after what it had sent before was handled (D16 of amqtt)."""
        self.is_lost = self.is_closing = True
        self._gathered.clear()
        self._backlog = None
        if not self.is_parked:
            self._lose()

    def _lose(self) -> None:
        self._rest = None
        try:
            self.client.lost()
        finally:
            self.engine.connections.farewell(self)

    def cut_soon(self, reason: Cut) -> None:
        """Cut the client off in the loop's next turn."""
        self._loop.call_soon(self.client.cut, reason)

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of the other side."""
        name = self._transport.get_extra_info("peername") or ("", 0)
        return name[0], name[1]

    @property
    def tls(self) -> ssl.SSLObject | None:
        """What the `ssl` module knows of the other side, if anything."""
        found: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return found

    def close(self) -> None:
        """Close once all that was sent is written; nothing more is read."""
        if not self.is_closing:
            self.flush()
            self.heard = self._loop.time()  # from here on it is waited for its farewell
            self.is_closing = True
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        self.is_closing = True
        self._transport.abort()

    # In.

    def data_received(self, data: bytes) -> None:
        """Take bytes, and hand each whole packet to the client."""
        if self.is_closing:
            return
        self.heard = self._loop.time()
        if self._rest is not None:
            self._rest += data
            if self.is_parked or len(self._rest) < self._wanted:
                return
            data, self._rest = bytes(self._rest), None
        elif self.is_parked:
            self._rest = bytearray(data)
            return
        self._read_and_flush(data)

    def _read_and_flush(self, data: bytes) -> None:
        """Read, and write at once what comes of it: nobody waits for the loop's next turn."""
        engine = self.engine
        unflushed: list[Connection] = []
        engine.unflushed = unflushed
        try:
            self._read(data)
        finally:
            engine.unflushed = None
            for connection in unflushed:
                connection.flush()

    def _read(self, data: bytes) -> None:
        at, end = 0, len(data)
        self._wanted = _HEADER
        received, limits = self.client.received, self.engine.limits
        largest = limits.packet_size if self.client.session else limits.request_size
        try:
            while end - at >= _HEADER and not self.is_parked:
                length, body = data[at + 1], at + 2
                if length > 127:
                    found = wire.remaining_length(data, at + 1)
                    if found is None:
                        self._wanted = end - at + 1
                        break
                    length, body = found
                if length > largest:
                    self.client.malformed(f"a packet of {length} bytes")
                    return
                stop = body + length
                if stop > end:
                    self._wanted = stop - at
                    break
                received(data[at:stop], body - at)
                at = stop
        except wire.MalformedPacketError as error:
            self.client.malformed(str(error))
            return
        if at < end:
            self._rest = (self._rest or bytearray()) + data[at:]

    def park(self, frame: bytes = b"") -> None:
        """Read no further until `unpark`; then begin with this packet once more."""
        self.is_parked = True
        if frame:
            self._rest = bytearray(frame)
        self._transport.pause_reading()

    def unpark(self) -> None:
        """Read on."""
        self.is_parked = False
        if self._rest is not None:
            data, self._rest = bytes(self._rest), None
            self._read_and_flush(data)
        if self.is_parked:
            return
        if self.is_lost:
            self._lose()
        elif self._unread < _UNREAD:
            self._transport.resume_reading()

    # Out.

    def send(self, frame: bytes) -> None:
        """Write a packet, with all others that come of what is being read, or of this turn."""
        if not self._gathered:
            if self.engine.unflushed is None:
                self._loop.call_soon(self.flush)
            else:
                self.engine.unflushed.append(self)
        self._gathered.append(frame)
        self._gathered_bytes += len(frame)
        if self._gathered_bytes > _GATHER:
            self.flush()

    def offer(self, frame: bytes) -> None:
        """Send a QoS 0 message. To a client that is stuck the newest are kept, within a bound."""
        if not self.is_stuck:
            self.counters.sent[0] += 1
            self.send(frame)
            return
        if self._backlog is None:
            self._backlog = deque()
        self._backlog.append(frame)
        self._backlog_bytes += len(frame)
        while self._backlog_bytes > self.engine.limits.backlog:
            self._backlog_bytes -= len(self._backlog.popleft())
            self.counters.dropped[Dropped.STALLED] += 1

    def answer(self, frame: bytes) -> None:
        """Send what a client's own packet demands. One that reads no answers is not read on."""
        self.send(frame)
        if self.is_stuck:
            self._unread += len(frame)
            if self._unread >= _UNREAD:
                self._transport.pause_reading()

    def flush(self) -> None:
        """Write what was gathered."""
        # Emptied first: what fails to be written must not keep later packets from being so.
        frames, self._gathered, self._gathered_bytes = self._gathered, [], 0
        if frames and not self.is_closing:
            self._write(frames)

    def _write(self, frames: Sequence[bytes]) -> None:
        if self.engine.taps.sent:
            for frame in frames:
                self.engine.taps.packet(MQTTEvents.PACKET_SENT, frame, self.client.session)
        self._transport.write(b"".join(frames))

    def pause_writing(self) -> None:
        """Note that the client does not keep up."""
        self.is_stuck = True

    def resume_writing(self) -> None:
        """Send what waited, events before samples."""
        self.is_stuck = False
        self.client.writable()
        self.flush()
        while self._backlog and not self.is_stuck and not self.is_closing:
            chunk: list[bytes] = []
            size = 0
            while self._backlog and size < _HIGH_WATER:
                chunk.append(self._backlog.popleft())
                size += len(chunk[-1])
            self._backlog_bytes -= size
            self.counters.sent[0] += len(chunk)
            self._write(chunk)
        self._unread = 0
        if not self.is_parked and not self.is_closing:
            self._transport.resume_reading()
