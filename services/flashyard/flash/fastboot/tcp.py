"""Fastboot over TCP: the `FB01` handshake, then length-prefixed messages both ways.

Source: AOSP system/core, fastboot/README.md, "TCP Protocol v1".
"""

from __future__ import annotations

import re
import socket
import struct
import sys
from time import monotonic
from typing import ClassVar, Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, MAX_RESPONSE, Limits
from flashyard.flash.fastboot.transport import Address, told_as_faults

VERSION = 1
_LENGTH = struct.Struct(">Q")
# Linux, include/uapi/asm-generic/socket.h: the option that takes longs; a newer one takes 64 bits.
_OLD_TIMEVAL = 21
_HELLO = re.compile(rb"FB([0-9]{2})")
# Linux, include/uapi/linux/tcp.h: tcp_info.tcpi_min_rtt, microseconds.
_MIN_RTT = slice(148, 152)
_NEAR = 1000  # microseconds there and back; with the buffer below that is still 400 MB/s
_LITTLE = 208 << 10  # bytes, of which the kernel makes twice as many; it allows no more
_SLICE = 0.2  # seconds in which a push tells what was taken
_TIMEVAL = struct.Struct("ll" if socket.SO_SNDTIMEO == _OLD_TIMEVAL else "qq")


class TcpTransport:
    """An open session. Made by :meth:`connect`; meets :class:`Transport`."""

    breaks_off: ClassVar[bool] = True

    def __init__(self, link: socket.socket, address: Address) -> None:
        self._link = link
        self._address = address
        self._left = 0  # bytes of the message that is being pulled

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
            transport._keep_little()
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

    def _keep_little(self) -> None:
        """Have the kernel keep little of what was pushed, where the device is near.

        It would keep 4 MiB, which are no longer in any of the CPU's caches when they are sent: that
        takes a third more CPU time. A link that is far needs them to be fast.
        """
        with told_as_faults("connecting", self._address):
            told = self._link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MIN_RTT.stop)
            if int.from_bytes(told[_MIN_RTT], sys.byteorder) < _NEAR:
                self._link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LITTLE)

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
            # From here on the kernel waits, not we: asking it for room before each send costs a
            # twentieth of the CPU time.
            self._link.settimeout(None)
            microseconds = int(1_000_000 * min(_SLICE, wait))
            timeval = _TIMEVAL.pack(0, max(1, microseconds))
            self._link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)

    def push(self, data: memoryview, wait: float) -> int:
        """Hand over what the kernel takes within 0.2 s; the wait is for the first byte of it."""
        deadline = monotonic() + wait
        with told_as_faults("sending data", self._address):
            while True:
                try:
                    return self._link.send(data)
                except BlockingIOError:
                    if monotonic() >= deadline:
                        raise TimeoutError from None

    def pull(self, into: memoryview, wait: float) -> int:
        """Take what has come of a message; the device may cut its data into several."""
        deadline = monotonic() + wait
        with told_as_faults("fetching data", self._address):
            while not self._left:
                (self._left,) = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
            self._link.settimeout(wait)
            taken = self._link.recv_into(into[: self._left])
            if not taken:
                raise ConnectionResetError("the device closed the connection")
            self._left -= taken
            return taken

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
