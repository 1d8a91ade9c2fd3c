"""Fastboot over TCP: the `FB01` handshake, then length-prefixed messages both ways.

Source: AOSP system/core, fastboot/README.md, "TCP Protocol v1".
"""

from __future__ import annotations

import re
import socket
import struct
from time import monotonic
from typing import ClassVar, Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, MAX_RESPONSE, Limits
from flashyard.flash.fastboot.transport import Address, told_as_faults
from flashyard.flash.source import MIB

VERSION = 1
_LENGTH = struct.Struct(">Q")
_HELLO = re.compile(rb"FB([0-9]{2})")
# Half a MiB at a time was the fastest over loopback; half of that costs a third more.
_VIEW = MIB // 2


class TcpTransport:
    """An open session. Made by :meth:`connect`; meets :class:`Transport`."""

    breaks_off: ClassVar[bool] = True

    def __init__(self, link: socket.socket, address: Address) -> None:
        self._link = link
        self._address = address

    @classmethod
    def connect(cls, address: Address, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Connect and shake hands.

        Raises:
            FaultError: `link_lost` (refused, unreachable), `device_silent` (no `FB01` in time),
                `protocol_error` (something else than `FB01`).
        """
        with told_as_faults("connecting", address):
            link = socket.create_connection((address.host, address.port), timeout=limits.connect)
        transport = cls(link, address)
        try:
            with told_as_faults("connecting", address):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            transport._shake_hands(limits.handshake)
        except BaseException:
            transport.close()
            raise
        return transport

    def _shake_hands(self, wait: float) -> None:
        # Both ends speak first and at once; the smaller version holds.
        with told_as_faults("shaking hands", self._address):
            self._link.settimeout(wait)
            self._link.sendall(b"FB%02d" % VERSION)
            hello = self._read(4, monotonic() + wait)
        version = _HELLO.fullmatch(hello)
        if version is None or int(version[1]) < 1:
            raise refuse(
                Code.PROTOCOL_ERROR,
                f"What listens at {self._address} does not speak fastboot.",
                details=_printable(hello),
            )

    def send(self, packet: bytes, wait: float) -> None:
        """Send one command as one message."""
        with told_as_faults("sending a command", self._address):
            self._link.settimeout(wait)
            self._link.sendall(_LENGTH.pack(len(packet)) + packet)

    def receive(self, wait: float) -> bytes:
        """Receive one message, at most 4096 bytes."""
        deadline = monotonic() + wait
        with told_as_faults("waiting for its answer", self._address):
            (size,) = _LENGTH.unpack(header := self._read(_LENGTH.size, deadline))
            if size > MAX_RESPONSE:
                raise refuse(
                    Code.PROTOCOL_ERROR,
                    f"The device announced an answer of {size} bytes.",
                    details=_printable(header),
                )
            return self._read(size, deadline)

    def open_data(self, size: int, wait: float) -> None:
        """Announce the whole download as one message: a header per piece costs CPU."""
        with told_as_faults("sending data", self._address):
            self._link.settimeout(wait)
            # MSG_MORE: the eight bytes leave together with the first of the data.
            self._link.sendall(_LENGTH.pack(size), socket.MSG_MORE)

    def push(self, data: memoryview, wait: float) -> int:
        """Hand over up to half a MiB without a copy; the wait is for the first byte to be taken."""
        with told_as_faults("sending data", self._address):
            self._link.settimeout(wait)
            return self._link.send(data[:_VIEW])

    def close(self) -> None:
        """Close the socket."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _read(self, size: int, deadline: float) -> bytes:
        """Read exactly ``size`` bytes, or raise what a socket raises."""
        got = bytearray()
        while len(got) < size:
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError
            self._link.settimeout(left)
            piece = self._link.recv(size - len(got))
            if not piece:
                raise ConnectionResetError("the device closed the connection")
            got += piece
        return bytes(got)


def _printable(packet: bytes) -> str:
    return packet.decode("ascii", "backslashreplace")
