"""Fastboot over UDP: numbered packets in lock-step, each answered once, resent until it is.

Source: AOSP system/core, fastboot/README.md, "UDP Protocol v1".
"""

from __future__ import annotations

import socket
import struct
from enum import IntEnum
from time import monotonic, sleep
from typing import ClassVar, NamedTuple, Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, MAX_RESPONSE, Limits
from flashyard.flash.fastboot.transport import Address, told_as_faults

VERSION = 1
OFFERED_PACKET = 8192  # bytes, header included; what AOSP's host offers
SMALLEST_PACKET = 512  # the least a device may ask for
_MAX_DATAGRAM = 65536
_HEADER = struct.Struct(">BBH")  # id, flags, sequence
_INIT = struct.Struct(">HH")  # version, largest packet
_NEXT = struct.Struct(">H")
_CONTINUES = 0x01
_ASK_AGAIN = 0.02  # seconds until a device that had nothing to say is asked again


class _Id(IntEnum):
    ERROR = 0
    QUERY = 1
    INIT = 2
    FASTBOOT = 3


_KNOWN = frozenset(_Id)


class _Packet(NamedTuple):
    id: int
    flags: int
    data: bytes

    @property
    def continues(self) -> bool:
        return bool(self.flags & _CONTINUES)


class UdpTransport:
    """An open session. Made by :meth:`connect`; meets :class:`Transport`."""

    breaks_off: ClassVar[bool] = True

    def __init__(self, link: socket.socket, address: Address, limits: Limits) -> None:
        self._link = link
        self._address = address
        self._limits = limits
        self._sequence = 0
        self._payload = SMALLEST_PACKET - _HEADER.size
        self._pulled = b""  # of a packet of data, and not asked for yet

    @classmethod
    def connect(cls, address: Address, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Ask for the sequence number and begin a session; the device aborts any other.

        Raises:
            FaultError: `link_lost` (nobody listens, or an error packet with its words in the
                details), `device_silent`, `protocol_error`.
        """
        transport = cls(_socket(address), address, limits)
        try:
            transport.query()
            transport._init()
        except BaseException:
            transport.close()
            raise
        return transport

    @classmethod
    def is_there(cls, address: Address, limits: Limits = DEFAULT_LIMITS) -> None:
        """Ask for the sequence number alone, which disturbs no session; raises as `connect`."""
        with cls(_socket(address), address, limits) as transport:
            transport.query()

    def query(self) -> None:
        """Learn the sequence number the device expects next."""
        # The attempts bound it; the deadline is for a machine too busy to make them in time.
        wait = self._limits.resend * self._limits.query_attempts + self._limits.connect
        reply = self._exchange(_Id.QUERY, b"", wait, self._limits.query_attempts)
        if len(reply.data) < _NEXT.size:
            raise self._violated("The device answered a query without a number", reply.data)
        (self._sequence,) = _NEXT.unpack_from(reply.data)

    def _init(self) -> None:
        offer = _INIT.pack(VERSION, OFFERED_PACKET)
        reply = self._exchange(_Id.INIT, offer, self._limits.connect)
        if len(reply.data) < _INIT.size:
            raise self._violated("The device began a session without naming its size", reply.data)
        version, packet = _INIT.unpack_from(reply.data)
        if version < 1 or packet < SMALLEST_PACKET:
            raise self._violated("The device began a session no host can hold", reply.data)
        self._payload = min(packet, OFFERED_PACKET) - _HEADER.size
        self._advance()

    def send(self, packet: bytes, wait: float) -> None:
        """Send one command, in several packets where it must be."""
        deadline = monotonic() + wait
        data = memoryview(packet)
        while data:
            data = data[self._push(data, deadline - monotonic()) :]

    def receive(self, wait: float) -> bytes:
        """Fetch one response with empty packets until one does not announce another.

        An empty reply is a device that has nothing to say yet.
        """
        deadline = monotonic() + wait
        got = bytearray()
        while True:
            reply = self._exchange(_Id.FASTBOOT, b"", deadline - monotonic())
            self._advance()
            got += reply.data
            if len(got) > MAX_RESPONSE:
                raise self._violated("The device's answer is too long", bytes(got[:64]))
            if got and not reply.continues:
                return bytes(got)
            if not got:
                sleep(_ASK_AGAIN)

    def open_data(self, size: int, wait: float) -> None:
        """Do nothing: a data phase here is packets like any other."""

    def push(self, data: memoryview, wait: float) -> int:
        """Send one packet's worth and see it acknowledged."""
        return self._push(data, wait)

    def pull(self, into: memoryview, wait: float) -> int:
        """Fetch one packet's worth with an empty packet, again while the device has none."""
        deadline = monotonic() + wait
        while not self._pulled:
            reply = self._exchange(_Id.FASTBOOT, b"", deadline - monotonic())
            self._advance()
            self._pulled = reply.data
            if not self._pulled:
                sleep(_ASK_AGAIN)
        taken, self._pulled = self._pulled[: len(into)], self._pulled[len(into) :]
        into[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        """Close the socket; the protocol has no farewell."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _push(self, data: memoryview, wait: float) -> int:
        piece = data[: self._payload]
        flags = _CONTINUES if len(data) > len(piece) else 0
        reply = self._exchange(_Id.FASTBOOT, piece, wait, flags=flags)
        if reply.data:
            raise self._violated("The device spoke out of turn", reply.data)
        self._advance()
        return len(piece)

    def _advance(self) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF

    def _exchange(
        self,
        kind: _Id,
        data: bytes | memoryview,
        wait: float,
        attempts: int | None = None,
        flags: int = 0,
    ) -> _Packet:
        """Send a packet until its reply comes, the attempts are used up or the wait is over."""
        header = _HEADER.pack(kind, flags, self._sequence)
        deadline = monotonic() + wait
        with told_as_faults("waiting for its reply", self._address):
            for _ in range(attempts or self._limits.attempts):
                # A reply costs the device nothing to repeat: it keeps its last one.
                self._link.sendmsg((header, data))
                reply = self._reply(kind, min(monotonic() + self._limits.resend, deadline))
                if reply is not None:
                    return reply
                if monotonic() >= deadline:
                    break
            raise TimeoutError

    def _reply(self, kind: _Id, deadline: float) -> _Packet | None:
        """Wait for the reply to the packet in flight; repeats of earlier ones are dropped."""
        while (left := deadline - monotonic()) > 0:
            self._link.settimeout(left)
            try:
                datagram = self._link.recv(_MAX_DATAGRAM)
            except TimeoutError:
                return None
            if len(datagram) < _HEADER.size:
                raise self._violated("The device sent a packet without a header", datagram)
            reply_id, flags, sequence = _HEADER.unpack_from(datagram)
            if sequence != self._sequence:
                continue
            reply = _Packet(reply_id, flags, datagram[_HEADER.size :])
            if reply_id == _Id.ERROR:
                raise refuse(
                    Code.LINK_LOST,
                    f"The device at {self._address} ended the session.",
                    details=reply.data.decode("utf-8", "backslashreplace"),
                )
            if reply_id == kind:
                return reply
            if reply_id not in _KNOWN:
                raise self._violated("The device sent an unknown kind of packet", datagram[:64])
        return None

    def _violated(self, sentence: str, words: bytes) -> Exception:
        return refuse(
            Code.PROTOCOL_ERROR,
            f"{sentence} ({self._address}).",
            details=words.decode("ascii", "backslashreplace"),
        )


def _socket(address: Address) -> socket.socket:
    """Make a datagram socket that talks to one peer, so that a refusal by its host is heard."""
    with told_as_faults("connecting", address):
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
        family, kind, proto, _, peer = found[0]
        link = socket.socket(family, kind, proto)
        try:
            link.connect(peer)
        except OSError:
            link.close()
            raise
        return link
